import { test as unit } from '../../frontend/playwright-test.js';
import { ApiError } from '../../frontend/app/api.js';
import {
  newPastViolations,
  violationRow,
  violationsText,
} from '../../frontend/app/views/monitor-form/past-violations.js';
import { newRuleCheck } from '../../frontend/app/views/monitor-form/rule.js';
import { test } from './fixtures.mjs';
import { field, open } from './form.mjs';
import { expect, test as seeded } from './seeded.mjs';

const TO = Date.UTC(2026, 0, 31, 12);
const DAY = 86_400_000;

/**
 * Returns an answer for the last 7 days.
 * @param {object} counts
 */
function answer(counts) {
  const [from, to] = [TO - 7 * DAY, TO].map((date) => new Date(date).toISOString());
  const none = { checked: 0, violated: 0, violations: 0, unknown: 0, missing: [], ignored: 0, failed: 0, periods: [] };
  return { from, to, oldest: from, cut: false, ...none, ...counts };
}

unit('an answer is one or two sentences', () => {
  for (const [counts, text] of /** @type {[object, string][]} */ ([
    [{ checked: 10_080 }, 'Would never have been violated in the last 7 days.'],
    [{ checked: 9, violated: 1, violations: 1 }, 'Would have been violated 1 time in the last 7 days (1 result).'],
    [{ checked: 9, violated: 5, violations: 3 }, 'Would have been violated 3 times in the last 7 days (5 results).'],
    [{ oldest: null }, 'There are no results in the last 7 days.'],
    [{ ignored: 3, failed: 1 }, 'No result in the last 7 days has an answer of the target that counts.'],
    [
      { unknown: 5, missing: ['body'] },
      'Unknown how often it would have been violated in the last 7 days: body is not stored.',
    ],
    [
      { checked: 4, unknown: 1, missing: ['queue', 'json()'] },
      'Would never have been violated in the last 7 days. Unknown for 1 result: queue and json() are not stored.',
    ],
    [
      { checked: 4, violated: 2, violations: 1, cut: true, oldest: new Date(TO - DAY).toISOString() },
      /^Would have been violated 1 time since Jan 30, .* \(2 results\)\.$/,
    ],
    [{ checked: 4, oldest: new Date(TO - DAY).toISOString() }, /^Would never have been violated since Jan 30, /],
    [
      { checked: 4, oldest: new Date(TO - 6.9 * DAY).toISOString() },
      'Would never have been violated in the last 7 days.',
    ],
  ])) {
    const got = violationsText(answer(counts), TO);
    expect(got).toEqual(typeof text === 'string' ? text : expect.stringMatching(text));
  }
});

unit('a row leads to the time around a violation', () => {
  const at = (/** @type {number} */ minutes) => new Date(TO - minutes * 60_000).toISOString();
  const period = { from: at(60), to: at(5), results: 3, message: 'Rule violated: a', status: /** @type {const} */ (0) };
  const row = violationRow(period, 'f'.repeat(24), TO);
  expect(row).toMatchObject({ count: '3 results in 55 min', error: '', badge: { label: 'OK' } });
  const range = new URLSearchParams({ from: at(115), to: at(0) });
  expect(row.href).toBe(`#monitor/${'f'.repeat(24)}?${range}`);
  const message = 'rule eval error: this check produced no x';
  expect(violationRow({ ...period, results: 1, message }, '', TO)).toMatchObject({ count: '1 result', error: message });
});

