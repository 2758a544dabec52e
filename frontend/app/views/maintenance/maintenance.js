/** @import {MaintenanceWindow} from '../../../types/model' */
/** @import {App} from '../../app.js' */
import { messageOf } from '../../api.js';
import { coalesce } from '../../coalesce.js';
import { formatExact } from '../../format.js';
import { badgeOfWindow, countdown, describeTime, formatSpan, windowList } from './windows.js';

/** How many of those that a window is for are named. */
const NAMED = 6;

/**
 * The maintenance windows.
 * @param {App} app
 */
export function maintenance(app) {
  const { api, live, clock } = app;
  let unsubscribe = () => {};

  return {
    clock,
    list: windowList(app),
    /** @type {Readonly<Record<string, string>>} the names of the monitors, by their ids */
    names: Object.freeze({}),
    named: false,
    /** @type {MaintenanceWindow | null} the one that is asked about */
    chosen: null,
    busy: false,
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

    /** Without the names there are still the ids. */
    async readNames() {
      const all = await api.exportMonitors().catch(() => null);
      if (all) {
        this.names = Object.freeze(Object.fromEntries(all.map(({ id, name }) => [id, name])));
        this.named = true;
      }
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
        return this.isLoading ? 'Loading the windows…' : 'Not loaded';
      }
      const labels = items.map((window) => badgeOfWindow(window).label);
      const counts = ['On now', 'Planned', 'Over'].map((label) => [labels.filter((it) => it === label).length, label]);
      const said = counts.filter(([count]) => count).map(([count, label]) => `${count} ${String(label).toLowerCase()}`);
      return said.join(' · ') || 'None planned';
    },

    badge: badgeOfWindow,
    time: describeTime,

    /** @param {MaintenanceWindow} window */
    countdown: (window) => countdown(window, clock.now),

    /**
     * When a weekly window is there next, by the reader's clocks.
     * @param {MaintenanceWindow} window
     */
    next: ({ weekly, active, next }) =>
      weekly && next ? `${active ? 'now' : 'next'} ${formatSpan(next.start, next.end)}` : '',

    /** @param {MaintenanceWindow} window */
    exact: ({ next }) => (next ? `${formatExact(next.start)} to ${formatExact(next.end)}` : ''),

    /**
     * Those that the window is for: groups, then monitors, not all of them where they are many.
     * @param {MaintenanceWindow} window
     */
    covered({ groups, monitors }) {
      return [
        ...groups.map((group) => ({ key: `group ${group}`, kind: 'Group', name: group, href: '' })),
        ...monitors.map((id) => ({ key: id, kind: '', ...this.link(id) })),
      ].slice(0, NAMED);
    },

    /** @param {string} id of a monitor */
    link(id) {
      const name = this.names[id];
      return this.named && name === undefined
        ? { name: 'a deleted monitor', href: '' }
        : { name: name ?? id, href: `#monitor/${id}` };
    },

    /** @param {MaintenanceWindow} window */
    others: ({ groups, monitors }) => Math.max(0, groups.length + monitors.length - NAMED),

    /**
     * @param {MaintenanceWindow} window
     * @param {HTMLDialogElement} dialog
     */
    ask(window, dialog) {
      this.chosen = window;
      dialog.showModal();
    },

    /** @param {HTMLDialogElement} dialog closed either way, so that a failure can be read */
    async remove(dialog) {
      const { id = '', name = '' } = this.chosen ?? {};
      this.busy = true;
      try {
        await api.removeWindow(id);
        app.notify(`Deleted: ${name}`);
        await this.list.load();
      } catch (error) {
        app.notify(`Not deleted: ${messageOf(error)}`, 'failed');
      } finally {
        this.busy = false;
        dialog.close();
      }
    },
  };
}
