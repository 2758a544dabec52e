/** @import {MaintenanceWindow, Monitor} from '../../../types/model' */
/** @import {App} from '../../app.js' */
/** @import {Route} from '../../router.js' */
import Alpine from '../../lib/alpine.js';
import { ApiError, messageOf } from '../../api.js';
import { hasField, newFieldErrors } from '../edit/field-errors.js';
import { DAYS } from '../maintenance/windows.js';
import { draftOfTime, faultOf, lengthOf, movedEnd, timeOf, ZONE, ZONES } from './draft.js';
import { newPicker } from './picker.js';

const ID = /^[0-9a-f]{24}$/i;

/**
 * The form for a maintenance window.
 * @param {App} app
 * @param {Route} route its settings may name a monitor, which a new window is for
 */
export function maintenanceWindow(app, { id, params, hash }) {
  const { api } = app;
  const asked = params.get('monitor') ?? '';
  const forMonitor = !id && ID.test(asked) ? asked.toLowerCase() : '';
  const back = forMonitor ? `#monitor/${forMonitor}` : '#maintenance';
  /** @type {MaintenanceWindow | null} */
  let stored = null;
  /** What the form began with, as text. */
  let original = '';
  let left = false;
  /** What was typed before a sign-in. @type {any} */
  const kept = app.session?.takeDraft(hash) ?? null;

  return {
    name: '',
    time: timeOf(null),
    picker: newPicker(),
    errors: newFieldErrors(),
    title: id ? 'Edit maintenance window' : 'New maintenance window',
    isNew: !id,
    loaded: false,
    loadError: '',
    missing: false,
    /** Whether it was deleted while the form was open. */
    gone: false,
    busy: false,
    /** The start before it was last moved. */
    started: '',
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
      left = true;
    },

    async load() {
      this.loadError = '';
      try {
        const [monitors, windows] = await Promise.all([api.exportMonitors(), id ? api.windows() : []]);
        if (!left) {
          stored = windows.find((window) => window.id === id.toLowerCase()) ?? null;
          this.missing = id !== '' && !stored;
          this.begin(monitors);
        }
      } catch (error) {
        this.loadError = messageOf(error);
      }
    },

    /** @param {Monitor[]} monitors */
    begin(monitors) {
      if (this.missing) {
        return;
      }
      this.name = stored?.name ?? '';
      this.time = timeOf(stored);
      this.started = this.time.start;
      this.picker.enter(monitors, stored ?? { monitors: forMonitor ? [forMonitor] : [], groups: [] });
      original = this.current;
      if (kept) {
        this.name = kept.name;
        this.time = kept.time;
        this.started = this.time.start;
        this.picker.enter(monitors, kept.picked);
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
      return !this.loaded && !this.loadError && !this.missing;
    },

    /** What would be saved. */
    get draft() {
      return { name: this.name.trim(), ...this.picker.picked, ...draftOfTime(this.time, stored) };
    },

    get current() {
      return JSON.stringify(this.draft);
    },

    /** How long it lasts; empty where that makes no sense. */
    get length() {
      const length = lengthOf(this.time);
      return length ? `, ${length} long` : '';
    },

    /** Moves the end with the start. */
    startMoved() {
      this.time.end = movedEnd(this.time.end, this.started, this.time.start);
      this.started = this.time.start || this.started;
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
      return this.gone ? 'Save as a new window' : 'Save';
    },

    async save() {
      if (this.busy) {
        return;
      }
      this.busy = true;
      this.errors.clear();
      try {
        const saved = await api.saveWindow(id && !this.gone ? { ...this.draft, id } : this.draft);
        this.done(`Saved ${saved.name}`);
      } catch (error) {
        this.refuse(error);
      } finally {
        this.busy = false;
      }
    },

    /** @param {string} text */
    done(text) {
      app.notify(text);
      if (!left) {
        app.unsaved = () => false;
        location.hash = back;
      }
    },

    /**
     * Shows why the API refused.
     * @param {unknown} error
     */
    refuse(error) {
      const { field, text } = faultOf(messageOf(error));
      if (left) {
        app.notify(`Not saved: ${text}`, 'failed');
      } else if (id && error instanceof ApiError && error.status === 404) {
        this.gone = true;
        this.errors.summary = 'This window has been deleted meanwhile.';
      } else if (hasField(field)) {
        this.errors.show({ [field]: text });
      } else {
        this.errors.summary = text;
      }
    },

    /** @param {HTMLDialogElement} dialog closed either way, so that a failure can be read */
    async remove(dialog) {
      this.busy = true;
      try {
        await api.removeWindow(id);
        this.done(`Deleted: ${stored?.name}`);
      } catch (error) {
        app.notify(`Not deleted: ${messageOf(error)}`, 'failed');
      } finally {
        this.busy = false;
        dialog.close();
      }
    },
  };
}
