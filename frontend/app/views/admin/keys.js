/** @import {ApiKey} from '../../../types/model' */
/** @import {App} from '../../app.js' */
/** @import {Session} from '../../sign-in.js' */
/** @import {AdminApi} from './admin-api.js' */
import Alpine from '../../lib/alpine.js';
import { ApiError, messageOf } from '../../api.js';
import { copyText } from '../../copy.js';
import { formatAgo, formatExact } from '../../format.js';
import { hasField, newFieldErrors } from '../../field-errors.js';

/** The label of each scope. */
const SCOPES = { read: 'Read', admin: 'Read and change everything' };

/**
 * Lists, creates and revokes API keys.
 * @param {App} app
 * @param {Session} session
 * @param {AdminApi} api
 * @param {string} hash the address of the view, for the form that is restored after a sign-in
 */
export function apiKeys(app, session, api, hash) {
  let left = false;
  /** The form as it was before a sign-in. @type {any} */
  const restored = session.takeDraft(hash);

  return {
    /** @type {readonly Readonly<ApiKey>[]} */
    items: Object.freeze([]),
    loaded: false,
    error: '',
    name: restored?.name ?? '',
    /** @type {ApiKey['scope']} */
    scope: restored?.scope ?? 'read',
    errors: newFieldErrors(),
    busy: false,
    /** The new key, shown until it is hidden. @type {{name: string, key: string} | null} */
    created: null,
    /** The result of copying the new key. */
    copied: '',
    /** The key to revoke. @type {Readonly<ApiKey> | null} */
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
      this.created = null;
    },

    get canManage() {
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
    scopeText: ({ scope }) => SCOPES[scope],

    /** @param {string | undefined} date */
    ago: (date) => (date ? formatAgo(date, app.clock.now) : 'never'),

    /** @param {string | undefined} date */
    exact: (date) => (date ? formatExact(date) : ''),

    async create() {
      if (this.busy) {
        return;
      }
      this.busy = true;
      this.errors.clear();
      this.hide();
      try {
        const { name, key } = await api.createKey({ name: this.name.trim(), scope: this.scope });
        this.show({ name, key });
        await this.load();
      } catch (error) {
        this.showApiError(error);
      } finally {
        this.busy = false;
      }
    },

    /** @param {{name: string, key: string}} created */
    show(created) {
      if (left) {
        app.notify(
          `Key ${created.name} was created, but could not be shown. Revoke it and create another one.`,
          'failed',
        );
        return;
      }
      this.created = created;
      this.name = '';
      this.scope = 'read';
      focusOn('copy-key');
    },

    hide() {
      this.created = null;
      this.copied = '';
    },

    /** Hides the new key for good. */
    done() {
      this.hide();
      focusOn('keys-title');
    },

    /** @param {HTMLElement} element contains the key */
    async copy(element) {
      this.copied = await copyText(this.created?.key ?? '', () => element);
    },

    /**
     * Shows why the API rejected the key.
     * @param {unknown} error
     */
    showApiError(error) {
      const text = messageOf(error);
      const field = (error instanceof ApiError && error.status === 400 && /^(name|scope)\b/.exec(text)?.[0]) || '';
      if (left) {
        app.notify(`Key not created: ${text}`, 'failed');
      } else if (hasField(field)) {
        this.errors.show({ [field]: text });
      } else {
        this.errors.summary = `Key not created: ${text}`;
      }
    },

    /**
     * @param {ApiKey} key
     * @param {HTMLDialogElement} dialog
     */
    confirmRevocation(key, dialog) {
      this.chosen = key;
      dialog.showModal();
    },

    /** @param {HTMLDialogElement} dialog the confirmation, closed also after an error, which is shown outside of it */
    async revoke(dialog) {
      const { id = '', name = '' } = this.chosen ?? {};
      this.busy = true;
      try {
        await api.revokeKey(id);
        app.notify(`Revoked ${name}`);
      } catch (error) {
        app.notify(`Key not revoked: ${messageOf(error)}`, 'failed');
      }
      await this.load();
      this.busy = false;
      dialog.close();
      focusOn('keys-title');
    },
  };
}

/** @param {string} id of an element that is rendered in the next tick */
function focusOn(id) {
  Alpine.nextTick(() => document.getElementById(id)?.focus());
}
