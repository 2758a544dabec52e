/** @import {MonitorRange} from './range.js' */
import { mountMarkup } from '../load-state.js';
import { localTime } from '../time-range.js';
import { loadMarkup } from '../views.js';
import { MAX_LENGTH } from './range.js';

/** The keys of a chart, for a screen reader. */
export const KEYS =
  'Use the left and right arrow keys to move, plus and minus to zoom, and Escape to reset the time range.';

let markup = '';

/** Loads the markup of the bar. Views that show one call it before. Rejects if the server does not answer. */
export async function loadRangeBar() {
  markup = await loadMarkup('./range/range-bar.html');
}

/**
 * The bar with the range. It stays below the header of the page while the view is scrolled, unless the screen is narrow. Below
 * it, custom dates can be entered.
 * @param {MonitorRange} range
 */
export function rangeBar(range) {
  const root = document.documentElement;
  /** @type {ResizeObserver | undefined} */
  let resized;

  return {
    /** Whether custom dates are entered. */
    open: false,
    from: '',
    to: '',
    error: '',

    /** @param {HTMLElement} element */
    mount(element) {
      mountMarkup(element, markup);
      const header = /** @type {HTMLElement} */ (document.querySelector('header'));
      resized?.disconnect();
      resized = new ResizeObserver(() => {
        element.style.setProperty('--header', `${header.offsetHeight}px`);
        // So that the bar does not cover what is scrolled into view.
        const isSticky = getComputedStyle(element).position === 'sticky';
        root.style.scrollPaddingTop = isSticky ? `${header.offsetHeight + element.offsetHeight}px` : '';
      });
      resized.observe(header);
      resized.observe(element);
    },

    destroy() {
      resized?.disconnect();
      root.style.scrollPaddingTop = '';
    },

    toggle() {
      this.open = !this.open;
      this.error = '';
      const { from, to } = range.span;
      [this.from, this.to] = [localTime(from), localTime(to)];
    },

    /** @param {Record<string, HTMLElement>} refs */
    close({ custom }) {
      this.open = false;
      custom.focus();
    },

    /** @param {Record<string, HTMLElement>} refs */
    apply(refs) {
      range.tick();
      const [from, to] = [Date.parse(this.from), Date.parse(this.to)];
      this.error = problemOf(from, to, range.now);
      if (!this.error) {
        this.close(refs);
        range.zoomTo(from, Math.min(to, range.now));
      }
    },
  };
}

/**
 * Changes the range by a key that is pressed in a chart.
 * @param {MonitorRange} range
 * @param {KeyboardEvent} event
 */
export function onRangeKey(range, event) {
  const action = {
    ArrowLeft: () => range.move(-0.5, event.repeat),
    ArrowRight: () => range.move(0.5, event.repeat),
    '+': () => range.scale(0.5, event.repeat),
    '-': () => range.scale(2, event.repeat),
    Escape: () => range.reset(),
  }[event.key];
  if (action && !event.ctrlKey && !event.metaKey && !event.altKey) {
    event.preventDefault();
    action();
  }
}

/**
 * Returns what is wrong with custom dates; empty if nothing is.
 * @param {number} from milliseconds since 1970
 * @param {number} to
 * @param {number} now
 */
function problemOf(from, to, now) {
  if (Number.isNaN(from) || Number.isNaN(to)) {
    return 'Enter both dates.';
  }
  if (from >= to) {
    return 'The start must be before the end.';
  }
  if (from >= now) {
    return 'The start must be in the past.';
  }
  return to - from > MAX_LENGTH ? 'The range must not be longer than 400 days.' : '';
}
