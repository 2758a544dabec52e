/** @import {ListedMonitor} from '../../../types/model' */
/** @import {App} from '../../app.js' */
/** @import {Fault} from '../../api.js' */
/** @import {Change, Outcome} from './bulk-texts.js' */
/** @import {Windowing} from './windowing.js' */
import Alpine from '../../lib/alpine.js';
import { ApiError, messageOf } from '../../api.js';
import { comparisonAddress, comparisonProblem } from '../../comparison.js';
import { formatNumber } from '../../format.js';
import { loadPart } from '../../views.js';
import { DURATIONS, commonFaults, failureOf, newForm, progressOf, reportOf, retryOf } from './bulk-texts.js';
import { newSelection } from './selection.js';

/** The maximum number of monitors in one request to check them. */
const MAX_RUN = 1000;
/** How long a change of many monitors may take, in milliseconds. */
const TIMEOUT = 300_000;
/** From how many monitors on their number must be typed before they are deleted. */
const TYPED_FROM = 11;

/**
 * What the bar needs from the list.
 * @typedef {{selected: Set<string>, list: {items: readonly ListedMonitor[], loaded: boolean}, shown: number, arranged: number, groups: readonly string[], $refs: Record<string, HTMLElement>}} List
 */

/**
 * Loads the bar with the actions on the selected monitors. It is visible while there are any.
 * @param {App} app
 * @param {List} list
 * @param {Windowing} windowing
 */
export async function loadBulk(app, list, windowing) {
  const markup = await loadPart('list/bulk');
  const host = list.$refs.bulk;
  /** Adds the bar to the page. Alpine connects it with the data of the list, which must have it by then. */
  const show = () => {
    host.innerHTML = markup;
  };
  return { bulk: newBulk(app, list, windowing, host), show };
}

/** @typedef {ReturnType<typeof newBulk>} Bulk */

/**
 * @param {App} app
 * @param {List} list
 * @param {Windowing} windowing
 * @param {HTMLElement} host
 */
