/** @import {Api} from '../api.js' */
import { formatShort, formatSpan } from '../format.js';
import { formatPeriod } from '../format-period.js';
import { addEntry } from '../router.js';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
/** The ranges to choose from, which end now: the name in the address, the label, and the length in milliseconds. */
export const CHOICES = /** @type {const} */ ([
  { range: '1h', name: '1 hour', length: HOUR },
  { range: '6h', name: '6 hours', length: 6 * HOUR },
  { range: '24h', name: '24 hours', length: DAY },
  { range: '7d', name: '7 days', length: 7 * DAY },
  { range: '30d', name: '30 days', length: 30 * DAY },
  { range: '365d', name: '1 year', length: 365 * DAY },
]);
const DEFAULT = CHOICES[2];
/** The limits of a custom range, in milliseconds. */
const MIN_LENGTH = 120_000;
export const MAX_LENGTH = 400 * DAY;
/** A range that is moved to less than this part of its length before now is moved to now. */
const NEAR_NOW = 0.1;
/** How much a custom range may differ from a choice to be the same, in milliseconds. */
const TOLERANCE = 2000;

/** Milliseconds since 1970. Without an end, or before its end, it lasts until now. @typedef {{from: number, to: number | null}} Custom */
/** @typedef {{choice: string, custom: Custom | null}} Range */

/**
 * The time range of the monitor view or the compare view, which is also in the page's address: one of the choices, or custom
 * dates. A change adds an entry to the browser's history, so the back button undoes it.
 * @param {Api} api
 * @param {URLSearchParams} params of the address
 */
export function monitorRange(api, params) {
  const initial = rangeOf(params, api.now());

  return {
    choices: CHOICES,
    /** The name of a choice; empty if the range is custom. */
    choice: initial.choice,
    custom: initial.custom,
    /** The choice to which reset returns. */
    lastChoice: initial.choice || DEFAULT.range,
    /** The end of a range without an end, when it was last read. */
    now: api.now(),
    /** Called after a change. */
    onChange: () => {},

    /**
     * Takes over the range of an address.
     * @param {URLSearchParams} address
     */
    follow(address) {
      this.set(rangeOf(address, api.now()), true);
    },

    /** The range as parameters of the page's address. */
    get address() {
      const { choice, custom } = this;
      return {
        range: custom || choice === DEFAULT.range ? '' : choice,
        from: custom ? isoOf(custom.from) : '',
        to: custom?.to ? isoOf(custom.to) : '',
      };
    },

    /** The range as parameters of the API's statistics. @returns {{window: string} | {from: string, to?: string}} */
    get query() {
      const { choice, custom } = this;
      if (!custom) {
        return { window: choice };
      }
      return { from: isoOf(custom.from), ...(custom.to ? { to: isoOf(custom.to) } : {}) };
    },

    /** The dates of the range in RFC 3339. The end is empty if the range has none. */
    get dates() {
      const { from } = this.span;
      return { from: isoOf(from), to: this.custom?.to ? isoOf(this.custom.to) : '' };
    },

    /** The range in milliseconds since 1970. */
    get span() {
      const { choice, custom, now } = this;
      if (custom) {
        const end = Math.max(now, custom.from + MIN_LENGTH);
        return { from: custom.from, to: Math.min(custom.to ?? end, end) };
      }
      return { from: now - lengthOf(choice), to: now };
    },

    /** Whether nothing was chosen. */
    get isDefault() {
      return !this.custom && this.choice === DEFAULT.range;
    },

    /** Whether the range lasts until now, so that it is refreshed. */
    get isLive() {
      const to = this.custom?.to;
      return !to || to > this.now;
    },

    /** Sets the end of a range without an end before it is read again. */
    tick() {
      this.now = api.now();
    },

    /** The range in words: the choice, or the length. */
    get name() {
      const { custom } = this;
      const { from, to } = this.span;
      const choice = CHOICES.find(({ range }) => range === this.choice);
      return custom ? formatSpan(to - from) : `last ${choice?.name.replace(/^1 /, '')}`;
    },

    get text() {
      const { from, to } = this.span;
      return formatPeriod(from, to);
    },

    /** The length of a custom range. */
    get lengthText() {
      return this.custom ? `(${this.name})` : '';
    },

    /** The range for a screen reader, without a time that moves on. */
    get announcement() {
      const { custom } = this;
      const text = custom && this.isLive ? `${formatShort(custom.from)} until now` : this.text;
      return custom ? text : this.name;
    },

    /** @param {string} choice */
    choose(choice) {
      this.set({ choice, custom: null });
    },

    /** Returns to the last choice. */
    reset() {
      this.choose(this.lastChoice);
    },

    /**
     * Sets custom dates, which end now at the latest.
     * @param {number} from milliseconds since 1970
     * @param {number} to
     * @param {boolean} [repeated] whether a key is held down
     */
    zoomTo(from, to, repeated = false) {
      const length = Math.min(Math.max(to - from, MIN_LENGTH), MAX_LENGTH);
      const now = api.now();
      const end = Math.min((from + to + length) / 2, now);
      this.set(simplest({ from: Math.round(end - length), to: end < now ? Math.round(end) : null }, now), repeated);
    },

    /**
     * Changes the length around the middle.
     * @param {number} factor
     * @param {boolean} [repeated]
     */
    scale(factor, repeated) {
      const { from, to } = this.span;
      const more = ((to - from) * (factor - 1)) / 2;
      this.zoomTo(from - more, to + more, repeated);
    },

    /**
     * Moves by a part of the length: back if negative, forward if positive, and then to now if that is near.
     * @param {number} part
     * @param {boolean} [repeated]
     */
    move(part, repeated) {
      const { from, to } = this.span;
      const length = to - from;
      const end = to + length * part;
      if (part < 0) {
        this.zoomTo(end - length, end, repeated);
      } else if (!this.isLive) {
        const now = api.now();
        const last = end > now - length * NEAR_NOW ? now : end;
        this.zoomTo(last - length, last, repeated);
      }
    },

    /**
     * @param {Range} range
     * @param {boolean} [sameEntry] whether the change belongs to the current entry of the browser's history
     */
    set({ choice, custom }, sameEntry = false) {
      const { from, to } = this.custom ?? {};
      if (choice === this.choice && custom?.from === from && custom?.to === to) {
        return;
      }
      if (!sameEntry) {
        addEntry();
      }
      this.now = api.now();
      this.choice = choice;
      this.custom = custom;
      this.lastChoice = choice || this.lastChoice;
      this.onChange();
    },
  };
}

