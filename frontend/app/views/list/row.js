/** @import {ListedMonitor, Point} from '../../../types/model' */
/** @import {Label} from '../../labels.js' */
/** @import {Drawn, Line} from './windowing.js' */
import { labelsOf } from '../../labels.js';
import {
  formatAgo,
  formatCount,
  formatExact,
  formatLength,
  formatResult,
  formatUptime,
  formatValue,
  unitOf,
} from '../../format.js';
import {
  badgeOf,
  BARS,
  canCheck,
  describeHistory,
  drawBadge,
  historyPaths,
  markOfMonitor,
  problemOf,
  sinceOf,
} from '../../status.js';

/** The columns with an uptime: the class, the member of the summary, and its name in a tooltip. */
const UPTIMES = /** @type {const} */ ([
  ['.day', 'uptime24h', '24 hours'],
  ['.month', 'uptime30d', '30 days'],
]);

/** How many checks before and after a check its address shows. */
const NEIGHBOURS = 5;
const MINUTE = 60_000;
/** The limits of the time before and after a check that its address shows, in milliseconds. */
const MIN_TIME = 2 * MINUTE;
const MAX_TIME = 720 * MINUTE;

/** The elements of each row by selector. @type {WeakMap<Element, Map<string, Element>>} */
const parts = new WeakMap();
/** What each row shows. @type {WeakMap<Element, {line: Line, subtitle: string}>} */
const drawn = new WeakMap();
/** The labels that each row shows. @type {WeakMap<Element, readonly Label[]>} */
const drawnLabels = new WeakMap();
/** How many labels a row shows, depending on the width of the screen. The tooltip has all. */
const MAX_LABELS = 4;
const LABELS = [1, 2, MAX_LABELS];
/** Up to this length, the value of a label is not shown without its key. */
const SHORT = 3;

/**
 * Updates the row of a monitor. It changes the DOM directly, because an Alpine binding for each element of each row makes
 * fast scrolling stutter. It writes only what differs.
 * @param {HTMLElement} row
 * @param {Line} line
 * @param {string} subtitle the target, or the group and the target
 * @param {number} now milliseconds since 1970
 * @param {boolean} selected
 */
export function drawRow(row, line, subtitle, now, selected) {
  const part = partsOf(row);
  row.classList.toggle('selected', selected);
  Object.assign(part('.pick input'), { checked: selected });
  const last = drawn.get(row);
  if (last?.line !== line || last.subtitle !== subtitle) {
    drawn.set(row, { line, subtitle });
    set(row, 'data-id', line.item.id);
    set(row, 'aria-rowindex', String(line.index));
    setLength(row, 'top', line.top);
    drawMonitor(part, line.item, subtitle);
  }
  const { latest, silencedUntil } = line.item;
  setText(part('.silenced'), silencedUntil && Date.parse(silencedUntil) > now ? 'Silenced' : '');
  const since = sinceOf(line.item, latest);
  setText(part('.since'), since && formatLength(Math.max(1000, now - Date.parse(since))));
  setText(part('.last time'), latest ? formatAgo(latest.date, now) : 'never');
}

/**
 * Sets the position of a section.
 * @param {HTMLElement} body
 * @param {Drawn} section
 */
export function placeSection(body, { top, height }) {
  setLength(body, 'top', top);
  setLength(body, 'height', height);
}

/**
 * Updates the heading of a group.
 * @param {HTMLElement} row
 * @param {Drawn} section
 */
export function drawHeading(row, { name, index, open, worst, summary, total }) {
  const part = partsOf(row);
  set(row, 'data-group', name);
  set(row, 'aria-rowindex', String(index));
  set(part('.pick input'), 'aria-label', `Select ${name || 'the monitors without a group'}`);
  set(part('button'), 'aria-expanded', String(open));
  setText(part('button span'), name || 'No group');
  drawBadge(part('.badge'), { key: worst, label: summary });
  setText(part('.muted'), formatCount(total, 'monitor'));
}

/**
 * @param {(selector: string) => Element} part
 * @param {ListedMonitor} item
 * @param {string} subtitle
 */
function drawMonitor(part, item, subtitle) {
  const { id, name, target, type, latest, notChecked, silencedUntil } = item;
  const badge = badgeOf(item, latest);
  drawBadge(part('.badge'), badge);
  const mark = markOfMonitor(item, latest);
  set(part('.state'), 'title', notChecked?.reason ?? (mark ? `${badge.label} · ${mark.label}` : null));
  drawBadge(part('.mark'), mark);
  setDate(part('.since'), sinceOf(item, latest));
  set(part('.pick input'), 'aria-label', `Select ${name}`);
  set(part('.who a'), 'href', `#monitor/${id}`);
  setText(part('.who a'), name);
  set(part('.silenced'), 'title', silencedUntil ? `Nobody is notified until ${formatExact(silencedUntil)}` : null);
  const problem = problemOf(item);
  set(part('.who'), 'class', problem ? 'who problematic' : 'who');
  set(part('.who a'), 'title', [name, problem, target].filter(Boolean).join('\n'));
  set(part('.about'), 'title', [problem, target].filter(Boolean).join('\n'));
  setText(part('.why'), problem);
  setText(part('.where'), subtitle);
  drawLabels(part('.labels'), labelsOf(item));
  setText(part('.kind'), type);
  drawSummary(part, item);
  drawHistory(part, item);
  setText(part('.value'), formatResult(latest));
  setDate(part('.last time'), latest?.date);
  set(part('.run'), 'aria-label', `Check now: ${name}`);
  set(part('.run'), 'disabled', canCheck(item) ? null : '');
  set(part('.more'), 'aria-label', `More actions: ${name}`);
}

