/** How many months the list offers. Status changes are stored for 400 days by default. */
const MONTHS = 24;

const names = new Intl.DateTimeFormat(undefined, { year: 'numeric', month: 'long', timeZone: 'UTC' });

/**
 * Returns a function that formats dates in a time zone. If the browser does not know the zone, it uses its own.
 * @param {string} zone
 * @param {Intl.DateTimeFormatOptions} options
 * @returns {Intl.DateTimeFormat}
 */
export function formatIn(zone, options) {
  try {
    return new Intl.DateTimeFormat(undefined, { ...options, timeZone: zone });
  } catch {
    return new Intl.DateTimeFormat(undefined, options);
  }
}

/**
 * Returns the months that the list offers, newest first: the current one in a time zone, the months before it, and the chosen one.
 * @param {number} now milliseconds since 1970
 * @param {string} zone
 * @param {string} chosen for example 2026-11; empty if none is chosen
 */
export function monthsUntil(now, zone, chosen) {
  const parts = formatIn(zone, { year: 'numeric', month: 'numeric', calendar: 'gregory', numberingSystem: 'latn' });
  const [year, month] = ['year', 'month'].map((type) =>
    Number(parts.formatToParts(now).find((part) => part.type === type)?.value),
  );
  const values = Array.from({ length: MONTHS }, (_, i) => new Date(Date.UTC(year, month - 1 - i)).toISOString());
  const months = values.map((date) => date.slice(0, 7));
  const all = chosen && !months.includes(chosen) ? [...months, chosen] : months;
  return all.map((value) => ({ value, name: nameOf(value) }));
}

/** @param {string} month for example 2026-11 */
function nameOf(month) {
  const date = new Date(`${month}-01T00:00:00Z`);
  return Number.isNaN(date.getTime()) ? month : names.format(date);
}
