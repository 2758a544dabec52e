/** @import {ApiKey} from '../../../types/model' */
/** @import {App} from '../../app.js' */
/** @import {Session} from '../../sign-in.js' */
/** @import {AdminApi} from './admin-api.js' */
import Alpine from '../../lib/alpine.js';
import { ApiError, messageOf } from '../../api.js';
import { formatAgo, formatExact } from '../../format.js';
import { hasField, newMarks } from '../edit/marks.js';

/** What keys of a scope may do. */
const SCOPES = { read: 'Read', admin: 'Read and change everything' };

/**
 * The keys for scripts: which there are, making and revoking them.
 * @param {App} app
 * @param {Session} session
 * @param {AdminApi} api
 * @param {string} hash the view's address
 */
export function apiKeys(app, session, api, hash) {
  let left = false;
  /** What was typed before a sign-in. @type {any} */
  const kept = session.takeDraft(hash);

  return {
    /** @type {readonly Readonly<ApiKey>[]} */
    items: Object.freeze([]),
    loaded: false,
    error: '',
    name: kept?.name ?? '',
    /** @type {ApiKey['scope']} */
    scope: kept?.scope ?? 'read',
    marks: newMarks(),
    busy: false,
    /** The key that was just made. @type {{name: string, key: string} | null} */
    made: null,
    /** Whether it was copied, in words. */
    copied: '',
    /** The key that is asked about. @type {Readonly<ApiKey> | null} */
    chosen: null,

    init() {
      app.unsaved = () => this.name.trim() !== '';
      app.draft = () => ({ name: this.name, scope: this.scope });
      if (session.canWrite) {
        this.load();
      }
    },

    destroy() {
      left = true;
      this.made = null;
    },

    get open() {
      return session.canWrite;
    },

    async load() {
      this.error = '';
      try {
        const keys = await api.keys();
        this.items = Object.freeze(keys.map((key) => Object.freeze(key)));
        this.loaded = true;
      } catch (error) {
        this.error = messageOf(error);
      }
    },

    get isLoading() {
      return !this.loaded && !this.error;
    },

    get isEmpty() {
      return this.loaded && this.items.length === 0;
    },

    /** @param {ApiKey} key */
    may: ({ scope }) => SCOPES[scope],

    /** @param {string | undefined} date */
    ago: (date) => (date ? formatAgo(date, app.clock.now) : 'never'),

    /** @param {string | undefined} date */
    exact: (date) => (date ? formatExact(date) : ''),

    async make() {
      if (this.busy) {
        return;
      }
      this.busy = true;
      this.marks.clear();
      this.hide();
      try {
        const { name, key } = await api.createKey({ name: this.name.trim(), scope: this.scope });
        this.show({ name, key });
        await this.load();
      } catch (error) {
        this.refuse(error);
      } finally {
        this.busy = false;
      }
    },

    /** @param {{name: string, key: string}} made */
    show(made) {
      if (left) {
        app.notify(`The key ${made.name} was made, but not shown: revoke it, and make another.`, 'failed');
        return;
      }
      this.made = made;
      this.name = '';
      this.scope = 'read';
      focusOn('copy-key');
    },

    hide() {
      this.made = null;
      this.copied = '';
    },

    /** Puts the new key away, which is then gone for good. */
    done() {
      this.hide();
      focusOn('keys-title');
    },

    /** @param {HTMLElement} shown has the key in it */
    async copy(shown) {
      try {
        await navigator.clipboard.writeText(this.made?.key ?? '');
        this.copied = 'Copied.';
      } catch {
        getSelection()?.selectAllChildren(shown);
        this.copied = 'The browser doesn’t allow it. The key is selected: copy it by the keyboard.';
      }
    },

    /**
     * Shows why the API refused.
     * @param {unknown} error
     */
    refuse(error) {
      const text = messageOf(error);
      const field = (error instanceof ApiError && error.status === 400 && /^(name|scope)\b/.exec(text)?.[0]) || '';
      if (left) {
        app.notify(`No key was made: ${text}`, 'failed');
      } else if (hasField(field)) {
        this.marks.show({ [field]: text });
      } else {
        this.marks.problem = `No key was made: ${text}`;
      }
    },

    /**
     * @param {ApiKey} key
     * @param {HTMLDialogElement} dialog
     */
    ask(key, dialog) {
      this.chosen = key;
      dialog.showModal();
    },

    /** @param {HTMLDialogElement} dialog closed either way, so that a failure can be read */
    async revoke(dialog) {
      const { id = '', name = '' } = this.chosen ?? {};
      this.busy = true;
      try {
        await api.revokeKey(id);
        app.notify(`Revoked: ${name}`);
      } catch (error) {
        app.notify(`Not revoked: ${messageOf(error)}`, 'failed');
      }
      await this.load();
      this.busy = false;
      dialog.close();
      focusOn('keys-title');
    },
  };
}

/** @param {string} id of an element that is about to be there */
function focusOn(id) {
  Alpine.nextTick(() => document.getElementById(id)?.focus());
}
