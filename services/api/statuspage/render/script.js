// Refreshes the page, and shows the tips of bars at once. The page works without it.
{
  const find = (selector, root = document) => root.querySelector(selector);
  const live = find('.live');
  const base = find('[rel=alternate]').href.slice(0, -5);
  const tip = document.createElement('div');
  tip.className = 'tip';
  let html = find('main').innerHTML;
  let time = new Date();
  let tag;

  const get = async (url) => {
    const reply = await fetch(url, { cache: 'no-cache' });
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
    if (focus) find(`#${focus} > summary`)?.focus();
    find('[rel=icon]').href = find('[rel=icon]', page).href;
    document.title = page.title;
  };

  const refresh = async () => {
    if (document.hidden) return;
    try {
      const next = (await get(base + '.json')).headers.get('ETag');
      if (next != tag) show(new DOMParser().parseFromString(await (await get(base)).text(), 'text/html'));
      tag = next;
      time = new Date();
      live.textContent = '';
    } catch {
      live.textContent = `No connection. Status of ${time.toLocaleTimeString()}.`;
    }
  };

  const hide = () => tip.remove();

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
    document.body.append(tip);
    const { offsetWidth: width, offsetHeight: height, style } = tip;
    style.left = Math.max(4, Math.min(clientX - width / 2, innerWidth - width - 4)) + 'px';
    style.top = Math.max(4, days.getBoundingClientRect().top - height - 4) + 'px';
  };

  onpointermove = onpointerdown = point;
  onscroll = onkeydown = hide;
  document.onvisibilitychange = refresh;
  setInterval(refresh, 3e4);
}
