/** @import {ImportPlan} from '../../../types/model' */
/** @import {App} from '../../app.js' */
/** @import {Route} from '../../router.js' */
/** @import {PlanList} from './import-file.js' */
import { ApiError, messageOf } from '../../api.js';
import { AdminApi } from './admin-api.js';
import { alertTest } from './alert-test.js';
import { countMonitors, faultsIn, listsOf, readMonitors, saveMonitors, showMore } from './import-file.js';
import { apiKeys } from './keys.js';

/** How many faulty monitors are listed. */
const FAULTS = 50;

/**
 * Moving monitors in and out, testing the alerts, keys for scripts, and deleting everything.
 * @param {App} app
 * @param {Route} route
 */
export function admin(app, { hash }) {
  const { monitors, notify, session } = app;
  const api = new AdminApi(app.api);
  let release = () => {};
  let gone = false;

  return {
    list: monitors.state,
    alertTest: alertTest(api),
    /** There are none while sign-in is off. */
    keys: session ? apiKeys(app, session, api, hash) : null,
    /** What is being done: one thing at a time. */
    busy: '',
    exported: '',
    exportError: '',
    fileName: '',
    /** @type {readonly unknown[]} */
    items: [],
    /** @type {ImportPlan | null} */
    plan: null,
    /** @type {PlanList[]} */
    lists: [],
    importError: '',
    /** @type {string[]} */
    faults: [],
    dragging: false,
    /** @type {keyof typeof DELETIONS} */
    deletion: 'monitors',
    typed: '',
    deleteError: '',

    init() {
      release = monitors.use();
      this.keys?.init();
    },

    destroy() {
      gone = true;
      release();
      this.keys?.destroy();
    },

    load: () => monitors.load(),

    get count() {
      return this.list.loaded ? countMonitors(this.list.items.length) : 'all monitors';
    },

    exportAll() {
      return this.work('export', async () => {
        this.exported = this.exportError = '';
        try {
          const all = await app.api.exportMonitors();
          const { name, size } = saveMonitors(all);
          this.exported = `Saved ${countMonitors(all.length)} as ${name}, ${size}.`;
        } catch (error) {
          this.exportError = messageOf(error);
        }
      });
    },

    /** @param {DragEvent} event */
    onDrag(event) {
      if (event.dataTransfer?.types.includes('Files')) {
        event.preventDefault();
        this.dragging = event.type === 'dragover';
      }
    },

    /** @param {DragEvent} event */
    onDrop(event) {
      this.onDrag(event);
      return this.choose(event.dataTransfer?.files[0]);
    },

    /** @param {HTMLInputElement} input is emptied, so that the same file can be chosen again */
    async onFile(input) {
      const file = input.files?.[0];
      await this.choose(file);
      input.value = '';
    },

    /**
     * Reads the file and asks the API what it would do.
     * @param {File | undefined} file
     */
    async choose(file) {
      if (!file || this.busy) {
        return;
      }
      await this.work('plan', async () => {
        this.reset();
        this.fileName = file.name;
        try {
          this.items = Object.freeze(await readMonitors(file));
          const plan = await api.planImport(this.items);
          this.plan = Object.freeze(plan);
          this.lists = listsOf(plan);
        } catch (error) {
          this.refuse(error);
        }
      });
    },

    reset() {
      this.items = [];
      this.plan = null;
      this.lists = [];
      this.faults = [];
      this.fileName = this.importError = '';
    },

    /** @param {unknown} error */
    refuse(error) {
      const faults = error instanceof ApiError && error.status === 400 ? faultsIn(error.message) : [];
      this.faults = faults.length > 1 || /^monitor \d/.test(faults[0] ?? '') ? faults : [];
      this.importError = this.faults.length
        ? `${countMonitors(faults.length)} in ${this.fileName} can’t be imported. Nothing has been changed.`
        : `${messageOf(error)} Nothing has been changed.`;
    },

    get shownFaults() {
      return this.faults.slice(0, FAULTS);
    },

    get moreFaults() {
      return Math.max(0, this.faults.length - FAULTS);
    },

    get planText() {
      const { plan } = this;
      return plan
        ? `${plan.added.length} added, ${plan.changed.length} changed, ${plan.removed.length} removed, ${plan.unchanged} stay as they are`
        : '';
    },

    get removedText() {
      return countMonitors(this.plan?.removed.length ?? 0);
    },

    get changesNothing() {
      return this.plan !== null && this.lists.length === 0;
    },

    /** @param {HTMLDialogElement} dialog asks whether to remove monitors */
    confirmImport(dialog) {
      if (this.plan?.removed.length) {
        dialog.showModal();
        return;
      }
      return this.importAll(dialog);
    },

    /** @param {HTMLDialogElement} dialog */
    importAll(dialog) {
      return this.work('import', async () => {
        try {
          await api.importMonitors(this.items);
          notify(`Imported ${this.fileName}: ${this.planText}.`);
          this.reset();
        } catch (error) {
          this.plan = null;
          this.lists = [];
          this.refuse(error);
        }
        dialog.close();
      });
    },

    showMore,

    /**
     * A list is drawn when it is opened.
     * @param {PlanList} list
     * @param {boolean} open
     */
    onToggle(list, open) {
      list.shown = 0;
      if (open) {
        showMore(list);
      }
    },

    /** @param {PlanList} list */
    rows: (list) => list.monitors.slice(0, list.shown),

    /** @param {PlanList} list */
    left: (list) => list.monitors.length - list.shown,

    get asked() {
      return DELETIONS[this.deletion];
    },

    /**
     * @param {keyof typeof DELETIONS} deletion
     * @param {HTMLDialogElement} dialog
     */
    ask(deletion, dialog) {
      this.deletion = deletion;
      this.typed = this.deleteError = this.exported = this.exportError = '';
      dialog.showModal();
    },

    get canDelete() {
      return !this.busy && this.typed === this.asked.phrase;
    },

    /** @param {HTMLDialogElement} dialog */
    async deleteAll(dialog) {
      if (!this.canDelete) {
        return;
      }
      const { deletion, asked } = this;
      await this.work('delete', async () => {
        this.deleteError = '';
        try {
          await (deletion === 'monitors' ? api.removeMonitors() : api.removeResults());
          notify(asked.done);
          dialog.close();
          if (!gone) {
            monitors.load();
          }
        } catch (error) {
          this.deleteError = `Not deleted. ${messageOf(error)}`;
        }
      });
    },

    /**
     * Does one thing at a time.
     * @param {string} name
     * @param {() => Promise<void>} task
     */
    async work(name, task) {
      if (this.busy) {
        return;
      }
      this.busy = name;
      try {
        await task();
      } finally {
        this.busy = '';
      }
    },
  };
}

const DELETIONS = {
  monitors: {
    title: 'Delete all monitors?',
    lost: 'Every monitor will be gone, with its results and statistics. Nothing brings them back but an import of an export; the results are lost for good.',
    phrase: 'delete all',
    done: 'All monitors are deleted.',
  },
  results: {
    title: 'Delete all results?',
    lost: 'All results, uptime figures and statistics of every monitor will be gone for good. The monitors stay and go on being checked. An export saves the monitors, not their results.',
    phrase: 'delete results',
    done: 'All results are deleted.',
  },
};
