/** @import {ListedMonitor} from '../../../types/model' */
/** @import {Label} from '../../labels.js' */
/** @import {Drawn, Line} from './windowing.js' */
import { labelsOf } from '../../labels.js';
import { formatAgo, formatExact, formatFor, formatResult } from '../../format.js';
import { badgeOf, describeHistory, historyPath, markOfMonitor, sinceOf } from '../../status.js';

const BARS = /** @type {const} */ ([
  ['path.ok', 0],
  ['path.error', 1],
  ['path.failed', 2],
  ['path.excluded', 'excluded'],
]);

/** The elements of each row by selector. @type {WeakMap<Element, Map<string, Element>>} */
const parts = new WeakMap();
/** What each row shows. @type {WeakMap<Element, {line: Line, subtitle: string}>} */
const drawn = new WeakMap();
/** The labels that each row shows. @type {WeakMap<Element, readonly Label[]>} */
const drawnLabels = new WeakMap();
/** The maximum number of labels in a row. The tooltip has all. */
const MAX_LABELS = 4;

/**
 * Updates the row of a monitor. It changes the DOM directly, because an Alpine binding for each element of each row makes
 * fast scrolling stutter. It writes only what differs.
 * @param {HTMLElement} row
 * @param {Line} line
 * @param {string} subtitle the target, or the group and the target
 * @param {number} now milliseconds since 1970
 */
export function drawRow(row, line, subtitle, now) {
  const part = partsOf(row);
  const last = drawn.get(row);
  if (last?.line !== line || last.subtitle !== subtitle) {
    drawn.set(row, { line, subtitle });
    set(row, 'data-id', line.item.id);
    set(row, 'aria-rowindex', String(line.index));
    setLength(row, 'top', line.top);
    drawMonitor(part, line.item, subtitle);
  }
  const { latest } = line.item;
  const since = sinceOf(line.item, latest);
  setText(part('.since'), since && formatFor(since, now));
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
  set(row, 'aria-rowindex', String(index));
  set(part('button'), 'aria-expanded', String(open));
  setText(part('button span'), name || 'No group');
  set(part('.badge'), 'class', `badge ${worst}`);
  setText(part('.badge'), summary);
  setText(part('.muted'), total === 1 ? '1 monitor' : `${total} monitors`);
}

/**
 * @param {(selector: string) => Element} part
 * @param {ListedMonitor} item
 * @param {string} subtitle
 */
function drawMonitor(part, item, subtitle) {
  const { id, name, target, type, enabled, latest, history, notChecked } = item;
  const badge = badgeOf(item, latest);
  set(part('.badge'), 'class', `badge ${badge.key}`);
  setText(part('.badge'), badge.label);
  set(part('.state'), 'title', notChecked ? notChecked.reason : null);
  const mark = markOfMonitor(item, latest);
  set(part('.mark'), 'class', `mark ${mark?.key ?? ''}`);
  setText(part('.mark'), mark?.label ?? '');
  setDate(part('.since'), sinceOf(item, latest));
  set(part('.who a'), 'href', `#monitor/${id}`);
  set(part('.who a'), 'title', name);
  setText(part('.who a'), name);
  const labels = labelsOf(item);
  set(part('.who'), 'class', labels.length > 0 ? 'who labelled' : 'who');
  drawLabels(part('.labels'), labels);
  set(part('.where'), 'title', target);
  setText(part('.where'), subtitle);
  setText(part('.kind'), type);
  const counts = describeHistory(history);
  set(part('.strip'), 'title', counts);
  set(part('svg'), 'aria-label', counts);
  for (const [selector, kind] of BARS) {
    set(part(selector), 'd', historyPath(history, kind));
  }
  setText(part('.value'), formatResult(latest));
  setDate(part('.last time'), latest?.date);
  set(part('.run'), 'aria-label', `Check now: ${name}`);
  set(part('.run'), 'disabled', enabled ? null : '');
  set(part('.more'), 'aria-label', `More actions: ${name}`);
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
  const more = labels.length > MAX_LABELS ? [`+${labels.length - MAX_LABELS}`] : [];
  element.replaceChildren(...labels.slice(0, MAX_LABELS).map(newChip), ...more);
}

/** @param {Label} label */
function newChip({ text, hue }) {
  const chip = document.createElement('button');
  Object.assign(chip, { type: 'button', className: 'label-chip', dir: 'auto', textContent: text, tabIndex: -1 });
  chip.dataset.label = text;
  chip.style.setProperty('--hue', String(hue));
  return chip;
}

/**
 * Restores the focus after its row has moved, which removes the focus. If the row is gone, focuses the row that took its
 * position, or the search.
 * @param {HTMLElement} table
 * @param {HTMLElement} search
 * @param {HTMLElement} active
 * @param {string | null} index
 */
export function keepFocus(table, search, active, index) {
  if (document.activeElement !== document.body || !table.isConnected) {
    return; // The focus is elsewhere, or the view was left in the meantime.
  }
  const sameIndex = /** @type {HTMLElement | null} */ (
    table.querySelector(`[aria-rowindex="${index}"] :is(a, button:not([tabindex]))`)
  );
  (active.isConnected ? active : (sameIndex ?? search)).focus({ preventScroll: true });
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
