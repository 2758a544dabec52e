/** @import {Connection, ListedMonitor} from '../../../types/model' */
/** @import {App} from '../../app.js' */
/** @import {Route} from '../../router.js' */
import Alpine from '../../lib/alpine.js';
import { formatAgo, formatDate, formatTime } from '../../format.js';
import { rememberSettings } from '../../router.js';
import { applyLayout, applyStep, fitTiles } from './wall-fit.js';
import { arrange, drawTile } from './wall.js';

/** How often what depends on the time alone is drawn again, in milliseconds. */
const BEAT = 10_000;
const MARGIN = 16;

/**
 * All monitors on one screen, to be read from across a room.
 * @param {App} app
 * @param {Route} route
 */
export function dash({ monitors, clock, setTitle }, { params }) {
  let release = () => {};
  /** @type {ReturnType<typeof Alpine.effect>[]} */
  let effects = [];
  /** @type {WakeLockSentinel | null} */
  let awake = null;
  let gone = false;
  let shape = '';

  return {
    list: monitors.state,
    clock,
    group: params.get('group') ?? '',
    /** The time by which tiles are drawn. */
    now: 0,
    picture: arrange([], 0),
    fullScreen: false,
    canFullScreen: document.fullscreenEnabled,

    init() {
      release = monitors.use();
      effects = [
        Alpine.effect(() => (this.now = Math.floor(clock.now / BEAT) * BEAT)),
        Alpine.effect(() => this.arrange(this.shown, this.now)),
      ];
    },

    destroy() {
      gone = true;
      release();
      effects.forEach(Alpine.release);
      this.sleep();
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
      const picture = arrange(shown, now);
      this.picture = picture;
      if (shown.length) {
        setTitle(picture.verdict);
      }
      const next = JSON.stringify([
        picture.bad.length,
        picture.groups.map(({ name, monitors }) => [name, monitors.length]),
      ]);
      if (next !== shape) {
        shape = next;
        queueMicrotask(() => this.fit()); // all is drawn then, but not seen yet
      }
    },

    /** Sizes the tiles so that the screen holds all of them. */
    fit() {
      if (gone || !this.list.loaded) {
        return;
      }
      const { $root } = /** @type {any} */ (this);
      const [bad, others] = $root.querySelectorAll('.wall-bad, .wall-others');
      const scrolled = this.fullScreen ? $root.scrollTop : scrollY;
      const top = bad.parentElement.getBoundingClientRect().top + scrolled;
      const { picture } = this;
      const shape = {
        counts: picture.groups.map(({ monitors }) => monitors.length),
        named: this.isNamed,
      };
      const steps = fitTiles(picture.bad.length, shape, others.clientWidth, innerHeight - top - MARGIN);
      applyStep(bad, steps.bad);
      applyStep(others, steps.others);
      applyLayout(others, steps.others, shape);
    },

    /** Whether the groups have headings. */
    get isNamed() {
      return this.picture.groups.some(({ name }) => name);
    },

    draw: drawTile,

    get groupNames() {
      const names = new Set(this.list.items.map((item) => item.group ?? ''));
      return [...names, this.group]
        .filter((name, i, all) => name && all.indexOf(name) === i)
        .sort((a, b) => a.localeCompare(b));
    },

    /** @param {string} group */
    choose(group) {
      this.group = group;
      rememberSettings('#dash', { group });
    },

    get isLoading() {
      return !this.list.loaded && !this.list.error;
    },

    get isEmpty() {
      return this.list.loaded && this.shown.length === 0;
    },

    /**
     * Whether what is shown may be old as a whole.
     * @param {Connection} connection
     */
    isStale(connection) {
      return connection === 'disconnected' || this.list.error !== '';
    },

    /** @param {Connection} connection */
    kind(connection) {
      return this.isStale(connection) ? 'stale' : this.isEmpty || this.isLoading ? 'pending' : this.picture.kind;
    },

    /** @param {Connection} connection */
    verdict(connection) {
      if (this.isStale(connection)) {
        return connection === 'disconnected' ? 'Disconnected' : 'Not up to date';
      }
      return this.isLoading ? 'Loading…' : this.picture.verdict || 'Nothing is watched';
    },

    /**
     * @param {Connection} connection
     * @param {number} since
     */
    rest(connection, since) {
      if (!this.isStale(connection)) {
        return this.picture.rest;
      }
      const reason = connection === 'disconnected' ? `since ${formatTime(since)}` : this.list.error;
      return this.picture.verdict ? `${reason} · last known: ${this.picture.verdict}` : reason;
    },

    get time() {
      return formatTime(this.clock.now);
    },

    get isoTime() {
      return new Date(this.clock.now).toISOString();
    },

    get newest() {
      return this.picture.newest ? `newest result ${formatAgo(this.picture.newest, this.clock.now)}` : 'no results yet';
    },

    get newestDate() {
      return this.picture.newest ? formatDate(this.picture.newest) : '';
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

    /** Keeps the screen on while it is full; the browser lets go of it whenever the page is hidden. */
    async keepAwake() {
      this.sleep();
      if (!this.fullScreen || document.hidden || !navigator.wakeLock) {
        return;
      }
      const lock = await navigator.wakeLock.request('screen').catch(() => null);
      if (gone || !this.fullScreen || awake) {
        lock?.release();
      } else {
        awake = lock;
      }
    },

    sleep() {
      awake?.release();
      awake = null;
    },
  };
}
