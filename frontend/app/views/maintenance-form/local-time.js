/**
 * Converts a local time to a date. Returns exact if it is the same minute.
 * @param {string} text a local time
 * @param {string | undefined} exact
 */
export function dateOf(text, exact) {
  if (exact && localTime(exact) === text) {
    return exact;
  }
  return text ? new Date(text).toISOString() : undefined;
}

/**
 * Formats a date for a datetime-local input.
 * @param {string | number} date RFC 3339, or milliseconds since 1970
 */
export function localTime(date) {
  const time = new Date(date);
  return new Date(time.getTime() - time.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}
