/** @import {ListedMonitor, MonitorChange} from '../../../types/model' */
/** @import {App} from '../../app.js' */
/** @import {Route} from '../../router.js' */
/** @import {Table} from '../../charts/table.js' */
/** @import {Line, Percentile} from './drawings.js' */
import Alpine from '../../lib/alpine.js';
import { mountTables } from '../../charts/table.js';
import { MAX_MONITORS } from '../../comparison.js';
import { formatValue, unitOf } from '../../format.js';
import { onRangeKey, rangeBar } from '../../range/range-bar.js';
import { monitorRange } from '../../range/range.js';
import { addEntry, rememberSettings } from '../../router.js';
import { badgeOf, markOfMonitor } from '../../status.js';
import { describeDowntime, describeUptime } from '../../uptime.js';
import { comparisonCharts } from './charts.js';
import { colourOf, comparisonTables } from './drawings.js';
import { monitorPicker } from './picker.js';
import { comparedStatistics } from './statistics.js';

/**
 * A compared monitor. The name is empty until it is known. Monitor and stats are null until they are loaded, and if the monitor
 * does not exist.
 * @typedef {{id: string, number: number, name: string, unit: string, monitor: ListedMonitor | null, stats: Line['stats'] | null}} Entry
 */

/**
 * Up to six monitors in one chart, with their figures in the same time range.
 * @param {App} app
 * @param {Route} route
 */