function newBulk({ api, notify }, list, windowing, host) {
  const selection = newSelection(list.selected, windowing);

  return {
    selection,
    /** What is being done; empty while nothing is. */
    progress: '',
    form: newForm(''),
    durations: DURATIONS,

    /** @returns {number} */
    get count() {
      return list.selected.size;
    },

    /** @returns {string} */
    get status() {
      return this.progress || `${formatNumber(this.count)} selected`;
    },

    /** How many of the selected monitors the list does not show. @returns {string} */
    get hiddenText() {
      const hidden = this.count - this.countShown();
      return hidden > 0 && !this.progress ? `${formatNumber(hidden)} not shown` : '';
    },

    /** @returns {boolean} */
    get canSelectMore() {
      return this.countShown() < list.shown;
    },

    /** @returns {string} */
    get selectText() {
      return `Select all ${formatNumber(list.shown)}`;
    },

    countShown() {
      return list.arranged && windowing.shown.filter(({ id }) => list.selected.has(id)).length;
    },

    /** The selected monitors, by name. @returns {ListedMonitor[]} */
    monitors() {
      return list.list.items.filter(({ id }) => list.selected.has(id));
    },

    /**
     * Clears the selection, unless the key closes something else: a dialog, a menu or a tooltip.
     * @param {KeyboardEvent} event
     */
    onEscape(event) {
      const { target, defaultPrevented } = event;
      const isOther = defaultPrevented || /** @type {Element} */ (target).closest('dialog, [popover], [type=search]');
      if (!isOther && !this.progress && !this.form.isOpen) {
        this.clear();
      }
    },

    /** Removes monitors that no longer exist from the selection. */
    prune() {
      if (list.list.loaded) {
        selection.prune(list.list.items);
      }
    },

    /** Clears the selection, which removes the bar. The focus moves to the view. */
    clear() {
      selection.clear();
      host.closest('main')?.focus({ preventScroll: true });
    },

    /** Why the selected monitors can't be compared; empty if they can. @returns {string} */
    get compareProblem() {
      return comparisonProblem(this.count);
    },

    /** Opens the compare view with the selected monitors. */
    compare() {
      if (this.compareProblem) {
        notify(this.compareProblem);
      } else {
        location.hash = comparisonAddress(this.monitors().map(({ id }) => id));
      }
    },

    /** @param {boolean} enabled */
    setEnabled(enabled) {
      return this.make({ action: enabled ? 'enable' : 'disable', body: { set: { enabled } } });
    },

    run() {
      return this.make({ action: 'run', body: { run: true } });
    },

    /**
     * Opens the dialog of an action.
     * @param {'group' | 'labels' | 'interval' | 'silence' | 'delete'} kind
     */
    ask(kind) {
      const monitors = this.monitors();
      this.open(newForm(kind, monitors, list));
      this.form.mustType = kind === 'delete' && monitors.length >= TYPED_FROM ? String(monitors.length) : '';
    },

    /** @param {ReturnType<typeof newForm>} form */
    open(form) {
      this.form = form;
      this.form.isOpen = true;
      Alpine.nextTick(() => this.dialog().showModal());
    },

    dialog() {
      return /** @type {HTMLDialogElement} */ (host.querySelector('dialog'));
    },

    /** @returns {boolean} */
    get canSubmit() {
      const { mustType, typed, isReady } = this.form;
      return !this.progress && isReady && (!mustType || typed.trim() === mustType);
    },

    submit() {
      return this.make(this.form.change());
    },

    /** Tries again without the monitors that are at fault. */
    async retry() {
      const { change, faults } = this.form.refused;
      selection.remove(faults.map(({ id }) => id));
      this.dialog().close();
      await this.make(/** @type {Change} */ (change));
    },

    /**
     * Makes a change of the selected monitors, and shows what it did. If the API refuses it, nothing was changed, and a
     * dialog shows why.
     * @param {Change} change
     */
    async make(change) {
      const monitors = this.monitors();
      this.form.error = '';
      try {
        const outcomes = await this.send(change, monitors);
        this.dialog().close();
        const { text, missing } = reportOf(change, outcomes);
        notify(text, missing.length > 0 && missing.length === outcomes.length ? 'failed' : 'done');
        selection.remove(missing.map(({ id }) => id));
        if (change.action === 'delete') {
          this.clear();
        }
        if (missing.length > 0) {
          this.open({ ...newForm('missing'), missing });
        }
      } catch (error) {
        this.onError(change, monitors, error);
      } finally {
        this.progress = '';
      }
    },

    /**
     * @param {Change} change
     * @param {ListedMonitor[]} monitors
     * @returns {Promise<Outcome[]>}
     */
    async send({ action, body }, monitors) {
      const ids = monitors.map(({ id }) => id);
      const step = action === 'run' ? MAX_RUN : Math.max(1, ids.length);
      const outcomes = [];
      for (let from = 0; from < ids.length; from += step) {
        this.progress = progressOf(action, ids.length, from);
        const part = { ...body, ids: ids.slice(from, from + step) };
        const report = await api.json('/monitors', { method: 'PATCH', body: part, timeout: TIMEOUT });
        outcomes.push(...report.monitors);
      }
      return outcomes;
    },

    /**
     * @param {Change} change
     * @param {ListedMonitor[]} monitors
     * @param {unknown} error
     */
    onError(change, monitors, error) {
      /** @type {Fault[]} */
      const faults = error instanceof ApiError ? error.faults : [];
      if (this.form.isOpen && faults.length > 0 && faults.length === monitors.length) {
        this.form.error = commonFaults(faults);
        return;
      }
      if (faults.length === 0) {
        this.form.error = messageOf(error);
        if (!this.form.isOpen) {
          notify(`${failureOf(error)}: ${messageOf(error)}`, 'failed');
        }
        return;
      }
      const names = new Map(monitors.map(({ id, name }) => [id, name]));
      const refused = { change, faults: faults.map((fault) => ({ ...fault, name: names.get(fault.id) ?? fault.id })) };
      this.dialog().close();
      this.open({ ...newForm('refused'), refused, retry: retryOf(change, monitors.length - faults.length) });
    },
  };
}
