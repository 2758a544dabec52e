/** @import {ListedMonitor} from '../../../types/model' */
/** @import {Fault} from '../../api.js' */
import { ApiError, withHint } from '../../api.js';
import { formatCount, formatNumber } from '../../format.js';
import { quote } from './actions.js';
import { collator } from './settings.js';

/** @typedef {'enable' | 'disable' | 'run' | 'group' | 'labels' | 'interval' | 'silence' | 'delete'} Action */

/** A change of the selected monitors: the body of the request without the ids. The report names the value. @typedef {{action: Action, body: object, value?: string}} Change */

/** What a change did to a monitor, as the API reports it. @typedef {{id: string, name: string, outcome: string}} Outcome */

/** The durations of a silence. */
export const DURATIONS = [
  { value: '30m', text: '30 minutes' },
  { value: '1h', text: '1 hour' },
  { value: '4h', text: '4 hours' },
  { value: '8h', text: '8 hours' },
  { value: '24h', text: '1 day' },
  { value: '72h', text: '3 days' },
  { value: '168h', text: '7 days' },
  { value: '0s', text: 'End the silence now' },
];

/** The titles of the dialogs, and the texts of the buttons that submit them. @type {Record<string, [title: string, submit: string]>} */
const TITLES = {
  group: ['Move # to a group', 'Move'],
  labels: ['Change labels of #', 'Change labels'],
  interval: ['Change the interval of #', 'Change interval'],
  silence: ['Silence #', 'Silence'],
  delete: ['Delete #?', 'Delete'],
  refused: ['Nothing was changed', ''],
  missing: ['Some monitors were not changed', ''],
};

/** The maximum number of different faults in the dialog of a change. */
const MAX_DETAILS = 3;

/** What is shown while a change is made. @type {Record<Action, string>} */
const PROGRESS = {
  enable: 'Enabling #…',
  disable: 'Disabling #…',
  run: 'Requesting checks of #…',
  group: 'Moving #…',
  labels: 'Changing labels of #…',
  interval: 'Changing the interval of #…',
  silence: 'Silencing #…',
  delete: 'Deleting #…',
};

/**
 * @param {Action} action
 * @param {number} count
 * @param {number} done how many are done
 */
export function progressOf(action, count, done) {
  const text = PROGRESS[action].replace('#', formatCount(count, 'monitor'));
  return done > 0 ? `${text} ${formatNumber(done)} done` : text;
}

/**
 * Creates the state of a dialog.
 * @param {string} kind
 * @param {ListedMonitor[]} monitors the selected ones
 * @param {{groups: readonly string[], list: {items: readonly ListedMonitor[]}}} list
 */
export function newForm(kind, monitors = [], { groups, list } = { groups: [], list: { items: [] } }) {
  const [title, submit] = TITLES[kind] ?? ['', ''];
  const labels = labelsIn(list.items);
  return {
    kind,
    isOpen: false,
    title: title.replace('#', formatCount(monitors.length, 'monitor')),
    submit,
    error: '',
    groups,
    keys: [...labels.keys()].sort(),
    names: kind === 'delete' ? monitors.map(({ name }) => name).sort(collator.compare) : [],
    group: '',
    interval: '',
    duration: '1h',
    typed: '',
    /** What must be typed; empty if nothing must be. */
    mustType: '',
    key: '',
    value: '',
    /** The labels of the selected monitors, by key, and whether to remove them. */
    present: [...labelsIn(monitors)]
      .sort()
      .map(([key, values]) => ({ key, text: valuesText(values), isRemoved: false })),
    /** Monitors that did not exist any more. @type {Outcome[]} */
    missing: [],
    /** The change that was refused. @type {{change: Change | null, faults: Fault[]}} */
    refused: { change: null, faults: [] },
    /** The button that makes the change of the other monitors. The text is empty if there are none. */
    retry: { text: '', kind: 'primary' },

    /** The values of the label with the typed key. @returns {string[]} */
    get values() {
      return [...(labels.get(this.key.trim())?.keys() ?? [])].sort();
    },

    /** @returns {boolean} */
    get isReady() {
      return (
        kind !== 'labels' ||
        this.present.some(({ isRemoved }) => isRemoved) ||
        Boolean(this.key.trim() && this.value.trim())
      );
    },

    /** @returns {Change} */
    change() {
      switch (kind) {
        case 'group':
          return { action: kind, body: { set: { group: this.group.trim() } }, value: this.group.trim() };
        case 'interval':
          return { action: kind, body: { set: { interval: this.interval.trim() } }, value: this.interval.trim() };
        case 'silence':
          return { action: kind, body: { silence: this.duration }, value: this.duration };
        case 'labels':
          return { action: kind, body: { set: { labels: this.changedLabels() } } };
        default:
          return { action: 'delete', body: { delete: true } };
      }
    },

    /** @returns {Record<string, string | null>} */
    changedLabels() {
      const removed = this.present.filter(({ isRemoved }) => isRemoved).map(({ key }) => [key, null]);
      return Object.fromEntries(this.key.trim() ? [...removed, [this.key.trim(), this.value.trim()]] : removed);
    },
  };
}

