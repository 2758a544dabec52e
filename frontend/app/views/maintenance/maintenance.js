/** @import {MaintenanceWindow} from '../../../types/model' */
/** @import {App} from '../../app.js' */
import { coalesce } from '../../coalesce.js';
import { formatExact } from '../../format.js';
import { newRemoval } from '../list/actions.js';
import { windowRemover } from '../maintenance-form/compare.js';
import { badgeOfWindow, countdown, describeTime, formatSpan, windowList } from './windows.js';

/** How many monitors and groups of a window the list names. */
const MAX_NAMES = 6;

/**
 * The maintenance view: the list of all maintenance windows.
 * @param {App} app
 */
export function maintenance(app) {
  const { api, live, clock } = app;
  const list = windowList(app);
  let unsubscribe = () => {};

  return {
    clock,
    list,
    /** The names of the monitors by id. @type {Readonly<Record<string, string>>} */
    names: Object.freeze({}),
    namesLoaded: false,
    /** The window in the delete dialog. @type {MaintenanceWindow | null} */
    selected: null,
    removal: newRemoval(app.notify, windowRemover(api), ({ name }) => {
      app.notify(`Deleted ${name}`);
      list.load();
    }),
    loadNames: async () => {},

    init() {
      this.loadNames = coalesce(() => this.readNames());
      this.list.init();
      unsubscribe = live.subscribe({ monitor: () => this.loadNames(), stale: () => this.load() });
      this.load();
    },

    destroy() {
      unsubscribe();
      this.list.destroy();
    },

    load() {
      this.list.load();
      this.loadNames();
    },

    /** Reads the names of the monitors. If this fails, the list shows their ids. */
    async readNames() {
      const monitors = await api.exportMonitors().catch(() => null);
      if (monitors) {
        this.names = Object.freeze(Object.fromEntries(monitors.map(({ id, name }) => [id, name])));
        this.namesLoaded = true;
      }
    },

    get error() {
      return this.list.error;
    },

    get isLoading() {
      return !this.list.loaded && !this.list.error;
    },

    get isEmpty() {
      return this.list.loaded && this.list.items.length === 0;
    },

    get summary() {
      const { items, loaded } = this.list;
      if (!loaded) {
        return this.isLoading ? 'Loading maintenance windows…' : 'Not loaded';
      }
      const labels = items.map((window) => badgeOfWindow(window).label);
      const counts = ['Active', 'Scheduled', 'Ended'].map((label) => [
        labels.filter((it) => it === label).length,
        label,
      ]);
      const parts = counts
        .filter(([count]) => count)
        .map(([count, label]) => `${count} ${String(label).toLowerCase()}`);
      return parts.join(' · ') || '0 maintenance windows';
    },

    badge: badgeOfWindow,
    time: describeTime,

    /** @param {MaintenanceWindow} window */
    countdown: (window) => countdown(window, clock.now),

    /**
     * Returns the current or next period of a weekly window, in the user's time zone; empty for other windows.
     * @param {MaintenanceWindow} window
     */
    next: ({ weekly, active, next }) =>
      weekly && next ? `${active ? 'now' : 'next'} ${formatSpan(next.start, next.end)}` : '',

    /** @param {MaintenanceWindow} window */
    exact: ({ next }) => (next ? `${formatExact(next.start)} to ${formatExact(next.end)}` : ''),

    /**
     * Returns the first groups and monitors of a window: groups, then monitors.
     * @param {MaintenanceWindow} window
     */
    appliesTo({ groups, monitors }) {
      return [
        ...groups.map((group) => ({ key: `group ${group}`, kind: 'Group', name: group, href: '' })),
        ...monitors.map((id) => ({ key: id, kind: '', ...this.link(id) })),
      ].slice(0, MAX_NAMES);
    },

    /** @param {string} id the id of a monitor */
    link(id) {
      const name = this.names[id];
      return this.namesLoaded && name === undefined
        ? { name: 'deleted monitor', href: '' }
        : { name: name ?? id, href: `#monitor/${id}` };
    },

    /**
     * Returns how many groups and monitors appliesTo leaves out.
     * @param {MaintenanceWindow} window
     */
    hiddenCount: ({ groups, monitors }) => Math.max(0, groups.length + monitors.length - MAX_NAMES),

    /**
     * @param {MaintenanceWindow} window
     * @param {HTMLDialogElement} dialog
     */
    askRemove(window, dialog) {
      this.selected = window;
      this.removal.ask(dialog, window);
    },
  };
}
