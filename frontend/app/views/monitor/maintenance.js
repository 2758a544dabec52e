/** @import {MaintenanceWindow, Monitor} from '../../../types/model' */
/** @import {App} from '../../app.js' */
import { badgeOfWindow, countdown, describeTime, isFor, windowList } from '../maintenance/windows.js';

/**
 * The maintenance windows of the shown monitor.
 * @param {App} app
 */
export function maintenancePanel(app) {
  return {
    windows: windowList(app),

    init() {
      this.windows.init();
    },

    destroy() {
      this.windows.destroy();
    },

    load() {
      return this.windows.load();
    },

    /**
     * Returns the current and planned windows of a monitor.
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
    countdown: (window) => countdown(window, app.clock.now),
  };
}
