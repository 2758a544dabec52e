/** @import {ImportPlan} from '../../../types/model' */
/** @import {App} from '../../app.js' */
/** @import {Route} from '../../router.js' */
/** @import {PlanList} from './import-file.js' */
import { ApiError, messageOf } from '../../api.js';
import { formatCount } from '../../format.js';
import { AdminApi } from './admin-api.js';
import { downloadMonitors, listsOf, readMonitors, showMore, splitErrors } from './import-file.js';
import { apiKeys } from './keys.js';
import { notificationTest } from './notification-test.js';

/** The maximum number of listed import errors. */
const MAX_ERRORS = 50;

/**
 * Export and import of monitors, test notifications, API keys, and deletion of all monitors or results.
 * @param {App} app
 * @param {Route} route
 */
export function admin(app, { hash }) {
  const { monitors, notify, session } = app;
  const api = new AdminApi(app.api);
  let release = () => {};
  let destroyed = false;

  return {
    list: monitors.state,
    notificationTest: notificationTest(api),
    /** The list and the form of the API keys; null while sign-in is off. */
    keys: session ? apiKeys(app, session, api, hash) : null,
    /** The name of the running task, empty if there is none. */
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
    importErrors: [],
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
      destroyed = true;
      release();
      this.keys?.destroy();
    },

    get count() {
      return this.list.loaded ? formatCount(this.list.items.length, 'monitor') : 'all monitors';
    },

    exportAll() {
      return this.run('export', async () => {
        this.exported = this.exportError = '';
        try {
          const all = await app.api.exportMonitors();
          const { name, size } = downloadMonitors(all);
          this.exported = `Exported ${formatCount(all.length, 'monitor')} to ${name} (${size}).`;
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

    /** @param {HTMLInputElement} input cleared afterwards, so that the same file can be chosen again */
    async onFile(input) {
      const file = input.files?.[0];
      await this.choose(file);
      input.value = '';
    },

    /**
     * Reads a file and loads the import plan for it.
     * @param {File | undefined} file
     */
    async choose(file) {
      if (!file || this.busy) {
        return;
      }
      await this.run('plan', async () => {
        this.reset();
        this.fileName = file.name;
        try {
          this.items = Object.freeze(await readMonitors(file));
          const plan = await api.planImport(this.items);
          this.plan = Object.freeze(plan);
          this.lists = listsOf(plan);
        } catch (error) {
          this.showImportError(error);
        }
      });
    },

    reset() {
      this.items = [];
      this.plan = null;
      this.lists = [];
      this.importErrors = [];
      this.fileName = this.importError = '';
    },

    /** @param {unknown} error */
    showImportError(error) {
      const errors = error instanceof ApiError && error.status === 400 ? splitErrors(error.message) : [];
      this.importErrors = errors.length > 1 || /^monitor \d/.test(errors[0] ?? '') ? errors : [];
      this.importError = this.importErrors.length
        ? `${formatCount(errors.length, 'monitor')} in ${this.fileName} can’t be imported. Nothing was changed.`
        : `${messageOf(error)} Nothing was changed.`;
    },

    get shownErrors() {
      return this.importErrors.slice(0, MAX_ERRORS);
    },

    get moreErrors() {
      return Math.max(0, this.importErrors.length - MAX_ERRORS);
    },

    get planText() {
      const { plan } = this;
      return plan
        ? `${plan.added.length} added, ${plan.changed.length} changed, ${plan.removed.length} removed, ${plan.unchanged} unchanged`
        : '';
    },

    get removedText() {
      return formatCount(this.plan?.removed.length ?? 0, 'monitor');
    },

    get changesNothing() {
      return this.plan !== null && this.lists.length === 0;
    },

    /** @param {HTMLDialogElement} dialog shown if the import removes monitors */
    confirmImport(dialog) {
      if (this.plan?.removed.length) {
        dialog.showModal();
        return;
      }
      return this.importAll(dialog);
    },

    /** @param {HTMLDialogElement} dialog */
    importAll(dialog) {
      return this.run('import', async () => {
        try {
          await api.importMonitors(this.items);
          notify(`Imported ${this.fileName}: ${this.planText}.`);
          this.reset();
        } catch (error) {
          this.plan = null;
          this.lists = [];
          this.showImportError(error);
        }
        dialog.close();
      });
    },

    showMore,

    /**
     * Renders the rows of a list only while it is open.
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
    remaining: (list) => list.monitors.length - list.shown,

    get chosenDeletion() {
      return DELETIONS[this.deletion];
    },

    /**
     * @param {keyof typeof DELETIONS} deletion
     * @param {HTMLDialogElement} dialog
     */
    confirmDeletion(deletion, dialog) {
      this.deletion = deletion;
      this.typed = this.deleteError = this.exported = this.exportError = '';
      dialog.showModal();
    },

    get canDelete() {
      return !this.busy && this.typed === this.chosenDeletion.phrase;
    },

    /** @param {HTMLDialogElement} dialog */
    async deleteAll(dialog) {
      if (!this.canDelete) {
        return;
      }
      const { deletion, chosenDeletion } = this;
      await this.run('delete', async () => {
        this.deleteError = '';
        try {
          await (deletion === 'monitors' ? api.deleteMonitors() : api.deleteResults());
          notify(chosenDeletion.done);
          dialog.close();
          if (!destroyed) {
            monitors.load();
          }
        } catch (error) {
          this.deleteError = `Not deleted. ${messageOf(error)}`;
        }
      });
    },

    /**
     * Runs a task, unless another one is running.
     * @param {string} name
     * @param {() => Promise<void>} task
     */
    async run(name, task) {
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
    consequence:
      'This deletes every monitor with its results and statistics. Only the monitors can be restored, by importing an export.',
    phrase: 'delete all',
    done: 'All monitors deleted',
  },
  results: {
    title: 'Delete all results?',
    consequence:
      'This deletes all results, uptime and statistics and can’t be undone. The monitors stay and are still checked. An export contains the monitors, but not their results.',
    phrase: 'delete results',
    done: 'All results deleted',
  },
};