seeded.describe('with rejected requests', () => {
  seeded.use({ requestsFail: true });

  seeded('the form says how often the rule would have been violated', async ({ page, nanomon, requests }) => {
    const past = page.locator('.past');
    const text = past.getByRole('status');
    await open(page, await nanomon.idOf('Payments API'));
    await expect(text).toHaveText(/^Would have been violated 1 time since .* \(\d+ results\)\.$/);
    await requests.settle();
    const { height } = /** @type {{height: number}} */ (await past.boundingBox());
    await past.getByRole('button', { name: 'Show' }).click();
    const list = page.getByRole('list', { name: 'Newest violations' });
    await expect(list.getByRole('listitem')).toHaveText(/\d+ results in \d+ min\s+was\s+Error/);
    await expect(list.getByRole('link')).toHaveAttribute('href', /^#monitor\/[0-9a-f]{24}\?from=.*&to=/);

    await field(page, 'Rule').fill('nonsense > 1');
    await expect(page.locator('#rule-error')).toHaveText('Rule invalid: there is no output "nonsense"');
    await expect(text).toBeEmpty();
    await expect(list).toBeHidden();
    await field(page, 'Rule').fill('respTime < 30000');
    await expect(text).toHaveText(/^Would never have been violated since /);
    await expect(past.getByRole('button')).toBeHidden();
    await field(page, 'Rule').fill("json('$.ok')");
    await expect(text).toHaveText(/^Unknown how often .*: json\(\) is not stored\.$/);
    expect(await past.boundingBox()).toMatchObject({ height });
  });
});

test('a new monitor has no past', async ({ page }) => {
  await open(page, 'new');
  await expect(page.locator('.past')).toBeHidden();
});

unit('only the answer to the latest valid rule is shown', async () => {
  const api = new FakeApi();
  const past = newPastViolations(/** @type {any} */ (api), 'f'.repeat(24));
  const check = newRuleCheck(/** @type {any} */ (api), past, () => {});
  const type = (/** @type {string} */ rule, kind = 'http') =>
    check.schedule(() => /** @type {any} */ ({ type: kind, rule, properties: { bodyRegex: 'a', body: 'secret' } }));
  const asked = () => poll(() => api.rules);

  const poll = (/** @type {() => unknown} */ read) => expect.poll(read, { intervals: [50] });

  type('first');
  expect(past.isBusy).toBe(true);
  await asked().toEqual(['first']);
  expect(api.questions[0]).toEqual({
    monitor: 'f'.repeat(24),
    rule: 'first',
    properties: { capture: '', bodyRegex: 'a' },
  });
  type('not asked');
  type('second');
  expect(api.signals[0].aborted).toBe(true);
  await asked().toEqual(['first', 'second']);
  api.answer('first', { violations: 1 });
  api.answer('second', { violations: 2 });
  await poll(() => past.answer?.violations).toBe(2);
  expect(past.isBusy).toBe(false);

  type('invalid');
  await poll(() => past.answer).toBeNull();
  type('third');
  await asked().toEqual(['first', 'second', 'third']);
  api.answer('third', { violations: 3 });
  await poll(() => past.answer?.violations).toBe(3);
  type('third'); // A question with an answer is not asked again.
  await poll(() => past.isBusy).toBe(false);
  expect(past.answer?.violations).toBe(3);
  type('third', 'tcp');
  await poll(() => past.answer).toBeNull();
  type('');
  await poll(() => past.isBusy).toBe(false);
  type('fourth');
  await asked().toEqual(['first', 'second', 'third', 'fourth']);
  check.stop();
  expect(api.signals[3].aborted).toBe(true);
});

/** An API that answers when the test wants it. */
class FakeApi {
  /** @type {any[]} */
  questions = [];
  /** @type {AbortSignal[]} */
  signals = [];
  /** @type {((answer: object) => void)[]} */
  #waiting = [];

  get rules() {
    return this.questions.map(({ rule }) => rule);
  }

  /** @param {string} path @param {any} options */
  async send(path, { body }) {
    expect(path).toBe('/rules/check');
    if (body.rule === 'invalid') {
      throw new ApiError('rule invalid: unknown name invalid', 400);
    }
  }

  /** @param {string} path @param {any} options */
  json(path, { body, signal }) {
    expect(path).toBe('/rules/evaluate');
    this.questions.push(body);
    this.signals.push(signal);
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** @param {string} rule @param {object} counts */
  answer(rule, counts) {
    this.#waiting[this.rules.indexOf(rule)](answer(counts));
  }
}
