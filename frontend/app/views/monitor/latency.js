/** @import {Bucket, Stats} from '../../../types/model' */
/** @import {Api} from '../../api.js' */
import { messageOf } from '../../api.js';
import { LatencyChart } from './chart.js';
import { coalesce } from '../../coalesce.js';
import { describePeriods } from './periods.js';
import { formatExact, formatNumber, formatPercent, formatShort, formatValue } from '../../format.js';

/** The time ranges to choose from, each with the delay before new results are shown, in milliseconds. */
const WINDOWS = /** @type {const} */ ([
  { window: '1h', name: '1 hour', delay: 3_000 },
  { window: '6h', name: '6 hours', delay: 10_000 },
  { window: '24h', name: '24 hours', delay: 30_000 },
  { window: '7d', name: '7 days', delay: 60_000 },
  { window: '30d', name: '30 days', delay: 60_000 },
  { window: '365d', name: '1 year', delay: 60_000 },
]);
const DEFAULT = '6h';
/** The limits of a zoomed period, in milliseconds. */
const MIN_PERIOD = 120_000;
const MAX_PERIOD = 400 * 86_400_000;

/** The delay before new results are shown in a zoomed period without an end, in milliseconds. */
const ZOOM_DELAY = 10_000;

/** A zoomed period in milliseconds since 1970. Without an end it lasts until now. @typedef {{from: number, to: number | null}} Zoom */

/**
 * The response times of a monitor in a time range that ends now, or in a zoomed period, which is not refreshed if it has an
 * end.
 * @param {Api} api
 * @param {string} id
 * @param {URLSearchParams} params the initial settings
 */
