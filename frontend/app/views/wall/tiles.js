/** @import {ListedMonitor} from '../../../types/model' */
import { formatMoment, formatResult } from '../../format.js';
import { BARS, formatKind, historyPaths, kindOf as countedAs, KINDS as COUNTED, sinceOf } from '../../status.js';
import { commonPrefix, headingOf } from './names.js';

/**
 * What a tile shows. An overdue monitor has no recent result.
 * @typedef {import('../../status.js').Kind | 'overdue'} Kind
 */

/** @type {Record<Kind, string>} */
const LABELS = {
  .../** @type {Record<Kind, string>} */ (Object.fromEntries(COUNTED.map(({ key, label }) => [key, label]))),
  overdue: 'Overdue',
};
/** The worst first. @type {Kind[]} */
const KINDS = [
  'failed',
  'error',
  'unchecked',
  'overdue',
  'ok',
  'warning',
  'maintenance',
  'blocked',
  'pending',
  'disabled',
];
const NOT_OK = KINDS.slice(0, 4);
/**
 * A monitor is overdue if it has no result for two intervals plus this time, in milliseconds. The time allows for a check that
 * takes up to a minute.
 */
const GRACE = 90_000;
/** The units of a Go duration in milliseconds. @type {Record<string, number>} */
const UNITS = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
};

/** @param {string} duration a Go duration, for example 1m30s */
function milliseconds(duration) {
  let sum = 0;
  for (const [, number, unit] of duration.matchAll(/([\d.]+)(ns|us|µs|ms|s|m|h)/g)) {
    sum += Number(number) * UNITS[unit];
  }
  return sum;
}

/**
 * @param {ListedMonitor} monitor
 * @param {number} now milliseconds since 1970
 */
function isOverdue({ latest, updated, interval }, now) {
  const last = Math.max(Date.parse(latest?.date ?? '') || 0, Date.parse(updated) || 0);
  return now - last > 2 * milliseconds(interval) + GRACE;
}

/**
 * @param {ListedMonitor} monitor
 * @param {number} now
 * @returns {Kind}
 */
function kindOf(monitor, now) {
  const kind = countedAs(monitor);
  return ['ok', 'warning', 'blocked', 'pending'].includes(kind) && isOverdue(monitor, now) ? 'overdue' : kind;
}

/**
 * The content of the wall.
 * - notOk: the monitors that are not OK, the worst and newest first.
 * - groups: all other monitors by group, with the heading of each group.
 * - prefixes: by group, the words with which the names of its monitors begin. The tiles of the group don't repeat them.
 * - kind, headline: the overall status.
 * - subline: the numbers of monitors that the headline does not include.
 * - newest: the date of the newest result; empty without results.
 * @typedef {{
 *   notOk: ListedMonitor[],
 *   groups: {name: string, heading: string, monitors: ListedMonitor[]}[],
 *   prefixes: Readonly<Record<string, string>>,
 *   kind: Kind,
 *   headline: string,
 *   subline: string,
 *   newest: string,
 * }} Content
 */

/**
 * Arranges the monitors on the wall.
 * @param {readonly ListedMonitor[]} monitors sorted by name
 * @param {number} now milliseconds since 1970
 * @param {ReturnType<typeof prefixFinder>} prefixesOf
 * @returns {Content}
 */
export function arrange(monitors, now, prefixesOf) {
  /** @type {Map<Kind, ListedMonitor[]>} */
  const byKind = Map.groupBy(monitors, (monitor) => kindOf(monitor, now));
  const count = (/** @type {Kind} */ kind) => byKind.get(kind)?.length ?? 0;
  const describe = (/** @type {Kind[]} */ kinds, /** @type {string} */ separator) =>
    kinds
      .filter(count)
      .map((key) => formatKind(count(key), { key, label: LABELS[key] }))
      .join(separator);
  const notOk = NOT_OK.flatMap((kind) => (byKind.get(kind) ?? []).sort(newestFirst));
  const separate = new Set(notOk);
  const groups = Map.groupBy(monitors, ({ group }) => group ?? '');
  const prefixes = prefixesOf(groups);
  const main = headlineKinds(count);
  const allOk = main[0] === 'ok' && main.length === 1 && count('ok') > 1;
  return Object.freeze({
    notOk,
    groups: [...groups]
      .map(([name, all]) => ({
        name,
        heading: name ? headingOf(name, prefixes[name]) : 'No group',
        monitors: all.filter((monitor) => !separate.has(monitor)),
      }))
      .filter(({ monitors }) => monitors.length)
      .sort(byName),
    prefixes,
    kind: notOk.length ? main[0] : (main.at(-1) ?? 'pending'),
    headline: `${allOk ? 'All ' : ''}${describe(main, ', ')}`,
    subline: describe(
      KINDS.filter((kind) => !main.includes(kind)),
      ' · ',
    ),
    newest: monitors.reduce((newest, { latest }) => (latest && latest.date > newest ? latest.date : newest), ''),
  });
}

/**
 * Returns a function that returns the common prefix of the names in each group. It computes a prefix again only if a name in
 * the group differs, and returns the same object while all prefixes are the same. Without a group there is no heading that
 * could show the prefix.
 */