export function compare(app, { params }) {
  const { api, live, monitors } = app;
  const range = Alpine.reactive(monitorRange(api, params));
  const initial = settingsOf(params);
  /** Returns what the view shows. @type {() => {ids: readonly string[], lines: Line[], percentile: Percentile}} */
  let shown = () => ({ ...initial, lines: [] });
  const statistics = Alpine.reactive(comparedStatistics(api, range, () => shown().ids));
  /** The names of monitors, also of those deleted since. @type {Map<string, string>} */
  const names = new Map();
  let stop = [() => {}];

  return {
    list: monitors.state,
    range,
    bar: Alpine.reactive(rangeBar(range)),
    statistics,
    charts: comparisonCharts(range, () => shown()),
    picker: monitorPicker(),
    ...initial,
    mountTables,
    /** The number of the highlighted monitor; 0 if there is none. */
    highlighted: 0,

    init() {
      shown = () => this;
      stop = [
        monitors.use(),
        live.subscribe({
          result: ({ monitor_id }) => this.ids.includes(monitor_id) && statistics.refresh(),
          monitor: (change) => this.onChange(change),
          stale: () => statistics.refresh(),
        }),
      ];
      range.onChange = () => statistics.load();
      app.follow = (address) => this.follow(address);
      statistics.init();
    },

    destroy() {
      stop.forEach((end) => end());
      this.bar.destroy();
      statistics.destroy();
      this.charts.destroy();
    },

    /** @param {MonitorChange} change */
    onChange({ id, change }) {
      if (change === 'deleted') {
        this.ids.includes(id) && statistics.remove(id);
      } else if (statistics.missing.includes(id)) {
        statistics.restore(id);
      }
    },

    /**
     * Takes over the settings in another address, as after the back button.
     * @param {URLSearchParams} address
     */
    follow(address) {
      const { ids, percentile } = settingsOf(address);
      const isNew = ids.some((id) => !this.ids.includes(id));
      this.ids = ids;
      this.percentile = percentile;
      range.follow(address);
      if (isNew) {
        statistics.load();
      }
      return true;
    },

    /** Stores the settings in the page's address. */
    remember() {
      const { ids, percentile } = this;
      rememberSettings('#compare', {
        monitors: ids.join(','),
        value: percentile === 'p50' ? '' : percentile,
        ...range.address,
      });
    },

    /** @param {Percentile} percentile */
    show(percentile) {
      addEntry();
      this.percentile = percentile;
    },

    /**
     * Adds the monitor whose name was entered.
     * @param {HTMLElement} title gets the focus when no other monitor can be added
     */
    async add(title) {
      await (this.list.loaded || monitors.load());
      const id = this.picker.pick(this.others);
      if (id) {
        addEntry();
        this.ids = [...this.ids, id];
        statistics.load();
        if (this.isFull) {
          title.focus();
        }
      }
    },

    /**
     * Adds a monitor that was chosen from the list of names, not typed.
     * @param {InputEvent} event
     * @param {HTMLElement} title
     */
    onInput({ inputType = 'insertReplacementText' }, title) {
      if (inputType === 'insertReplacementText') {
        this.add(title);
      }
    },

    /**
     * @param {Entry} entry
     * @param {HTMLElement} next gets the focus
     */
    remove({ id }, next) {
      addEntry();
      this.highlight(0);
      this.ids = this.ids.filter((other) => other !== id);
      Alpine.nextTick(() => next.focus());
    },

    /** @param {number} number of a monitor; 0 for none */
    highlight(number) {
      this.highlighted = number;
      this.charts.highlight(number);
    },

    load() {
      monitors.load();
      statistics.load();
    },

    /** Why something could not be loaded; empty if there is no error. @returns {string} */
    get error() {
      return this.list.error || statistics.error;
    },

    /** The compared monitors. @returns {Entry[]} */
    get entries() {
      const { byID, missing } = statistics;
      return this.ids.map((id, i) => {
        const monitor = (!missing.includes(id) && this.list.items.find((item) => item.id === id)) || null;
        if (monitor) {
          names.set(id, monitor.name);
        }
        const [number, name] = [i + 1, names.get(id) ?? ''];
        return { id, number, name, monitor, unit: unitOfMonitor(monitor), stats: byID[id] ?? null };
      });
    },

    /** The monitors that can be added. @returns {readonly ListedMonitor[]} */
    get others() {
      return this.list.items.filter(({ id }) => !this.ids.includes(id));
    },

    /** @param {KeyboardEvent} event */
    onKey(event) {
      onRangeKey(range, event);
    },

    /** The monitors that are loaded, with their statistics. @returns {(Entry & Line)[]} */
    get lines() {
      return this.entries.filter(isKnown);
    },

    /** @param {Entry} entry */
    nameOf({ id, name }) {
      return name || (this.list.loaded ? id : '…');
    },

    /** Why a monitor is not in the chart; empty if it is. @param {Entry} entry */
    problemOf({ id, name, monitor }) {
      if (monitor || (!this.list.loaded && !statistics.missing.includes(id))) {
        return '';
      }
      return name ? 'This monitor was deleted.' : 'This monitor does not exist. It may have been deleted.';
    },

    /** @param {Entry} entry */
    uptimeOf({ stats }) {
      return stats ? describeUptime(stats, api.now()) : { value: '–', note: '', exact: '' };
    },

    /** What is special about the uptime. @param {Entry} entry */
    noteOf(entry) {
      const downtime = entry.stats ? describeDowntime(entry.stats) : '';
      return [downtime, this.uptimeOf(entry).note].filter(Boolean).join(' · ');
    },

    /**
     * @param {Entry} entry
     * @param {Percentile} percentile
     */
    figureOf({ stats, unit }, percentile) {
      return formatValue(stats?.[percentile], unit);
    },

    /** @param {Entry} entry */
    badges({ monitor }) {
      const mark = monitor && markOfMonitor(monitor, monitor.latest);
      return monitor ? [badgeOf(monitor, monitor.latest), ...(mark ? [mark] : [])] : [];
    },

    /** @param {number} number */
    colour(number) {
      return `var(--${colourOf(number)})`;
    },

    /** @returns {Table[]} */
    get tables() {
      return comparisonTables(this.lines, this.percentile);
    },

    /** Whether no monitor has values in the range. @returns {boolean} */
    get isEmpty() {
      return this.lines.length > 0 && !statistics.hasValues;
    },

    /** What the view shows in place of a chart. @returns {string} */
    get placeText() {
      const { error, ids } = this;
      if (ids.length === 0) {
        return 'Add monitors below, or select them in the list of monitors.';
      }
      return error || ids.every((id) => statistics.missing.includes(id)) ? 'There is nothing to show.' : 'Loading…';
    },

    /** @returns {string} */
    get addText() {
      return this.ids.length === 1 ? 'Add a monitor to compare with this one' : 'Add a monitor';
    },

    /** @returns {boolean} */
    get isFull() {
      return this.ids.length >= MAX_MONITORS;
    },
  };
}

/**
 * Returns the settings in an address.
 * @param {URLSearchParams} params
 * @returns {{ids: string[], percentile: Percentile}}
 */
function settingsOf(params) {
  const ids = new Set((params.get('monitors') ?? '').split(',').filter(Boolean));
  return { ids: [...ids].slice(0, MAX_MONITORS), percentile: params.get('value') === 'p95' ? 'p95' : 'p50' };
}

/** @param {Entry} entry @returns {entry is Entry & Line} */
function isKnown(entry) {
  return entry.stats !== null && entry.monitor !== null;
}

/**
 * Returns the unit of a monitor's values. A failure has no value, so the properties decide.
 * @param {ListedMonitor | null} monitor
 */
function unitOfMonitor(monitor) {
  const { latest, properties } = monitor ?? {};
  return latest?.status === 2 && properties?.bodyRegex ? '' : unitOf(latest);
}
