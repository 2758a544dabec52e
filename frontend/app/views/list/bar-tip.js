/** @import {HistoryPoint, ListedMonitor} from '../../../types/model' */
import { formatExact, formatResult, formatValue, unitOf } from '../../format.js';
import { badgeOfStatus, drawBadge, markOf } from '../../status.js';
import { addressOfCheck, firstCheck } from './row.js';

/** The number of bars in a row. */
const BARS = 30;
/** The space between the tooltip and the bars, in pixels. */
const GAP = 6;
const KEYS = /** @type {Record<string, number>} */ ({ ArrowLeft: -1, ArrowRight: 1, Home: -BARS, End: BARS });

/**
 * The tooltip of the bars of all rows. It shows date, status and value of the check under the pointer, and the link around
 * the bars leads to this check. The arrow keys move from check to check. A tap shows the tooltip, which is a link too.
 */
export class BarTip {
  #tip;
  #items;
  #stop = new AbortController();
  /** The link around the bars of the row whose tooltip is shown. @type {HTMLAnchorElement | null} */
  #link = null;
  /** The shown check: its index in the history, its date, and how many earlier checks have the same date. */
  #index = 0;
  #date = 0;
  #earlier = 0;

  /**
   * @param {HTMLElement} table
   * @param {HTMLElement} host the parent of the tooltip
   * @param {string} markup the tooltip, a popover that is a link
   * @param {readonly ListedMonitor[]} items
   */
  constructor(table, host, markup, items) {
    host.innerHTML = markup;
    this.#tip = /** @type {HTMLAnchorElement} */ (host.firstElementChild);
    this.#items = items;
    const { signal } = this.#stop;
    const on = (/** @type {string} */ type, /** @type {(event: any) => void} */ handle) =>
      table.addEventListener(type, handle, { signal });
    on('pointerover', (event) => this.showAt(event));
    on('pointermove', (event) => this.showAt(event));
    on('pointerdown', (event) => this.showAt(event));
    on('focusin', ({ target }) => this.#onFocus(target));
    on(
      'focusout',
      ({ target, relatedTarget }) => linkOf(target) === this.#link && relatedTarget !== this.#tip && this.hide(),
    );
    on('pointerleave', ({ pointerType }) => pointerType === 'mouse' && this.#leave());
    on('keydown', (event) => this.#onKey(event));
    on('click', (event) => this.#onClick(event));
    // A tap elsewhere hides the tooltip of an earlier tap.
    document.addEventListener('pointerdown', ({ target }) => this.#onTap(target), { signal });
    this.#onFocus(document.activeElement);
  }

  destroy() {
    this.#stop.abort();
  }

  hide() {
    if (this.#link) {
      delete this.#link.dataset.at;
      this.#link = null;
      this.#tip.hidePopover();
    }
  }

  /**
   * Moves the mark of the shown check after new results have moved the bars.
   * @param {readonly ListedMonitor[]} items the current monitors
   */
  refresh(items) {
    this.#items = items;
    const link = this.#link;
    if (link) {
      const history = this.#monitorOf(link)?.history ?? [];
      const index = firstOf(history, this.#date) + this.#earlier;
      if (history[index]?.date !== this.#date || !link.isConnected) {
        this.hide();
      } else {
        this.#show(link, index);
      }
    }
  }

  /**
   * Shows the check at the pointer. Hides the tooltip if the mouse is not over the bars.
   * @param {PointerEvent} event
   */
  showAt({ target, clientX, pointerType, type }) {
    const link = linkOf(target);
    if (!link) {
      if (pointerType === 'mouse') {
        this.#leave();
      }
      return;
    }
    // Touching a bar shows its tooltip, and so does moving the finger along the bars.
    const { left, width } = link.getBoundingClientRect();
    const { history } = this.#monitorOf(link) ?? { history: [] };
    const bar = Math.floor(((clientX - left) / width) * BARS) - (BARS - history.length);
    if (history.length > 0 && (pointerType === 'mouse' || type !== 'pointerover')) {
      this.#show(link, Math.min(Math.max(bar, 0), history.length - 1));
    }
  }

  /** Hides the tooltip when the mouse has left the bars, unless they have the focus. */
  #leave() {
    if (this.#link !== document.activeElement) {
      this.hide();
    }
  }

  /** @param {EventTarget | null} target */
  #onFocus(target) {
    const link = linkOf(target);
    const monitor = link && this.#monitorOf(link);
    if (link?.matches(':focus-visible') && monitor?.history.length) {
      this.#show(link, firstCheck(monitor.history));
    }
  }

  /** @param {KeyboardEvent} event */
  #onKey(event) {
    const link = linkOf(event.target);
    const step = KEYS[event.key];
    const monitor = link && this.#monitorOf(link);
    if (event.key === 'Escape' && this.#link) {
      event.preventDefault();
      this.hide();
    } else if (link && monitor?.history.length && step) {
      event.preventDefault();
      const last = monitor.history.length - 1;
      const from = this.#link === link ? this.#index : firstCheck(monitor.history);
      this.#show(link, Math.min(Math.max(from + step, 0), last));
    }
  }

  /**
   * Follows no link after a tap: a finger covers several bars, so the tooltip shows first which one it is.
   * @param {PointerEvent} event
   */
  #onClick(event) {
    if (linkOf(event.target) && event.pointerType === 'touch') {
      event.preventDefault();
      this.showAt(event); // The tooltip may have been loaded after the finger went down.
    }
  }

  /** @param {EventTarget | null} target */
  #onTap(target) {
    if (target !== this.#tip && !this.#tip.contains(/** @type {Node} */ (target)) && !linkOf(target)) {
      this.hide();
    }
  }

  /** @param {HTMLAnchorElement} link */
  #monitorOf(link) {
    const id = link.closest('.line')?.getAttribute('data-id');
    return this.#items.find((item) => item.id === id);
  }

