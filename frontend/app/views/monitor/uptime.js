/** @import {Stats} from '../../../types/model' */
/** @import {Api} from '../../api.js' */
/** @import {MonitorRange} from '../../range/range.js' */
/** @import {Figure} from '../../uptime.js' */
import { coalesce } from '../../coalesce.js';
import { CHOICES } from '../../range/range.js';
import { describeDowntime, describeUptime } from '../../uptime.js';

/** The ranges with a figure of their own. */
const SHORTCUTS = CHOICES.filter(({ range }) => !['1h', '6h'].includes(range));
/** The maximum age of the figures, in milliseconds, and the one while a figure is unknown. */
const MAX_AGE = 600_000;
const MAX_AGE_UNKNOWN = 30_000;
const unavailable = Object.freeze({ value: '–', note: 'could not be loaded', exact: '' });

/**
 * The uptime of a monitor in four fixed ranges, which are shortcuts to these, and in the range if it is another one. refresh
 * may be called often: it reads only figures that are too old. The statistics of the range are no request of their own.
 * @param {Api} api
 * @param {string} id
 * @param {MonitorRange} range
 * @param {{readonly current: Readonly<Stats> | null}} statistics of the range
 */
export function uptimePanel(api, id, range, statistics) {
  let readAt = 0;
  let destroyed = false;

  return {
    shortcuts: SHORTCUTS.map(({ range, name }) => ({ range, name, value: '–', note: '', exact: '', loaded: false })),
    load: async () => {},

    init() {
      this.load = coalesce(() => this.read());
      this.load();
    },

    destroy() {
      destroyed = true;
    },

    refresh() {
      const maxAge = this.shortcuts.some(({ value }) => value === '–') ? MAX_AGE_UNKNOWN : MAX_AGE;
      if (Date.now() - readAt > maxAge) {
        this.load();
      }
    },

    /** Reads the figures one after the other, without that of the shown range. */
    async read() {
      readAt = Date.now();
      for (const shortcut of SHORTCUTS) {
        if (!destroyed && shortcut.range !== range.choice) {
          const figure = await api.stats(id, { window: shortcut.range }).then(
            (stats) => describeUptime(stats, api.now()),
            () => unavailable,
          );
          this.show(shortcut.range, figure);
        }
      }
    },

    /** Takes over the figure of the shown range, if it is one of the four. */
    takeOver() {
      const { current: stats } = statistics;
      if (stats?.window) {
        this.show(stats.window, describeUptime(stats, api.now()));
      }
    },

    /**
     * @param {string} choice
     * @param {Figure} figure
     */
    show(choice, figure) {
      this.shortcuts = this.shortcuts.map((shown) =>
        shown.range === choice ? { ...shown, ...figure, loaded: true } : shown,
      );
    },

    /** Whether one of the four figures is that of the range. */
    get isShortcut() {
      return this.shortcuts.some((shortcut) => shortcut.range === range.choice);
    },

    /** The uptime in the range. */
    get figure() {
      const { current: stats } = statistics;
      return stats ? describeUptime(stats, api.now()) : { value: '–', note: '', exact: '' };
    },

    /** The time in the range that the monitor was not OK, or why the uptime is unknown, and what it does not cover. */
    get text() {
      const { current: stats } = statistics;
      return [stats ? describeDowntime(stats) : '', this.figure.note].filter(Boolean).join(' · ');
    },
  };
}