/** @typedef {ReturnType<typeof monitorRange>} MonitorRange */

/**
 * Returns the range in an address. The parameters zoom and window are from earlier versions.
 * @param {URLSearchParams} params
 * @param {number} now milliseconds since 1970
 * @returns {Range}
 */
function rangeOf(params, now) {
  const dates = params.get('zoom')?.split('/') ?? [params.get('from') ?? '', params.get('to') ?? ''];
  const end = dates[1] ? Date.parse(dates[1]) : now;
  const start = dates[0] ? Date.parse(dates[0]) : dates[1] ? end - DEFAULT.length : NaN;
  if (start < end && start < now) {
    const length = Math.min(Math.max(end - start, MIN_LENGTH), MAX_LENGTH);
    return { choice: '', custom: { from: end - length, to: dates[1] ? end : null } };
  }
  const name = params.get('range') ?? params.get('window');
  return { choice: (CHOICES.find(({ range }) => range === name) ?? DEFAULT).range, custom: null };
}

/**
 * Returns the choice that is the same as custom dates, if there is one.
 * @param {Custom} custom
 * @param {number} now milliseconds since 1970
 * @returns {Range}
 */
function simplest(custom, now) {
  const isSame = (/** @type {number} */ length) => Math.abs(now - custom.from - length) < TOLERANCE;
  const choice = custom.to === null && CHOICES.find(({ length }) => isSame(length));
  return choice ? { choice: choice.range, custom: null } : { choice: '', custom };
}

/** @param {string} choice */
function lengthOf(choice) {
  return (CHOICES.find(({ range }) => range === choice) ?? DEFAULT).length;
}

/** @param {number} time milliseconds since 1970 */
function isoOf(time) {
  return new Date(time).toISOString();
}