export function latencyPanel(api, id, params) {
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  /** @type {LatencyChart | undefined} */
  let chart;

  return {
    windows: WINDOWS,
    window: WINDOWS.find(({ window }) => window === params.get('window'))?.window ?? DEFAULT,
    /** The unit of the values. */
    unit: 'ms',
    /** Null if the chosen time range is shown. @type {Zoom | null} */
    zoom: zoomOf(params, api.now()),
    /** @type {Readonly<Stats> | null} */
    stats: null,
    /** The bucket under the pointer. @type {Readonly<Bucket> | null} */
    hovered: null,
    error: '',
    load: async () => {},

    init() {
      this.load = coalesce(() => this.read());
      this.load();
    },

    destroy() {
      clearTimeout(timer);
      chart?.destroy();
    },

    async read() {
      clearTimeout(timer);
      timer = undefined;
      const { zoom } = this;
      const end = zoom?.to ? { to: isoOf(zoom.to) } : {};
      try {
        const stats = await api.stats(id, zoom ? { from: isoOf(zoom.from), ...end } : { window: this.window });
        this.stats = Object.freeze(stats);
        this.error = '';
        this.draw();
      } catch (error) {
        this.error = messageOf(error);
      }
    },

    /** Schedules a reload after a new result. A hidden page reloads when it is visible again. */
    refresh() {
      if (!this.zoom?.to) {
        timer ??= setTimeout(() => {
          timer = undefined;
          if (!document.hidden) {
            this.load();
          }
        }, this.delay);
      }
    },

    get delay() {
      if (this.zoom) {
        return ZOOM_DELAY;
      }
      return this.hasValues ? WINDOWS.find(({ window }) => window === this.window)?.delay : WINDOWS[0].delay;
    },

    /** @param {HTMLElement} element the container of the chart */
    mount(element) {
      chart = new LatencyChart(element, {
        zoom: (from, to) => this.zoomTo(from, to),
        hover: (bucket) => (this.hovered = bucket),
      });
      this.draw();
    },

    draw() {
      if (this.stats) {
        chart?.draw(this.stats, this.unit);
      }
    },

    /** Ends the zoom: shows the chosen time range. */
    reset() {
      this.zoom = null;
      return this.load();
    },

    /**
     * Returns the settings as parameters of the page's address. The period of the results is also the zoomed period, unless
     * there is a zoom or a window of its own.
     * @param {{from: string, to: string}} results the period of the results; empty without a limit
     */
    address({ from, to }) {
      const { zoom } = this;
      const window = this.window === DEFAULT && (zoom || !from) ? '' : this.window;
      const end = zoom?.to ? isoOf(zoom.to) : '';
      const isShared = zoom && !window && from === isoOf(zoom.from) && to === end;
      return { window, zoom: zoom && !isShared ? `${isoOf(zoom.from)}/${end}` : '' };
    },

    /**
     * @param {number} from milliseconds since 1970
     * @param {number} to
     */
    zoomTo(from, to) {
      const length = Math.min(Math.max(to - from, MIN_PERIOD), MAX_PERIOD);
      const end = Math.min((from + to + length) / 2, api.now());
      this.zoom = { from: Math.round(end - length), to: Math.round(end) };
      return this.load();
    },

    /**
     * Zooms around the middle of the shown period.
     * @param {number} factor of the length of the period
     */
    scale(factor) {
      const { from, to } = this.span;
      const more = ((to - from) * (factor - 1)) / 2;
      return this.zoomTo(from - more, to + more);
    },

    /**
     * Moves by a part of the shown period: forward if positive, back if negative.
     * @param {number} part
     */
    move(part) {
      const { from, to } = this.span;
      const by = (to - from) * part;
      return this.zoomTo(from + by, to + by);
    },

    /** @param {KeyboardEvent} event */
    onKey(event) {
      const action = {
        ArrowLeft: () => this.move(-0.5),
        ArrowRight: () => this.move(0.5),
        '+': () => this.scale(0.5),
        '-': () => this.scale(2),
        Escape: () => this.reset(),
      }[event.key];
      if (action && this.stats && !event.ctrlKey && !event.metaKey && !event.altKey) {
        event.preventDefault();
        action();
      }
    },

    get span() {
      const { zoom, stats } = this;
      return {
        from: zoom ? zoom.from : Date.parse(stats?.from ?? ''),
        to: zoom ? (zoom.to ?? api.now()) : Date.parse(stats?.to ?? ''),
      };
    },

    get spanText() {
      return this.stats ? `${formatShort(this.span.from)} to ${formatShort(this.span.to)}` : '';
    },

    get hasValues() {
      return this.stats?.buckets.some((bucket) => bucket.p50 !== null) ?? false;
    },

    get omittedText() {
      const count = this.stats?.omittedPeriods ?? 0;
      return count ? `Shorter periods that are not in the chart: ${formatNumber(count)}` : '';
    },

    /** The periods in the bucket under the pointer. */
    get hoveredPeriods() {
      const { stats, hovered } = this;
      if (!stats || !hovered) {
        return [];
      }
      const next = stats.buckets.find(({ start }) => start > hovered.start);
      return describePeriods(
        stats.periods,
        Date.parse(hovered.start),
        Date.parse(next?.start ?? stats.to),
        formatShort,
      );
    },

    /** The values at the pointer. */
    get readout() {
      const { hovered } = this;
      if (!hovered) {
        return 'Hover over the chart to see values, drag to zoom in.';
      }
      const p50 = formatValue(hovered.p50, this.unit);
      const p95 = formatValue(hovered.p95, this.unit);
      const values = `p50 ${p50}, p95 ${p95}, ${countsText(hovered)}`;
      return [`${formatExact(hovered.start)}: ${values}`, ...this.hoveredPeriods].join('; ');
    },

    /** The statistics of the shown period. */
    get figures() {
      const { stats } = this;
      const time = (/** @type {'avg' | 'p50' | 'p95' | 'p99' | 'min' | 'max'} */ name) =>
        formatValue(stats?.[name], this.unit);
      const counts = stats?.counts ?? { ok: 0, error: 0, failed: 0 };
      return [
        { name: 'Average', value: time('avg'), note: '' },
        { name: 'p50', value: time('p50'), note: 'median' },
        { name: 'p95', value: time('p95'), note: '95 % are below' },
        { name: 'p99', value: time('p99'), note: '99 % are below' },
        { name: 'Minimum', value: time('min'), note: '' },
        { name: 'Maximum', value: time('max'), note: '' },
        { name: 'Checks', value: formatNumber(counts.ok + counts.error + counts.failed), note: countsText(counts) },
        { name: 'Uptime', value: formatPercent(stats?.uptime), note: '' },
      ];
    },
  };
}

/**
 * Returns the zoomed period in the page's address: that of the parameter zoom, or of the results unless there is a window.
 * @param {URLSearchParams} params
 * @param {number} now milliseconds since 1970
 * @returns {Zoom | null}
 */
function zoomOf(params, now) {
  const own = params.get('zoom')?.split('/');
  const [start, end = ''] = own ?? (params.has('window') ? [''] : [params.get('from') ?? '', params.get('to') ?? '']);
  const [from, to] = [Date.parse(start), end ? Date.parse(end) : now];
  if (Number.isNaN(from) || Number.isNaN(to) || from >= to) {
    return null;
  }
  const length = Math.min(Math.max(to - from, MIN_PERIOD), MAX_PERIOD);
  return { from: to - length, to: to < now ? to : null };
}

/** @param {number} time milliseconds since 1970 */
function isoOf(time) {
  return new Date(time).toISOString();
}

/** @param {{ok: number, error: number, failed: number}} counts */
function countsText({ ok, error, failed }) {
  return `${formatNumber(ok)} OK, ${formatNumber(error)} error, ${formatNumber(failed)} failed`;
}