/**
 * Returns how often each label occurs, by key and value.
 * @param {readonly ListedMonitor[]} monitors
 */
function labelsIn(monitors) {
  /** @type {Map<string, Map<string, number>>} */
  const found = new Map();
  for (const [key, value] of monitors.flatMap(({ labels = {} }) => Object.entries(labels))) {
    const values = found.get(key) ?? new Map();
    found.set(key, values.set(value, (values.get(value) ?? 0) + 1));
  }
  return found;
}

/** @param {Map<string, number>} values */
function valuesText(values) {
  const texts = [...values].sort(([, a], [, b]) => b - a).map(([value, count]) => `${value} (${formatNumber(count)})`);
  const more = texts.length > 3 ? [`${texts.length - 3} more`] : [];
  return [...texts.slice(0, 3), ...more].join(', ');
}

/**
 * Returns what is wrong with the monitors, the most common faults first, with the hint of the API if there is only one.
 * @param {readonly Fault[]} faults at least one
 */
export function commonFaults(faults) {
  const byDetail = [...Map.groupBy(faults, ({ detail }) => detail)].sort(([, a], [, b]) => b.length - a.length);
  const details = byDetail.slice(0, MAX_DETAILS).map(([detail]) => detail);
  return withHint(details.join('; '), new ApiError('', 0, byDetail.length === 1 ? faults[0].hint : ''));
}

/**
 * Says what a failed change means. Only a response that refuses the change says that nothing was changed: after any other
 * error, the API may have made the change, or makes it later.
 * @param {unknown} error
 */
export function failureOf(error) {
  const isRefused = error instanceof ApiError && error.status >= 400 && error.status < 500;
  return isRefused ? 'Nothing was changed' : 'The change may be incomplete';
}

/**
 * Returns the button that makes a change of the other monitors.
 * @param {Change} change
 * @param {number} count how many there are
 */
export function retryOf({ action }, count) {
  const verb = { delete: 'Delete', run: 'Check' }[/** @type {string} */ (action)] ?? 'Change';
  const text = count > 0 ? `${verb} the other ${formatCount(count, 'monitor')}` : '';
  return { text, kind: action === 'delete' ? 'danger' : 'primary' };
}

/**
 * Returns a sentence about what a change did, and the monitors that did not exist any more.
 * @param {Change} change
 * @param {Outcome[]} outcomes
 */
export function reportOf(change, outcomes) {
  const by = Map.groupBy(outcomes, ({ outcome }) => outcome);
  const count = (/** @type {string} */ outcome) => by.get(outcome)?.length ?? 0;
  const changed = count('changed') + count('started') + count('deleted');
  const unchanged = count('unchanged') + count('disabled');
  const missing = by.get('missing') ?? [];
  const others = unchanged > 0 ? ` ${othersText(change, unchanged, changed > 0)}` : '';
  const done = changed > 0 || unchanged === 0 ? doneText(change, formatCount(changed, 'monitor')) : '';
  return { text: missing.length === outcomes.length ? 'Nothing was changed.' : `${done}${others}`.trim(), missing };
}

/**
 * @param {Change} change
 * @param {string} count
 */
function doneText({ action, value = '' }, count) {
  switch (action) {
    case 'run':
      return `Checking ${count}…`;
    case 'group':
      return value ? `${count} moved to ${quote(value)}.` : `${count} removed from their group.`;
    case 'labels':
      return `Labels of ${count} changed.`;
    case 'interval':
      return `Interval of ${count} set to ${value}.`;
    case 'silence':
      return value === '0s'
        ? `Silence of ${count} ended.`
        : `${count} silenced for ${DURATIONS.find((duration) => duration.value === value)?.text}.`;
    default:
      return `${count} ${action}d.`;
  }
}

/**
 * @param {Change} change
 * @param {number} count
 * @param {boolean} hasOthers whether other monitors were changed
 */
function othersText({ action }, count, hasOthers) {
  const who = hasOthers ? formatNumber(count) : formatCount(count, 'monitor');
  const [was, had] = count === 1 ? ['was', 'had'] : ['were', 'had'];
  switch (action) {
    case 'run':
      return `${who} ${was} not checked, because ${count === 1 ? 'it is' : 'they are'} disabled.`;
    case 'enable':
    case 'disable':
      return `${who} ${was} ${action}d already.`;
    case 'group':
      return `${who} ${was} there already.`;
    default:
      return `${who} ${had} the new values already.`;
  }
}
