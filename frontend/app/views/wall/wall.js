/** @import {Connection, ListedMonitor} from '../../../types/model' */
/** @import {App} from '../../app.js' */
/** @import {Route} from '../../router.js' */
import Alpine from '../../lib/alpine.js';
import { formatAgo, formatDate, formatTime } from '../../format.js';
import { rememberSettings } from '../../router.js';
import { FittedTexts } from './fitted-texts.js';
import { withoutPrefix } from './names.js';
import { applyLayout, applyStep, fitTiles } from './wall-fit.js';
import { arrange, drawTile, iconOf, prefixFinder } from './tiles.js';

/** How often the tiles are redrawn because time has passed, in milliseconds. */
const REFRESH_INTERVAL = 10_000;
/** The space below the tiles, in pixels. */
const MARGIN = 16;
/** The headlines while no new results arrive. @type {Partial<Record<Connection, string>>} */
const INTERRUPTED = { disconnected: 'Disconnected', unavailable: 'Store unavailable' };

/**
 * The wall view: all monitors on one screen, readable from across a room.
 * @param {App} app
 * @param {Route} route
 */
export function wall(app, { params }) {
  const { monitors, clock, setTitle } = app;
  let release = () => {};
  /** @type {ReturnType<typeof Alpine.effect>[]} */
  let effects = [];
  /** @type {WakeLockSentinel | null} */
  let wakeLock = null;
  const texts = new FittedTexts();
  const prefixesOf = prefixFinder();
  let destroyed = false;
  /** The numbers of tiles that the layout was made for, as text. */
  let lastShape = '';

  return {
    list: monitors.state,
    clock,
    group: params.get('group') ?? '',
    /** The time that the tiles show, rounded down to REFRESH_INTERVAL; of a saved list, the time when it was saved. */
    now: 0,
    content: arrange([], 0, prefixesOf),
    /** The words that the tiles of each group don't repeat. All tiles are drawn when it is replaced. */
    prefixes: prefixesOf(new Map()),
    fullScreen: false,
    canFullScreen: document.fullscreenEnabled,

    init() {
      release = monitors.use();
      effects = [
        Alpine.effect(() => {
          const now = Date.parse(app.savedAt()) || clock.now; // A saved list shows what was overdue then.
          this.now = Math.floor(now / REFRESH_INTERVAL) * REFRESH_INTERVAL;
        }),
        Alpine.effect(() => this.arrange(this.shown, this.now)),
      ];
    },

    destroy() {
      destroyed = true;
      release();
      effects.forEach(Alpine.release);
      this.releaseWakeLock();
    },

    load: () => monitors.load(),

    get shown() {
      return this.group ? this.list.items.filter((item) => item.group === this.group) : this.list.items;
    },

    /**
     * @param {readonly ListedMonitor[]} shown
     * @param {number} now
     */
    arrange(shown, now) {
      const content = arrange(shown, now, prefixesOf);
      this.content = content;
      this.prefixes = content.prefixes;
      if (shown.length) {
        setTitle(content.headline);
      }
      const next = JSON.stringify([
        content.notOk.length,
        content.groups.map(({ name, monitors }) => [name, monitors.length]),
      ]);
      if (next !== lastShape) {
        lastShape = next;
        queueMicrotask(() => this.fit()); // After Alpine has updated the DOM, before the browser paints.
      }
    },

    /** Sets the size of the tiles so that all of them fit on the screen. */
    fit() {
      if (destroyed || !this.list.loaded) {
        return;
      }
      const { $root } = /** @type {any} */ (this);
      const [notOk, others] = $root.querySelectorAll('.wall-not-ok, .wall-others');
      const scrolled = this.fullScreen ? $root.scrollTop : scrollY;
      const top = notOk.parentElement.getBoundingClientRect().top + scrolled;
      const { content } = this;
      const shape = {
        counts: content.groups.map(({ monitors }) => monitors.length),
        named: this.isNamed,
      };
      const steps = fitTiles(content.notOk.length, shape, others.clientWidth, innerHeight - top - MARGIN);
      applyStep(notOk, steps.notOk);
      applyStep(others, steps.others);
      applyLayout(others, steps.others, shape);
      texts.fit($root.querySelectorAll('.tile-name, .wall-group h2'));
    },

    /** Whether the groups have headings. */
    get isNamed() {
      return this.content.groups.some(({ name }) => name);
    },

    /**
     * @param {HTMLAnchorElement} tile
     * @param {ListedMonitor} item
     * @param {number} now milliseconds since 1970
     * @param {string} name the name that the tile shows
     */
    draw(tile, item, now, name) {
      drawTile(tile, item, now);
      texts.show(/** @type {HTMLElement} */ (tile.querySelector('.tile-name')), name);
    },

    /** @param {ListedMonitor} item */
    shortName({ name, group }) {
      return withoutPrefix(name, this.prefixes[group ?? '']);
    },

    /**
     * @param {HTMLElement} element
     * @param {string} heading
     */
    drawHeading: (element, heading) => texts.show(element, heading),

    get groupNames() {
      const names = new Set(this.list.items.map((item) => item.group ?? ''));
      return [...names, this.group]
        .filter((name, i, all) => name && all.indexOf(name) === i)
        .sort((a, b) => a.localeCompare(b));
    },

    /** @param {string} group */
    choose(group) {
      this.group = group;
      rememberSettings('#wall', { group });
    },

    /** Why there are no monitors. While old ones are shown, the headline shows the error. */
    get error() {
      return this.list.loaded ? '' : this.list.error;
    },

    get isEmpty() {
      return this.list.loaded && this.shown.length === 0;
    },

    /**
     * Reports whether all shown data may be outdated.
     * @param {Connection} connection
     */
    isStale(connection) {
      return connection in INTERRUPTED || this.list.error !== '';
    },

    /** @param {Connection} connection */
    kind(connection) {
      return this.isStale(connection) ? 'stale' : this.isEmpty || this.list.isLoading ? 'pending' : this.content.kind;
    },

    icon: iconOf,

    /** @param {Connection} connection */
    headline(connection) {
      if (this.isStale(connection)) {
        return INTERRUPTED[connection] ?? 'Not up to date';
      }
      return this.list.isLoading ? 'Loading…' : this.content.headline || 'No monitors yet';
    },

    /**
     * @param {Connection} connection
     * @param {number} since
     */
    subline(connection, since) {
      if (!this.isStale(connection)) {
        return this.content.subline;
      }
      const reason = connection in INTERRUPTED ? `since ${formatTime(since)}` : this.list.error;
      return this.content.headline ? `${reason} · last known: ${this.content.headline}` : reason;
    },

    get time() {
      return formatTime(this.clock.now);
    },

    get isoTime() {
      return new Date(this.clock.now).toISOString();
    },

    get newest() {
      return this.content.newest ? `last result ${formatAgo(this.content.newest, this.clock.now)}` : 'no results yet';
    },

    get newestDate() {
      return this.content.newest ? formatDate(this.content.newest) : '';
    },

    /** @param {KeyboardEvent} event */
    onKey({ key, target, ctrlKey, metaKey, altKey, repeat }) {
      const typing = target instanceof Element && target.matches('input, select, textarea');
      if (key.toLowerCase() === 'f' && !typing && !ctrlKey && !metaKey && !altKey && !repeat) {
        this.toggleFullScreen();
      }
    },

    async toggleFullScreen() {
      if (document.fullscreenElement) {
        await document.exitFullscreen();
      } else if (this.canFullScreen) {
        await /** @type {any} */ (this).$root.requestFullscreen().catch(() => {});
      }
    },

    onFullScreen() {
      this.fullScreen = document.fullscreenElement !== null;
      this.keepAwake();
      this.fit();
    },

    /** Keeps the screen on in full screen mode. The browser releases the lock whenever the page is hidden. */
    async keepAwake() {
      this.releaseWakeLock();
      if (!this.fullScreen || document.hidden || !navigator.wakeLock) {
        return;
      }
      const lock = await navigator.wakeLock.request('screen').catch(() => null);
      if (destroyed || !this.fullScreen || wakeLock) {
        lock?.release();
      } else {
        wakeLock = lock;
      }
    },

    releaseWakeLock() {
      wakeLock?.release();
      wakeLock = null;
    },
  };
}
