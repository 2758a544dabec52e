/** @import {Incident, ListedMonitor} from '../types/model' */
import { formatCount, formatSpan } from './format.js';

const MINUTE = 60_000;
const DAY = 1440 * MINUTE;
/** The least time that the chart shows before and after an incident, in milliseconds. */
const MARGIN = 15 * MINUTE;
/**
 * The chart shows more around an older incident, because the results of that time may have expired: the buckets may be an
 * hour long after the first age, and a day after the second one. In milliseconds, the oldest first.
 */
const OLD = [
  { age: 175 * DAY, margin: 3 * DAY },
  { age: 6 * DAY, margin: 6 * 60 * MINUTE },
];
/** How many hidden dependents are named. */
const MAX_NAMES = 3;

/**
 * Returns the time range in which the monitor view shows an incident, in milliseconds since 1970. It has no end, which means
 * now, if the incident is open or has just ended.
 * @param {Incident} incident
 * @param {number} now milliseconds since 1970
 */
export function periodOf({ firstNotOK, resolved }, now) {
  const start = Date.parse(firstNotOK);
  const end = resolved ? Date.parse(resolved) : now;
  const least = OLD.find(({ age }) => now - start > age)?.margin ?? MARGIN;
  const margin = Math.max(least, (end - start) / 2);
  const to = end + margin < now ? startOfMinute(end + margin + MINUTE) : null;
  return { from: startOfMinute(start - margin), to };
}

/**
 * Returns the address of the monitor view with its time range around an incident.
 * @param {Incident} incident
 * @param {number} now milliseconds since 1970
 */
export function incidentAddress(incident, now) {
  const { from, to } = periodOf(incident, now);
  const query = new URLSearchParams({ incident: incident.id, from: new Date(from).toISOString() });
  if (to) {
    query.set('to', new Date(to).toISOString());
  }
  return `#monitor/${incident.monitor_id}?${query}`;
}

/** @param {number} time milliseconds since 1970 */
function startOfMinute(time) {
  return Math.floor(time / MINUTE) * MINUTE;
}

/**
 * Returns the length of an incident, so far if it is open.
 * @param {Incident} incident
 * @param {number} now milliseconds since 1970
 */
export function lengthOf({ firstNotOK, resolved }, now) {
  return formatSpan((resolved ? Date.parse(resolved) : now) - Date.parse(firstNotOK));
}

/**
 * Returns the latest message of an incident; empty if it is the first one.
 * @param {Incident} incident
 */
export function laterMessageOf({ firstMessage, message }) {
  return message === firstMessage ? '' : message;
}

/**
 * Describes the dependents that an incident hides; empty if there are none.
 * @param {Incident} incident
 * @param {(id: string) => ListedMonitor | undefined} find
 */
export function describeDependents({ dependents }, find) {
  const count = dependents.length;
  if (count === 0) {
    return '';
  }
  const names = dependents.flatMap((id) => find(id)?.name ?? []).slice(0, MAX_NAMES);
  const others = count - names.length;
  const list = [...names, ...(others > 0 && names.length > 0 ? [`${others} more`] : [])];
  return `Hides ${formatCount(count, 'dependent')}${list.length > 0 ? `: ${list.join(', ')}` : ''}`;
}

/**
 * Returns a function that finds a monitor of a list by its id. It is fast also if it is called for each row.
 * @returns {(items: readonly ListedMonitor[], id: string) => ListedMonitor | undefined}
 */
export function monitorFinder() {
  /** @type {readonly ListedMonitor[] | undefined} */
  let known;
  /** @type {Map<string, ListedMonitor>} */
  let byId = new Map();
  return (items, id) => {
    if (items !== known) {
      known = items;
      byId = new Map(items.map((item) => [item.id, item]));
    }
    return byId.get(id);
  };
}
