/** @import {ListedMonitor, MaintenanceWindow, Monitor} from '../../../types/model' */
/** @import {App} from '../../app.js' */
import { badgeOf } from '../../format.js';
import { badgeOfWindow, countdown, describeTime, isFor, windowList } from '../maintenance/windows.js';

/**
 * What a monitor's results depend on but the monitor itself: its maintenance windows, and the monitor that it depends on.
 * @param {App} app
 */
export function surroundings(app) {
  const { monitors, clock } = app;
  let release = () => {};
  let following = false;

  return {
    windows: windowList(app),
    list: monitors.state,

    init() {
      this.windows.init();
    },

    destroy() {
      this.windows.destroy();
      release();
    },

    /**
     * Follows the other monitors where one of them matters.
     * @param {Monitor} monitor
     */
    meet({ properties }) {
      if (properties.dependsOn && !following) {
        following = true;
        release = monitors.use();
      }
    },

    /**
     * The windows for a monitor that are on or come.
     * @param {Monitor} monitor
     */
    windowsOf(monitor) {
      return this.windows.items.filter((window) => window.next && isFor(window, monitor));
    },

    /** @param {Monitor} monitor */
    isUnplanned(monitor) {
      return !this.windows.error && this.windowsOf(monitor).length === 0;
    },

    badge: badgeOfWindow,
    time: describeTime,

    /** @param {MaintenanceWindow} window */
    countdown: (window) => countdown(window, clock.now),

    /**
     * The monitor that another one depends on: by its id, else by its name.
     * @param {Monitor} monitor
     * @returns {ListedMonitor | null}
     */
    parentOf({ properties }) {
      const needed = properties.dependsOn ?? '';
      const { items } = this.list;
      return items.find(({ id }) => id === needed.toLowerCase()) ?? items.find(({ name }) => name === needed) ?? null;
    },

    /** @param {ListedMonitor} parent */
    parentBadge: (parent) => badgeOf(parent, parent.latest),

    /**
     * What is to be said of a monitor that another one depends on.
     * @param {Monitor} monitor
     */
    parentNote(monitor) {
      const parent = this.parentOf(monitor);
      if (!parent) {
        return this.list.loaded ? 'No monitor has this id or name.' : '';
      }
      return parent.enabled ? '' : 'It is disabled, so this one counts on its own.';
    },
  };
}
