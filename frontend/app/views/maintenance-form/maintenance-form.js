/** @import {MaintenanceWindow, Monitor, WindowDraft} from '../../../types/model' */
/** @import {Version} from '../../api.js' */
/** @import {App} from '../../app.js' */
/** @import {Route} from '../../router.js' */
/** @import {Review} from '../../review.js' */
/** @import {Time} from './draft.js' */
import Alpine from '../../lib/alpine.js';
import { ApiError, messageOf } from '../../api.js';
import { changesOf } from '../../differences.js';
import { currentOf, nullIfMissing, windowsOf } from '../../documents.js';
import { hasField, newFieldErrors } from '../../field-errors.js';
import { NOT_SAVED, newReview } from '../../review.js';
import { newRemoval } from '../list/actions.js';
import { DAYS } from '../maintenance/windows.js';
import { windowFields, windowRemover } from './compare.js';
import { draftOfShown, draftOfTime, fieldErrorOf, lengthOf, movedEnd, shownOf, timeOf } from './draft.js';
import { ZONE, ZONES } from '../../zones.js';
import { newPicker } from './picker.js';

const ID = /^[0-9a-f]{24}$/i;

/**
 * The form for a maintenance window.
 * @param {App} app
 * @param {Route} route its parameter monitor is the monitor to select for a new window
 */