export function prefixFinder() {
  /** @type {Map<string, {names: string, prefix: string}>} */
  let known = new Map();
  /** @type {Content['prefixes']} */
  let prefixes = Object.freeze(Object.create(null));
  return (/** @type {Map<string, ListedMonitor[]>} */ groups) => {
    const before = known;
    known = new Map();
    for (const [group, monitors] of groups) {
      const all = monitors.map(({ name }) => name);
      const names = all.join('\n');
      const last = before.get(group);
      known.set(group, last?.names === names ? last : { names, prefix: group && commonPrefix(all) });
    }
    const isSame = [...known].every(([group, { prefix }]) => prefixes[group] === prefix);
    if (!isSame || known.size !== before.size) {
      const found = Object.fromEntries([...known].map(([group, { prefix }]) => [group, prefix]));
      prefixes = Object.freeze(Object.assign(Object.create(null), found));
    }
    return prefixes;
  };
}

/**
 * Compares two groups by name; monitors without a group come last.
 * @param {{name: string}} a
 * @param {{name: string}} b
 */
function byName(a, b) {
  return Number(!a.name) - Number(!b.name) || a.name.localeCompare(b.name);
}

/**
 * Returns the statuses to show in the headline: the first of these lists in which a monitor has a status. Not OK; OK, OK
 * with a warning and without result; ignored; disabled.
 * @param {(kind: Kind) => number} count
 * @returns {Kind[]}
 */
function headlineKinds(count) {
  const choices = /** @type {Kind[][]} */ ([
    NOT_OK,
    ['ok', 'warning', 'pending'],
    ['maintenance', 'blocked'],
    ['disabled'],
  ]);
  return choices.map((kinds) => kinds.filter(count)).find((kinds) => kinds.length) ?? [];
}

/**
 * @param {ListedMonitor} a
 * @param {ListedMonitor} b
 */
function newestFirst(a, b) {
  return sinceOf(b, b.latest).localeCompare(sinceOf(a, a.latest));
}

/**
 * Returns the name of the icon of a status.
 * @param {Kind | 'stale'} kind stale if the status may be outdated
 */
export function iconOf(kind) {
  return kind === 'overdue' || kind === 'stale' ? 'unchecked' : kind;
}

/**
 * Updates the tile of a monitor, except for the name. It writes only what differs.
 * @param {HTMLAnchorElement} tile
 * @param {ListedMonitor} monitor
 * @param {number} now milliseconds since 1970
 */
export function drawTile(tile, monitor, now) {
  const kind = kindOf(monitor, now);
  const notOk = NOT_OK.includes(kind);
  const value = formatResult(monitor.latest).replace(/^–$/, '');
  const message = messageOf(monitor, kind);
  const stale = notOk && (monitor.notChecked || isOverdue(monitor, now));
  set(tile, 'class', `tile ${kind}${stale ? ' stale' : ''}`);
  set(/** @type {Element} */ (tile.querySelector('use')), 'href', `#icon-${iconOf(stale ? 'stale' : kind)}`);
  set(tile, 'href', `#monitor/${monitor.id}`);
  write(tile, '.tile-word', LABELS[kind]);
  write(tile, '.tile-value', value);
  write(tile, '.tile-message', message);
  const since = kind === 'overdue' ? (monitor.latest?.date ?? monitor.updated) : sinceOf(monitor, monitor.latest);
  const length = drawSince(tile, since, now);
  const description = [`${monitor.name}: ${LABELS[kind]}`, length, value, message].filter(Boolean).join(' · ');
  set(tile, 'title', description);
  set(tile, 'aria-label', description);
  const paths = historyPaths(monitor.history);
  tile.querySelectorAll('.history path').forEach((path, i) => set(path, 'd', paths[BARS[i]]));
}

/**
 * @param {ListedMonitor} monitor
 * @param {Kind} kind
 */
function messageOf({ latest, notChecked }, kind) {
  if (kind === 'overdue') {
    return 'No recent result. Check that a runner is online.';
  }
  return (kind === 'unchecked' ? notChecked?.reason : latest?.message) ?? '';
}

/**
 * @param {Element} element
 * @param {string} attribute
 * @param {string} value
 */
function set(element, attribute, value) {
  if (element.getAttribute(attribute) !== value) {
    element.setAttribute(attribute, value);
  }
}

/**
 * @param {HTMLElement} tile
 * @param {string} part
 * @param {string} text
 */
function write(tile, part, text) {
  const element = tile.querySelector(part);
  if (element && element.textContent !== text) {
    element.textContent = text;
  }
}

/**
 * Shows since when a monitor has its status, where the tile has a place for it.
 * @param {HTMLElement} tile
 * @param {string | null | undefined} since
 * @param {number} now
 * @returns {string} the text; empty if there is none
 */
function drawSince(tile, since, now) {
  const element = tile.querySelector('time');
  if (element && since) {
    element.dateTime = since;
    element.title = new Date(since).toLocaleString(undefined, {
      dateStyle: 'medium',
      timeStyle: 'long',
    });
    element.textContent = formatSince(since, now);
  }
  return element?.textContent ?? '';
}

/**
 * @param {string} date
 * @param {number} now
 */
function formatSince(date, now) {
  const when = formatMoment(date, now);
  const minutes = Math.max(0, Math.floor((now - Date.parse(date)) / 60_000));
  const [days, hours] = [Math.floor(minutes / 1440), Math.floor(minutes / 60) % 24];
  const length = days ? `${days} d ${hours} h` : hours ? `${hours} h ${minutes % 60} min` : `${minutes} min`;
  return minutes ? `since ${when} · ${length}` : `since ${when}`;
}
