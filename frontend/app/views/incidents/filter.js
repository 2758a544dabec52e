/** @import {ListedMonitor} from '../../../types/model' */
/** @import {TimeRange} from '../../time-range.js' */
import { limitsOf, rangeAddress, timeRangeOf } from '../../time-range.js';

/**
 * The filters of the view. An empty value does not filter. The group is "group:" and its name, or "none" for monitors without
 * a group.
 * @typedef {{state: string, severity: string, group: string, monitor: string} & TimeRange} IncidentSettings
 */

const ID = /^[0-9a-f]{24}$/i;
const STATES = ['open', 'ended'];
/** The severity of the API for each choice. */
const SEVERITIES = /** @type {Record<string, string>} */ ({ error: '1', failed: '2' });
const GROUP = 'group:';
const NO_GROUP = 'none';

/**
 * @param {URLSearchParams} params of the address
 * @returns {IncidentSettings}
 */
export function settingsOf(params) {
  const [state, severity, group, monitor] = ['state', 'severity', 'group', 'monitor'].map(
    (name) => params.get(name) ?? '',
  );
  return {
    state: STATES.includes(state) ? state : '',
    severity: severity in SEVERITIES ? severity : '',
    group: group ? `${GROUP}${group}` : params.has('ungrouped') ? NO_GROUP : '',
    monitor: ID.test(monitor) ? monitor : '',
    ...timeRangeOf(params),
  };
}

/**
 * Returns the settings as parameters of the page's address.
 * @param {IncidentSettings} settings
 * @returns {Record<string, string>}
 */
export function addressOf(settings) {
  const { state, severity, group, monitor } = settings;
  return {
    state,
    severity,
    group: group.startsWith(GROUP) ? group.slice(GROUP.length) : '',
    ungrouped: group === NO_GROUP ? 'true' : '',
    monitor,
    ...rangeAddress(settings),
  };
}

/**
 * Returns the settings without the state as parameters of the API, relative to now.
 * @param {IncidentSettings} settings
 * @param {number} now milliseconds since 1970
 * @returns {Record<string, string>}
 */
export function queryOf(settings, now) {
  const { severity, group, monitor } = settings;
  const set = { severity: SEVERITIES[severity] ?? '', monitor, ...limitsOf(settings, now) };
  return {
    ...Object.fromEntries(Object.entries(set).filter(([, value]) => value !== '')),
    ...(group ? { group: group.startsWith(GROUP) ? group.slice(GROUP.length) : '' } : {}),
  };
}

/**
 * Returns the choices of the group: the groups of the monitors, and the chosen one, which may no longer exist.
 * @param {readonly ListedMonitor[]} monitors
 * @param {string} chosen
 */
export function groupChoices(monitors, chosen) {
  const names = new Set(monitors.flatMap(({ group }) => group || []));
  if (chosen.startsWith(GROUP)) {
    names.add(chosen.slice(GROUP.length));
  }
  return [
    { value: '', label: 'All' },
    ...[...names].sort((a, b) => a.localeCompare(b)).map((name) => ({ value: `${GROUP}${name}`, label: name })),
    { value: NO_GROUP, label: 'No group' },
  ];
}