  /**
   * @param {HTMLAnchorElement} link
   * @param {number} index of the check
   */
  #show(link, index) {
    const monitor = this.#monitorOf(link);
    if (!monitor) {
      return;
    }
    if (this.#link !== link) {
      this.hide();
      this.#link = link;
      this.#tip.showPopover();
    }
    const point = monitor.history[index];
    const bar = BARS - monitor.history.length + index;
    this.#index = index;
    this.#date = point.date;
    this.#earlier = index - firstOf(monitor.history, point.date);
    link.href = this.#tip.href = addressOfCheck(monitor, index);
    link.dataset.at = String(bar);
    link.style.setProperty('--at', String(bar));
    fill(this.#tip, monitor, point);
    place(this.#tip, link.getBoundingClientRect(), (bar + 0.5) / BARS);
  }
}

/**
 * Returns the index of the first check with a date. Several may have the same one: it has no fractions of a second.
 * @param {readonly HistoryPoint[]} history
 * @param {number} date
 */
function firstOf(history, date) {
  return history.findIndex((point) => point.date === date);
}

/** @param {EventTarget | null} target */
function linkOf(target) {
  return target instanceof Element ? /** @type {HTMLAnchorElement | null} */ (target.closest('a.bars[href]')) : null;
}

/**
 * Writes a check into the tooltip. The value of a check in the history is rounded; only the latest result is exact.
 * @param {HTMLElement} tip
 * @param {ListedMonitor} monitor
 * @param {HistoryPoint} point
 */
function fill(tip, { latest, history }, point) {
  const exact = point === history.at(-1) ? latest : null;
  const about = point.status === 2 ? '' : `about ${formatValue(point.value, unitOf(latest))}`;
  const [badge, reason, value, message, date] = tip.children;
  drawBadge(badge, badgeOfStatus(point.status));
  drawBadge(reason, markOf(point));
  value.textContent = exact ? formatResult(exact).replace(/^–$/, '') : about;
  message.textContent = exact?.message ?? '';
  date.textContent = formatExact(point.date);
}

/**
 * Places the tooltip above a bar, or below it if there is no space above.
 * @param {HTMLElement} tip
 * @param {DOMRect} box of all bars
 * @param {number} at the position of the bar in the box, from 0 to 1
 */
function place(tip, box, at) {
  const { offsetWidth: width, offsetHeight: height } = tip;
  const left = box.left + box.width * at - width / 2;
  const top = box.top - GAP - height;
  tip.style.left = `${Math.min(Math.max(left, GAP), document.documentElement.clientWidth - width - GAP)}px`;
  tip.style.top = `${top < GAP ? box.bottom + GAP : top}px`;
}
