// Refreshes the page, and shows the tips of bars at once. The page works without it.
{
  const find = (css, root = document) => root.querySelector(css);
  const live = find('.live');
  const base = find('link').href.slice(0, -5);
  const tip = find('.tip');
  let html = find('main').innerHTML;
  let time = new Date();
  let tag;

  const get = async (url, method) => {
    const reply = await fetch(url, { method, cache: 'no-cache' });
    if (/40[14]/.test(reply.status)) location.reload();
    if (!reply.ok) throw reply;
    return reply;
  };

  const show = (page) => {
    const main = find('main', page);
    if (main.innerHTML == html) return;
    html = main.innerHTML;
    const focus = document.activeElement.parentNode.id;
    for (const { id } of document.querySelectorAll('[open]')) find('#' + id, main)?.toggleAttribute('open');
    find('main').replaceWith(main);
    find(`[id='${focus}'] > summary`)?.focus();
    find('[rel=icon]').href = find('[rel=icon]', page).href;
    if (document.title != page.title) find('.news').textContent = document.title = page.title;
  };

  const refresh = async () => {
    if (document.hidden) return;
    try {
      const next = (await get(base + '.json', 'HEAD')).headers.get('ETag');
      if (next != tag) show(new DOMParser().parseFromString(await (await get(base)).text(), 'text/html'));
      tag = next;
      time = new Date();
      live.textContent = '';
    } catch {
      live.textContent = `No connection. Last updated at ${time.toLocaleTimeString()}.`;
    }
  };

  const hide = () => (tip.textContent = '');

  const point = ({ target, clientX }) => {
    const days = target.closest?.('.days');
    if (!days) return hide();
    const all = [...days.children];
    // The browser would show the titles too.
    for (const day of all) {
      day.text ??= day.textContent;
      day.textContent = '';
    }
    tip.textContent = all.findLast((day, i) => !i || day.getBoundingClientRect().left <= clientX).text;
    const { offsetWidth: width, style } = tip;
    style.left = Math.max(0, Math.min(clientX - width / 2, innerWidth - width)) + 'px';
    // Above the bars, it would cover the name of the entry.
    style.top = Math.min(days.getBoundingClientRect().bottom + 4, innerHeight - tip.offsetHeight) + 'px';
  };

  onpointermove = onpointerdown = point;
  onscroll = onkeydown = hide;
  document.onvisibilitychange = refresh;
  setInterval(refresh, 3e4);
}
