// The axis of values and the texts of outputs, without the page.
import { formatTicks, valueAxis } from '../../frontend/app/charts/value-axis.js';
import { expect, test } from '../../frontend/playwright-test.js';

test('the ticks of long durations are round, and all in the same form', () => {
  const steps = /** @type {number[]} */ (valueAxis('ms', false).incrs);
  expect(steps).toEqual([...steps].sort((a, b) => a - b));
  expect(steps.filter((step) => step > 60_000 && step < 3_600_000).map((step) => step / 60_000)).toEqual([
    2, 5, 10, 15, 20, 30,
  ]);
  expect(formatTicks([0, 30_000, 60_000, 90_000], 'ms', false)).toEqual(['0 s', '30 s', '1 min', '1 min 30 s']);
  expect(formatTicks([0, 7_200_000], 'ms', true)).toEqual(['0 s', '2 h']);
  expect(formatTicks([0, 500], 'ms', false)).toEqual(['0 ms', '500 ms']);
  expect(formatTicks([0, 20_000], 'B', true)).toEqual(['0', '20K']);
  expect(valueAxis('B', true).incrs).toBeUndefined();
});

test('the axis is as wide as its longest label, and has a minimum width', () => {
  const plot = /** @type {any} */ ({
    axes: [{}, { font: ['12px sans-serif'], gap: 5 }],
    ctx: {
      measureText: (/** @type {string} */ text) => ({ width: 8 * text.length }),
    },
  });
  Object.assign(globalThis, { devicePixelRatio: 1 });
  const width = (/** @type {string[]} */ labels) =>
    /** @type {Function} */ (valueAxis('ms', false).size)(plot, labels, 1, 0);
  expect(width(['0 s', '1 h'])).toBe(68);
  expect(width(['0 s', '33 min 20 s'])).toBe(97);
  expect(width([])).toBe(68);
});
