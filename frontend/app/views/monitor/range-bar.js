/** @import {MonitorRange} from './range.js' */
import { localTime } from '../../time-range.js';
import { MAX_LENGTH } from './range.js';

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
      const header = /** @type {HTMLElement} */ (document.querySelector('header'));
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

    apply() {
      const [from, to] = [Date.parse(this.from), Date.parse(this.to)];
      this.error = problemOf(from, to, range.now);
      if (!this.error) {
        this.open = false;
        range.zoomTo(from, to);
      }
    },
  };
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
