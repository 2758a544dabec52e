// Formats periods of time. Only views that load later need it.

/** In milliseconds. */
const DAY = 86_400_000;
/** The formats of a period, by the length from which they are used, in milliseconds: the longest first. */
const periodFormats = [
  { length: 90 * DAY, options: { year: 'numeric' } },
  { length: 6 * 3_600_000, options: { hour: 'numeric', minute: '2-digit' } },
  { length: 0, options: { hour: 'numeric', minute: '2-digit', second: '2-digit' } },
].map(({ length, options }) => {
  const all = /** @type {Intl.DateTimeFormatOptions} */ ({ month: 'short', day: 'numeric', ...options });
  const thisYear = new Intl.DateTimeFormat(undefined, all);
  return { length, thisYear, otherYear: new Intl.DateTimeFormat(undefined, { ...all, year: 'numeric' }) };
});

/**
 * Formats a period, with seconds if it is short. It has a year unless both dates are in the current one.
 * @param {number} from milliseconds since 1970
 * @param {number} to
 */
export function formatPeriod(from, to) {
  return periodFormat(from, to, to - from);
}

/**
 * Formats a period from its first to its last second.
 * @param {number} from milliseconds since 1970
 * @param {number} to
 */
export function formatExactPeriod(from, to) {
  return periodFormat(from, to, 0);
}

/**
 * @param {number} from milliseconds since 1970
 * @param {number} to
 * @param {number} length decides how exact it is
 */
function periodFormat(from, to, length) {
  const [start, end] = [new Date(from), new Date(to)];
  const year = new Date().getFullYear();
  const isThisYear = start.getFullYear() === year && end.getFullYear() === year;
  const format = periodFormats.find((other) => length >= other.length) ?? periodFormats[0];
  return (isThisYear ? format.thisYear : format.otherYear).formatRange(start, end);
}
