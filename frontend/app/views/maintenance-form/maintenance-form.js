/** @import {MaintenanceWindow, Monitor} from '../../../types/model' */
/** @import {App} from '../../app.js' */
/** @import {Route} from '../../router.js' */
import Alpine from '../../lib/alpine.js';
import { ApiError, messageOf } from '../../api.js';
import { hasField, newFieldErrors } from '../../field-errors.js';
import { DAYS } from '../maintenance/windows.js';
import { draftOfTime, fieldErrorOf, lengthOf, movedEnd, timeOf } from './draft.js';
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
  const param = params.get('monitor') ?? '';
  const forMonitor = !id && ID.test(param) ? param.toLowerCase() : '';
  const back = forMonitor ? `#monitor/${forMonitor}` : '#maintenance';
  /** @type {MaintenanceWindow | null} */
  let stored = null;
  /** The initial content of the form, as JSON. */
  let original = '';
  let destroyed = false;
  /** The unsaved changes from before a sign-in. @type {any} */
  const unsavedDraft = app.session?.takeDraft(hash) ?? null;

  return {
    name: '',
    time: timeOf(null, api.now()),
    picker: newPicker(),
    errors: newFieldErrors(),
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
      app.unsaved = () => this.loaded && this.current !== original;
      app.draft = () => ({ name: this.name, time: this.time, picked: this.picker.picked });
      app.setTitle(this.title);
      this.load();
    },

    destroy() {
      destroyed = true;
    },

    async load() {
      this.error = '';
      try {
        const [monitors, windows] = await Promise.all([api.exportMonitors(), id ? api.windows() : []]);
        if (!destroyed) {
          stored = windows.find((window) => window.id === id.toLowerCase()) ?? null;
          this.missing = id !== '' && !stored;
          this.fill(monitors);
        }
      } catch (error) {
        this.error = messageOf(error);
      }
    },

    /**
     * Fills in the form.
     * @param {Monitor[]} monitors
     */
    fill(monitors) {
      if (this.missing) {
        return;
      }
      this.name = stored?.name ?? '';
      this.time = timeOf(stored, api.now());
      this.previousStart = this.time.start;
      this.picker.setContent(monitors, stored ?? { monitors: forMonitor ? [forMonitor] : [], groups: [] });
      original = this.current;
      if (unsavedDraft) {
        this.name = unsavedDraft.name;
        this.time = unsavedDraft.time;
        this.previousStart = this.time.start;
        this.picker.setContent(monitors, unsavedDraft.picked);
      }
      this.loaded = true;
      if (stored) {
        this.title = `Edit ${this.name}`;
        app.setTitle(this.title);
      } else {
        Alpine.nextTick(() => document.getElementById('name')?.focus());
      }
    },

    get isLoading() {
      return !this.loaded && !this.error && !this.missing;
    },

    /** The maintenance window in the form. */
    get draft() {
      return { name: this.name.trim(), ...this.picker.picked, ...draftOfTime(this.time, stored) };
    },

    get current() {
      return JSON.stringify(this.draft);
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
        const saved = await api.saveWindow(id && !this.deleted ? { ...this.draft, id } : this.draft);
        this.done(`Saved ${saved.name}`);
      } catch (error) {
        this.showError(error);
      } finally {
        this.busy = false;
      }
    },

    /** @param {string} text */
    done(text) {
      app.notify(text);
      if (!destroyed) {
        app.unsaved = () => false;
        location.hash = back;
      }
    },

    /**
     * Shows why the window was not saved.
     * @param {unknown} error
     */
    showError(error) {
      const { field, text } = fieldErrorOf(error);
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

    /**
     * Deletes the window. It closes the dialog also after a failure, because the dialog covers the message.
     * @param {HTMLDialogElement} dialog
     */
    async remove(dialog) {
      this.busy = true;
      try {
        await api.removeWindow(id);
        this.done(`Deleted ${stored?.name}`);
      } catch (error) {
        app.notify(`Could not delete ${stored?.name}: ${messageOf(error)}`, 'failed');
      } finally {
        this.busy = false;
        dialog.close();
      }
    },
  };
}