/**
 * Updates the figures of a row. An uptime below 100 % leads to the incidents of the monitor. The keyboard stops at one such
 * link per row.
 * @param {(selector: string) => Element} part
 * @param {ListedMonitor} item
 */
function drawSummary(part, { id, name, summary, latest }) {
  let stops = 0;
  for (const [selector, key, period] of UPTIMES) {
    const uptime = summary?.[key];
    const link = part(`${selector} a`);
    const incidents = typeof uptime === 'number' && uptime < 100;
    setText(link, formatUptime(uptime));
    set(link, 'href', incidents ? `#incidents?monitor=${id}` : null);
    set(link, 'title', incidents ? `Uptime in the last ${period}. Show the incidents of ${name}` : null);
    set(link, 'tabindex', incidents && stops++ > 0 ? '-1' : null);
  }
  setText(part('.p95'), formatValue(summary?.p95, unitOf(latest)));
}

/**
 * Updates the bars of the last checks. They have one path for each status, because an element for each bar would make
 * scrolling slow. The link leads to the check that the keyboard selects first; bar-tip.js follows the pointer.
 * @param {(selector: string) => Element} part
 * @param {ListedMonitor} item
 */
function drawHistory(part, item) {
  const { history } = item;
  set(part('.bars svg'), 'aria-label', describeHistory(history, item));
  set(part('.bars'), 'href', history.length > 0 ? addressOfCheck(item, firstCheck(history)) : null);
  const paths = historyPaths(history);
  for (const kind of BARS) {
    set(part(`path.${kind}`), 'd', paths[kind]);
  }
}

/**
 * Returns the index of the latest check that is not OK, otherwise of the latest one.
 * @param {readonly Point[]} history with at least one point
 */
export function firstCheck(history) {
  const notOk = history.findLastIndex(({ status }) => status !== 0);
  return notOk < 0 ? history.length - 1 : notOk;
}

/**
 * Returns the address of a check: the page of the monitor, with its chart and its results around the time of the check.
 * @param {ListedMonitor} monitor
 * @param {number} index of the check in the history
 */
export function addressOfCheck({ id, history }, index) {
  const { date } = history[index];
  const other = (history[index - 1] ?? history[index + 1] ?? history[index]).date;
  const around = Math.min(Math.max(NEIGHBOURS * Math.abs(date - other), MIN_TIME), MAX_TIME);
  const from = new Date(Math.floor((date - around) / MINUTE) * MINUTE).toISOString();
  const to = new Date(Math.ceil((date + around) / MINUTE) * MINUTE).toISOString();
  return `#monitor/${id}?${new URLSearchParams({ from, to, results: 'all' })}`;
}

/**
 * Updates the labels of a row. The list is filtered when one is clicked. The keyboard does not stop at them, because the
 * filter above the list does the same.
 * @param {Element} element
 * @param {readonly Label[]} labels
 */
function drawLabels(element, labels) {
  if (drawnLabels.get(element) === labels) {
    return;
  }
  drawnLabels.set(element, labels);
  set(element, 'title', labels.map(({ text }) => text).join('\n') || null);
  element.replaceChildren(
    ...labels.slice(0, MAX_LABELS).map(newChip),
    ...LABELS.filter((shown) => labels.length > shown).map((shown) => newCount(labels.length - shown, shown)),
  );
}

/** @param {Label} label */
function newChip({ text, hue }) {
  const chip = document.createElement('button');
  Object.assign(chip, { type: 'button', className: 'label-chip', dir: 'auto', tabIndex: -1 });
  chip.dataset.label = text;
  chip.style.setProperty('--hue', String(hue));
  const key = document.createElement('span');
  const value = text.slice(text.indexOf(':') + 1);
  key.textContent = text.slice(0, -value.length);
  key.className = value.length > SHORT ? '' : 'needed';
  chip.append(key, value);
  return chip;
}

/**
 * @param {number} count the number of labels that are not shown
 * @param {number} shown the number of labels that are shown
 */
function newCount(count, shown) {
  const element = document.createElement('span');
  Object.assign(element, { className: `after-${shown}`, textContent: `+${count}` });
  return element;
}

/**
 * Returns a function that finds an element of a row by its selector and caches it.
 * @param {Element} row
 * @returns {(selector: string) => Element}
 */
function partsOf(row) {
  const found = parts.get(row) ?? new Map();
  parts.set(row, found);
  return (selector) => {
    const element = found.get(selector) ?? row.querySelector(selector);
    found.set(selector, element);
    return element;
  };
}

/**
 * @param {Element} element
 * @param {string} text
 */
function setText(element, text) {
  if (element.textContent !== text) {
    element.textContent = text;
  }
}

/**
 * @param {Element} element
 * @param {string} name
 * @param {string | null} value null removes the attribute
 */
function set(element, name, value) {
  if (value === null) {
    element.removeAttribute(name);
  } else if (element.getAttribute(name) !== value) {
    element.setAttribute(name, value);
  }
}

/**
 * @param {HTMLElement} element
 * @param {'top' | 'height'} name
 * @param {number} pixels
 */
function setLength(element, name, pixels) {
  if (element.style[name] !== `${pixels}px`) {
    element.style[name] = `${pixels}px`;
  }
}

/**
 * @param {Element} time
 * @param {string | null | undefined} date
 */
function setDate(time, date) {
  set(time, 'datetime', date ?? null);
  set(time, 'title', date ? formatExact(date) : null);
}
