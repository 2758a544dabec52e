/** @import {ListedMonitor} from '../../../types/model' */
import { formatResult, historyPath } from '../../format.js';

/**
 * What a wall says of a monitor. Overdue is one whose last OK is too old to be believed; one in maintenance or blocked may be
 * bad, but need not bother anybody.
 * @typedef {'failed' | 'error' | 'overdue' | 'ok' | 'maintenance' | 'blocked' | 'pending' | 'disabled'} Kind
 */

/** @type {Record<Kind, string>} the worst first */
const WORDS = {
  failed: 'Failed',
  error: 'Error',
  overdue: 'Overdue',
  ok: 'OK',
  maintenance: 'In maintenance',
  blocked: 'Blocked',
  pending: 'Not checked yet',
  disabled: 'Disabled',
};
const KINDS = /** @type {Kind[]} */ (Object.keys(WORDS));
const BAD = KINDS.slice(0, 3);
/** What each path of a tile's history shows. */
const BARS = /** @type {const} */ ([0, 1, 2, 'excluded']);
/** The longest check takes a minute; what has missed two runs and this is overdue, in milliseconds. */
const GRACE = 90_000;
/** @type {Record<string, number>} */
const UNITS = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
};

/** @param {string} duration a Go duration such as 1m30s */
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
  const { enabled, latest } = monitor;
  if (!enabled) {
    return 'disabled';
  }
  if (latest && latest.status !== 0 && !latest.excluded) {
    return latest.status === 1 ? 'error' : 'failed';
  }
  if (isOverdue(monitor, now)) {
    return 'overdue';
  }
  return latest ? latest.excluded || 'ok' : 'pending';
}

/**
 * What is on the wall: the bad ones, the worst and newest first; the others under their groups; the verdict over all,
 * and in rest how many are left beside it.
 * @typedef {{
 *   bad: ListedMonitor[],
 *   groups: {name: string, monitors: ListedMonitor[]}[],
 *   kind: Kind,
 *   verdict: string,
 *   rest: string,
 *   newest: string,
 * }} Picture
 */

/**
 * @param {readonly ListedMonitor[]} monitors by name
 * @param {number} now milliseconds since 1970
 * @returns {Picture}
 */
export function arrange(monitors, now) {
  /** @type {Map<Kind, ListedMonitor[]>} */
  const byKind = Map.groupBy(monitors, (monitor) => kindOf(monitor, now));
  const count = (/** @type {Kind} */ kind) => byKind.get(kind)?.length ?? 0;
  const say = (/** @type {Kind[]} */ kinds, /** @type {string} */ between) =>
    kinds
      .filter(count)
      .map((kind) => `${count(kind)} ${kind === 'ok' ? 'OK' : WORDS[kind].toLowerCase()}`)
      .join(between);
  const bad = BAD.flatMap((kind) => (byKind.get(kind) ?? []).sort(newestFirst));
  const known = new Set(bad);
  const groups = Map.groupBy(
    monitors.filter((monitor) => !known.has(monitor)),
    (monitor) => monitor.group ?? '',
  );
  const said = verdictKinds(count);
  const allOk = said[0] === 'ok' && said.length === 1 && count('ok') > 1;
  return Object.freeze({
    bad,
    groups: [...groups].map(([name, monitors]) => ({ name, monitors })).sort(byName),
    kind: bad.length ? said[0] : (said.at(-1) ?? 'pending'),
    verdict: `${allOk ? 'All ' : ''}${say(said, ', ')}`,
    rest: say(
      KINDS.filter((kind) => !said.includes(kind)),
      ' · ',
    ),
    newest: monitors.reduce((newest, { latest }) => (latest && latest.date > newest ? latest.date : newest), ''),
  });
}

/**
 * By name; what is in no group comes last.
 * @param {{name: string}} a
 * @param {{name: string}} b
 */
function byName(a, b) {
  return Number(!a.name) - Number(!b.name) || a.name.localeCompare(b.name);
}

/**
 * What the verdict is about: what is bad; else what is OK and what isn't known yet; else what doesn't count; else what is switched off.
 * @param {(kind: Kind) => number} count
 * @returns {Kind[]}
 */
function verdictKinds(count) {
  const choices = /** @type {Kind[][]} */ ([BAD, ['ok', 'pending'], ['maintenance', 'blocked'], ['disabled']]);
  return choices.map((kinds) => kinds.filter(count)).find((kinds) => kinds.length) ?? [];
}

/**
 * @param {ListedMonitor} a
 * @param {ListedMonitor} b
 */
function newestFirst(a, b) {
  return (b.since ?? '').localeCompare(a.since ?? '');
}

/**
 * Writes a monitor into its tile, touching only what differs.
 * @param {HTMLAnchorElement} tile
 * @param {ListedMonitor} monitor
 * @param {number} now milliseconds since 1970
 */
export function drawTile(tile, monitor, now) {
  const kind = kindOf(monitor, now);
  const bad = BAD.includes(kind);
  const value = formatResult(monitor.latest).replace(/^–$/, '');
  const message = kind === 'overdue' ? 'No new result: is a runner alive?' : (monitor.latest?.message ?? '');
  set(tile, 'class', `tile ${kind}${bad && isOverdue(monitor, now) ? ' old' : ''}`);
  set(tile, 'href', `#monitor/${monitor.id}`);
  set(tile, 'title', [`${monitor.name}: ${WORDS[kind]}`, value, message].filter(Boolean).join(' · '));
  write(tile, '.tile-name', monitor.name);
  write(tile, '.tile-word', WORDS[kind]);
  write(tile, '.tile-value', value);
  write(tile, '.tile-message', message);
  drawSince(tile, kind === 'overdue' ? (monitor.latest?.date ?? monitor.updated) : monitor.since, now);
  tile.querySelectorAll('path').forEach((path, i) => {
    set(path, 'd', historyPath(monitor.history, BARS[i]));
  });
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
 * @param {HTMLElement} tile
 * @param {string | null | undefined} since
 * @param {number} now
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
}

/**
 * @param {string} date
 * @param {number} now
 */
function formatSince(date, now) {
  const since = new Date(date);
  const today = since.toDateString() === new Date(now).toDateString();
  const when = today
    ? since.toLocaleTimeString(undefined, { timeStyle: 'short' })
    : since.toLocaleString(undefined, {
        month: 'short',
        day: 'numeric',
        hour: 'numeric',
        minute: '2-digit',
      });
  const minutes = Math.max(0, Math.floor((now - since.getTime()) / 60_000));
  const [days, hours] = [Math.floor(minutes / 1440), Math.floor(minutes / 60) % 24];
  const length = days ? `${days} d ${hours} h` : hours ? `${hours} h ${minutes % 60} min` : `${minutes} min`;
  return minutes ? `since ${when} · ${length}` : `since ${when}`;
}
