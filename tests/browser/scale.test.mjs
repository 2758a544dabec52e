import { expect, row, test } from './fixtures.mjs';

/** @typedef {import('../../frontend/playwright-test.js').Page} Page */
/** @typedef {import('./nanomon.mjs').NanoMon} NanoMon */

const MONITORS = 1000;
const GROUPS = 20;
const LAST = 'Monitor 1000';

/**
 * @param {NanoMon} nanomon
 * @param {string} target
 */
async function importMany(nanomon, target) {
  const monitors = Array.from({ length: MONITORS }, (_, i) => ({
    name: `Monitor ${i + 1}`,
    type: 'http',
    interval: '10s',
    target,
    rule: 'status == 200',
    group: `Group ${Math.floor((i * GROUPS) / MONITORS) + 1}`,
  }));
  const answer = await fetch(`${nanomon.url}/api/monitors/import`, { method: 'POST', body: JSON.stringify(monitors) });
  expect(answer.status).toBe(204);
}

/**
 * Reads the longest task of the page while it does work, in milliseconds; below 50 there is none.
 * @param {Page} page
 * @param {() => Promise<unknown>} work
 */
async function longestTask(page, work) {
  const tasks = await page.evaluateHandle(() => {
    const observer = new PerformanceObserver(() => {});
    observer.observe({ type: 'longtask' });
    return observer;
  });
  await work();
  return tasks.evaluate((observer) => Math.max(0, ...observer.takeRecords().map((entry) => entry.duration)));
}

/**
 * Types into the search and measures how long it takes until each change is drawn, in milliseconds.
 * @param {Element} search
 * @returns {Promise<number>} the median
 */
async function typeText(search) {
  const field = /** @type {HTMLInputElement} */ (search);
  const times = [];
  for (const text of ['m', 'mo', 'mon', 'monitor', '9', '99', '999', '99', '9', '', '7', '77', '77 g', '1', '1000']) {
    const start = performance.now();
    field.value = text;
    field.dispatchEvent(new Event('input', { bubbles: true }));
    await new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)));
    times.push(performance.now() - start);
  }
  return times.sort((a, b) => a - b)[Math.floor(times.length / 2)];
}

/** Scrolls from the top to the end, a part of a window at each frame. */
function scrollThrough() {
  return new Promise((resolve) => {
    const step = () => {
      scrollBy(0, innerHeight * 0.8);
      if (scrollY + innerHeight >= document.documentElement.scrollHeight - 1) {
        requestAnimationFrame(resolve);
      } else {
        requestAnimationFrame(step);
      }
    };
    scrollTo(0, 0);
    requestAnimationFrame(step);
  });
}

test.beforeEach(async ({ nanomon, target }) => {
  test.slow();
  await importMany(nanomon, target.url);
});

test('the list is one request and usable within a second', async ({ page }) => {
  /** @type {string[]} */
  let asked = [];
  page.on('request', (request) => asked.push(new URL(request.url()).pathname));
  await page.addInitScript(() => {
    const observer = new MutationObserver(() => {
      if (document.querySelector('.line .who a, main section:not(.home) h1')?.textContent) {
        observer.disconnect();
        requestAnimationFrame(() => performance.mark('usable'));
      }
    });
    observer.observe(document, { childList: true, subtree: true });
  });
  const load = async (/** @type {string} */ address) => {
    asked = [];
    await page.goto('about:blank');
    await page.goto(address);
    await page.waitForFunction(() => performance.getEntriesByName('usable').length > 0);
    return page.evaluate(() => performance.getEntriesByName('usable')[0].startTime);
  };
  // Where the machine is busy with other things, a view with next to nothing in it takes long as well.
  const compare = async () => {
    const least = await load('/#about');
    return (await load('/')) / Math.max(1000, 2 * least);
  };
  await expect.poll(compare, { timeout: 60_000 }).toBeLessThan(1);
  expect(asked.filter((path) => path.startsWith('/api/monitors'))).toEqual(['/api/monitors']);
  await expect(page.getByText('1,000 in all')).toBeVisible();
  expect(await page.locator('.line').count()).toBeLessThan(60);
  await expect(page.getByRole('table')).toHaveAttribute('aria-rowcount', String(1 + GROUPS + MONITORS));
});

test('the list follows as one types', async ({ page }) => {
  await page.goto('/');
  await expect(page.getByText('1,000 in all')).toBeVisible();
  const type = () => page.getByRole('searchbox').evaluate(typeText);
  await expect.poll(type, { timeout: 60_000 }).toBeLessThan(100);
  await expect(page.getByText('1 of 1,000')).toBeVisible();
  await expect(row(page, LAST)).toBeVisible();
});

test('scrolling to the end draws the last row, without a stutter', async ({ page }) => {
  await page.goto('/');
  await expect(page.getByText('1,000 in all')).toBeVisible();
  const scroll = () => longestTask(page, () => page.evaluate(scrollThrough));
  await expect.poll(scroll, { timeout: 60_000 }).toBeLessThan(100);
  await expect(row(page, LAST)).toBeInViewport();
  await expect(row(page, LAST)).toHaveAttribute('aria-rowindex', String(1 + GROUPS + MONITORS));
  expect(await page.locator('.line').count()).toBeLessThan(60);
  await expect(row(page, 'Monitor 1')).toHaveCount(0);
});

test('a row with the focus is kept while others are scrolled by', async ({ page }) => {
  await page.goto('/');
  await row(page, 'Monitor 1').getByRole('link').focus();
  await page.evaluate(scrollThrough);
  await expect(row(page, LAST)).toBeInViewport();
  await expect(row(page, 'Monitor 1').getByRole('link')).toBeFocused();
  await page.evaluate(() => scrollTo(0, 0));
  await expect(row(page, 'Monitor 2')).toBeInViewport();
});

test('what changes of one monitor touches its row only', async ({ page, nanomon, target }) => {
  // All but one rest, so that what is drawn comes from that one.
  const monitors = await (await fetch(`${nanomon.url}/api/monitors`)).json();
  const resting = monitors.map((/** @type {{name: string}} */ monitor) => ({
    ...monitor,
    enabled: monitor.name === 'Monitor 3',
    interval: '1s',
  }));
  await fetch(`${nanomon.url}/api/monitors/import`, { method: 'POST', body: JSON.stringify(resting) });
  await page.goto('/#home?sort=name');
  await expect(row(page, 'Monitor 3')).toContainText('OK');
  await expect(row(page, 'Monitor 4')).toContainText('Disabled');
  await expect(page.getByText('Live', { exact: true })).toBeVisible();
  const touched = await page.evaluateHandle(() => {
    /** @type {Set<string>} */
    const touched = new Set();
    const observer = new MutationObserver((records) => {
      for (const { target } of records) {
        const element = target instanceof Element ? target : target.parentElement;
        // How long ago something was goes on in every row.
        if (!element?.closest('time')) {
          touched.add(element?.closest('.line')?.querySelector('a')?.textContent ?? 'the table');
        }
      }
    });
    observer.observe(/** @type {Element} */ (document.querySelector('.monitors')), {
      subtree: true,
      childList: true,
      attributes: true,
      characterData: true,
    });
    return touched;
  });
  target.status = 500;
  await expect(row(page, 'Monitor 3')).toContainText('Error');
  expect(await touched.evaluate((touched) => [...touched])).toEqual(['Monitor 3']);
});