export function maintenanceForm(app, { id, params, hash }) {
  const { api } = app;
  const documents = windowsOf(api);
  const param = params.get('monitor') ?? '';
  const forMonitor = !id && ID.test(param) ? param.toLowerCase() : '';
  const back = forMonitor ? `#monitor/${forMonitor}` : '#maintenance';
  /** @type {MaintenanceWindow | null} */
  let stored = null;
  /** The entity tag of stored. */
  let tag = '';
  /** The content of stored in the form, as JSON. */
  let original = '';
  /** The monitors to select. @type {Monitor[]} */
  let monitors = [];
  let destroyed = false;
  /** The unsaved changes from before a sign-in. @type {any} */
  let unsavedDraft = app.session?.takeDraft(hash) ?? null;

  /** @param {string} text the message to show */
  function leave(text) {
    app.notify(text);
    if (!destroyed) {
      app.unsaved = () => false;
      location.hash = back;
    }
  }

  return {
    name: '',
    time: timeOf(null, api.now()),
    /** Whether status pages show the window, and its name there. */
    shown: shownOf({}),
    picker: newPicker(),
    errors: newFieldErrors(),
    review: /** @type {Review<WindowDraft>} */ (newReview('Someone else changed this window')),
    removal: newRemoval(app.notify, windowRemover(api), ({ name }) => leave(`Deleted ${name}`)),
    title: id ? 'Edit maintenance window' : 'New maintenance window',
    isNew: !id,
    loaded: false,
    error: '',
    missing: false,
    /** Whether the window was deleted while the form was open. */
    deleted: false,
    busy: false,
    /** The start before its latest change. */
    previousStart: '',
    back,
    days: DAYS,
    durations: ['30m', '1h', '2h', '4h', '8h'],
    zone: ZONE,
    zones: ZONES,

    init() {
      app.unsaved = () => this.loaded && changesOf(windowFields({}), JSON.parse(original), this.draft).length > 0;
      app.draft = () => ({
        name: this.name,
        time: this.time,
        picked: this.picker.picked,
        shown: this.shown,
        original,
        tag,
      });
      app.setTitle(this.title);
      this.load();
    },

    destroy() {
      destroyed = true;
    },

    async load() {
      this.error = '';
      try {
        const [all, version] = await Promise.all([
          api.exportMonitors(),
          id ? documents.read(encodeURIComponent(id)).catch(nullIfMissing) : null,
        ]);
        if (!destroyed) {
          monitors = all;
          this.missing = id !== '' && !version;
          if (!this.missing) {
            this.begin(version);
          }
        }
      } catch (error) {
        this.error = messageOf(error);
      }
    },

    /**
     * Fills in the form. Its content becomes the one that unsaved changes are detected against.
     * @param {Version<MaintenanceWindow> | null} version null for a new window
     */
    begin(version) {
      stored = version?.document ?? null;
      tag = version?.tag ?? '';
      const selected = { monitors: forMonitor ? [forMonitor] : [], groups: [] };
      this.fill(stored ?? { name: '', ...selected });
      original = JSON.stringify(this.draft);
      if (unsavedDraft) {
        ({ original, tag } = unsavedDraft);
        this.fillWith(unsavedDraft.name, unsavedDraft.time, unsavedDraft.picked);
        this.shown = unsavedDraft.shown;
        unsavedDraft = null;
      }
      this.review.end();
      this.loaded = true;
      if (stored) {
        this.title = `Edit ${this.name}`;
        app.setTitle(this.title);
      } else {
        Alpine.nextTick(() => document.getElementById('name')?.focus());
      }
    },

    /** @param {WindowDraft} window */
    fill(window) {
      const { name, monitors, groups } = window;
      this.fillWith(name, timeOf(window, api.now()), { monitors, groups });
      this.shown = shownOf(window);
    },

    /**
     * @param {string} name
     * @param {Time} time
     * @param {{monitors: string[], groups: string[]}} picked
     */
    fillWith(name, time, picked) {
      this.name = name;
      this.time = time;
      this.previousStart = time.start;
      this.picker.setContent(monitors, picked);
    },

    /** Fills the form with the stored window. */
    discard() {
      if (stored) {
        this.errors.clear();
        this.begin({ document: stored, tag });
      }
    },

    get isLoading() {
      return !this.loaded && !this.error && !this.missing;
    },

    /** The maintenance window in the form. */
    get draft() {
      return { name: this.name.trim(), ...this.picker.picked, ...draftOfTime(this.time), ...draftOfShown(this.shown) };
    },

    /** The duration as text; empty if the end is not after the start. */
    get length() {
      const length = lengthOf(this.time);
      return length ? `Duration: ${length}.` : '';
    },

    /** Moves the end when the start changes. */
    onStartChange() {
      this.time.end = movedEnd(this.time.end, this.previousStart, this.time.start);
      this.previousStart = this.time.start || this.previousStart;
    },

    /**
     * @param {{key: string}} day
     * @param {boolean} on
     */
    setDay({ key }, on) {
      this.time.days[key] = on;
    },

    /** @param {string} duration */
    setDuration(duration) {
      this.time.duration = duration;
      delete this.errors.byField['weekly.duration'];
    },

    get saveLabel() {
      if (this.busy) {
        return 'Saving…';
      }
      return this.deleted ? 'Save as new window' : 'Save';
    },

    async save() {
      if (this.busy) {
        return;
      }
      this.busy = true;
      this.errors.clear();
      try {
        const saved = await this.store();
        leave(`Saved ${saved.name}`);
      } catch (error) {
        this.showError(error);
      } finally {
        this.busy = false;
      }
    },

    /**
     * Saves the window. If someone else changed it, the method begins a review and rejects. It saves again if the form has
     * their values already.
     * @returns {Promise<MaintenanceWindow>}
     */
    async store() {
      try {
        return await (id && !this.deleted ? documents.replace(id, this.draft, tag) : documents.create(this.draft));
      } catch (error) {
        const current = currentOf(error);
        if (!current) {
          throw error;
        }
        this.reviewChanges(current);
        if (this.review.rows.length > 0) {
          throw error;
        }
        return this.store();
      }
    },

    /**
     * Shows the values that someone else changed. From now on, Save replaces their version.
     * @param {Version<MaintenanceWindow>} current
     */
    reviewChanges(current) {
      const base = JSON.parse(original);
      ({ document: stored, tag } = current);
      const names = Object.fromEntries(monitors.map((monitor) => [monitor.id, monitor.name]));
      original = JSON.stringify(stored);
      this.review.begin(this, windowFields(names), base, stored);
    },

    /**
     * Shows why the window was not saved.
     * @param {unknown} error
     */
    showError(error) {
      const { field, text } = currentOf(error) ? { field: '', text: NOT_SAVED } : fieldErrorOf(error);
      if (destroyed) {
        app.notify(`Could not save the maintenance window: ${text}`, 'failed');
      } else if (id && error instanceof ApiError && error.status === 404) {
        this.deleted = true;
        this.errors.summary = 'This window has been deleted. You can save it as a new one.';
      } else if (hasField(field)) {
        this.errors.show({ [field]: text });
      } else {
        this.errors.summary = text;
      }
    },

    /** @param {HTMLDialogElement} dialog */
    askRemove(dialog) {
      if (stored) {
        this.removal.ask(dialog, stored, tag);
      }
    },
  };
}
