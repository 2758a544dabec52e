/** The units of a Go duration, in milliseconds. */
const UNITS = new Map([
  ['ns', 1e-6],
  ['us', 1e-3],
  ['µs', 1e-3],
  ['μs', 1e-3],
  ['ms', 1],
  ['s', 1000],
  ['m', 60_000],
  ['h', 3_600_000],
]);
const NUMBER = String.raw`(\d+\.?\d*|\.\d+)`;
const UNIT = `(${[...UNITS.keys()].join('|')})`;
const WHOLE = new RegExp(`^[+-]?(?:${NUMBER}${UNIT})+$`);
const PART = new RegExp(NUMBER + UNIT, 'g');

/**
 * @param {string} text a Go duration such as 1h30m
 * @returns {number} milliseconds, NaN if the text is not a duration
 */
export function parseDuration(text) {
  if (/^[+-]?0$/.test(text)) {
    return 0;
  }
  if (!WHOLE.test(text)) {
    return NaN;
  }
  const sum = [...text.matchAll(PART)].reduce((sum, [, n, unit]) => sum + Number(n) * (UNITS.get(unit) ?? 0), 0);
  return text.startsWith('-') ? -sum : sum;
}

/**
 * @param {number} ms
 * @returns {string} the duration as a whole number in the largest possible unit
 */
export function formatDuration(ms) {
  const unit = ['h', 'm', 's'].find((name) => ms % (UNITS.get(name) ?? 1) === 0) ?? 'ms';
  return `${ms / (UNITS.get(unit) ?? 1)}${unit}`;
}
