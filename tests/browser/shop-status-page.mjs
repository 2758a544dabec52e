// The status page of the shop.

/**
 * Creates a status page of the shop with an open message and a resolved one, and returns its id.
 * @param {import('./nanomon.mjs').NanoMon} nanomon
 * @returns {Promise<string>}
 */
export async function addStatusPage(nanomon) {
  const create = async (/** @type {string} */ path, /** @type {object} */ body) => {
    const answer = await fetch(`${nanomon.url}/api${path}`, { method: 'POST', body: JSON.stringify(body) });
    if (!answer.ok) {
      throw new Error(`creating ${path} failed: ${await answer.text()}`);
    }
    return answer.json();
  };
  const entry = async (/** @type {string} */ name) => ({ name, monitor: await nanomon.idOf(name) });
  const { id, sections } = await create('/status-pages', {
    slug: 'example-shop',
    title: 'Example Shop',
    introduction: 'The status of our services. Questions? Write to [our support](mailto:support@shop.example).',
    sections: [
      { title: 'Shop', entries: [await entry('Front page'), await entry('Search'), await entry('Checkout')] },
      {
        title: 'Behind the shop',
        entries: [
          { name: 'Payments', group: 'Payments' },
          { name: 'E-mail', group: 'Mail' },
        ],
      },
    ],
    show: { uptime: true, responseTime: true, incidents: true },
    zone: 'Europe/Amsterdam',
  });
  const ago = (/** @type {number} */ minutes) => new Date(Date.now() - minutes * 60_000).toISOString();
  await create(`/status-pages/${id}/messages`, {
    title: 'Some orders can’t be paid',
    entries: [sections[0].entries[2].id],
    updates: [
      { date: ago(35), state: 'investigating', text: 'We see errors in the checkout and are looking for the cause.' },
      { date: ago(12), state: 'identified', text: 'A payment provider has an outage. We switch to another one.' },
    ],
  });
  await create(`/status-pages/${id}/messages`, {
    title: 'Slow search',
    entries: [sections[0].entries[1].id],
    updates: [
      { date: ago(550), state: 'investigating', text: 'The search takes several seconds.' },
      { date: ago(520), state: 'resolved', text: 'The search is fast again.' },
    ],
  });
  return id;
}
