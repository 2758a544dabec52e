/** @import {MaintenanceWindow, WindowDraft} from '../../../types/model' */
/** @import {Api, Version} from '../../api.js' */
/** @import {Change, Field} from '../../differences.js' */
import { NOT_SET, changesOf, removeShown } from '../../differences.js';
import { windowsOf } from '../../documents.js';
import { DAYS, describeTime } from '../maintenance/windows.js';
import { draftOfShown, shownOf } from './draft.js';

/** How many monitors or groups are named. */
const MAX_NAMES = 12;

/**
 * Returns the fields of a maintenance window.
 * @param {Record<string, string>} names the names of the monitors by id
 * @returns {Field<WindowDraft>[]}
 */
export function windowFields(names) {
  return [
    {
      key: 'name',
      label: 'Name',
      get: ({ name }) => name,
      set: (window, name) => (window.name = name),
      show: ({ name }) => name || NOT_SET,
    },
    {
      key: 'schedule',
      label: 'Schedule',
      get: scheduleOf,
      set: (window, schedule) =>
        Object.assign(window, { start: undefined, end: undefined, weekly: undefined }, schedule),
      show: (window) => (window.weekly || (window.start && window.end) ? describeTime(window) : NOT_SET),
    },
    {
      key: 'monitors',
      label: 'Monitors',
      get: ({ monitors }) => monitors.toSorted(),
      set: (window, monitors) => (window.monitors = monitors),
      show: ({ monitors }) => listed(monitors.map((id) => names[id] ?? `deleted monitor ${id}`)),
    },
    {
      key: 'groups',
      label: 'Groups',
      get: ({ groups }) => groups.toSorted(),
      set: (window, groups) => (window.groups = groups),
      show: ({ groups }) => listed(groups),
    },
    {
      key: 'public',
      label: 'Status pages',
      get: (window) => draftOfShown(shownOf(window)),
      set: (window, shown) => Object.assign(window, { public: undefined, publicName: undefined }, shown),
      show: (window) => (window.public ? `shown as ${window.publicName || 'Planned maintenance'}` : 'not shown'),
    },
  ];
}

/**
 * Returns the schedule in one spelling: dates with milliseconds, and days in the order of a week.
 * @param {WindowDraft} window
 */
function scheduleOf({ start, end, weekly }) {
  if (!weekly) {
    const [from, to] = [start, end].map((date) => date && new Date(date).toISOString());
    return { start: from, end: to };
  }
  const days = DAYS.map(({ key }) => key).filter((key) => weekly.days.includes(key));
  return { weekly: { days, at: weekly.at, duration: weekly.duration, zone: weekly.zone } };
}

/** @param {string[]} names */
function listed(names) {
  const sorted = names.toSorted((a, b) => a.localeCompare(b));
  const more = sorted.length > MAX_NAMES ? ` and ${sorted.length - MAX_NAMES} more` : '';
  return sorted.slice(0, MAX_NAMES).join(', ') + more || 'none';
}

/**
 * Returns a function that deletes a window, for newRemoval.
 * @param {Api} api
 * @returns {(shown: Version<MaintenanceWindow>) => Promise<(Version<MaintenanceWindow> & {changes: Change[]}) | null>}
 */
export function windowRemover(api) {
  return (shown) =>
    removeShown(windowsOf(api), shown, async (before, after) => {
      const monitors = await api.exportMonitors();
      return changesOf(windowFields(Object.fromEntries(monitors.map(({ id, name }) => [id, name]))), before, after);
    });
}
