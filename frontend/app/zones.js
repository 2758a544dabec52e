/** The time zone of the browser. */
export const ZONE = new Intl.DateTimeFormat().resolvedOptions().timeZone;

/** The names of all time zones, that of the browser first. */
export const ZONES = [...new Set([ZONE, 'UTC', ...Intl.supportedValuesOf('timeZone')])];
