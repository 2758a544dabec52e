/** @import {MessageState, StatusEntry, StatusMessage, StatusMessageDraft} from '../../../types/model' */
/** @import {Version} from '../../api.js' */
/** @import {App} from '../../app.js' */
/** @import {Documents} from '../../documents.js' */
/** @import {Review} from '../../review.js' */
/** @import {Values} from './message-draft.js' */
import Alpine from '../../lib/alpine.js';
import { ApiError, messageOf } from '../../api.js';
import { currentOf } from '../../documents.js';
import { hasField, newFieldErrors } from '../../field-errors.js';
import { NOT_SAVED, newReview } from '../../review.js';
import { ZONE } from '../../zones.js';
import { STATES, draftOf, fieldErrorOf, messageFields, newUpdate, updateOf, valuesOf } from './message-draft.js';

/** @typedef {ReturnType<typeof newMessageForm>} MessageForm */

const LABELS = { new: 'New message', update: 'Add update', edit: 'Edit message' };

/**
 * The form for a message: a new one, an update of one, or all of one.
 * @param {App} app
 * @param {Documents<StatusMessage>} documents
 * @param {string} hash the address of the view
 */
export function newMessageForm(app, documents, hash) {
  /** The entity tag of the message. */
  let tag = '';
  /** The content when the form was opened, as JSON. */
  let original = '';
  let onSaved = async () => {};
  let destroyed = false;

  return {
    /** What the form does; empty while it is closed. @type {'' | 'new' | 'update' | 'edit'} */
    mode: '',
    /** The id of the message; empty for a new one. */
    id: '',
    /** @type {Values} */
    content: { title: '', entries: {}, updates: [] },
    /** The entries of the page. @type {readonly StatusEntry[]} */
    choices: Object.freeze([]),
    states: STATES,
    zone: ZONE,
    errors: newFieldErrors(),
    review: /** @type {Review<StatusMessageDraft>} */ (newReview('Someone else changed this message')),
    busy: false,

    /** @param {() => Promise<void>} saved called after a message was saved */
    init(saved) {
      onSaved = saved;
      app.unsaved = () => this.isChanged;
      app.draft = () => ({ mode: this.mode, id: this.id, content: this.content, original, tag });
      const unsavedDraft = /** @type {any} */ (app.session?.takeDraft(hash));
      if (unsavedDraft) {
        ({ mode: this.mode, id: this.id, content: this.content } = unsavedDraft);
        ({ original, tag } = unsavedDraft);
      }
    },

    destroy() {
      destroyed = true;
    },

    get isChanged() {
      return this.mode !== '' && JSON.stringify(this.draft) !== original;
    },

    get title() {
      return this.mode && LABELS[this.mode];
    },

    get saveLabel() {
      return this.busy ? 'Saving…' : this.mode === 'edit' ? 'Save' : 'Publish';
    },

    /** @returns {StatusMessageDraft} */
    get draft() {
      return /** @type {StatusMessageDraft} */ (draftOf(this.content));
    },

    begin() {
      this.open('new', '', { title: '', entries: {}, updates: [newUpdate('investigating')] });
    },

    /**
     * @param {StatusMessage} message
     * @param {MessageState} state of the new update
     */
    addUpdate(message, state) {
      this.open('update', message.id, { title: message.title, entries: {}, updates: [newUpdate(state)] });
    },

    /**
     * Reads the message, because it may have changed, and fills the form with it.
     * @param {StatusMessage} message
     */
    async edit({ id }) {
      try {
        const version = await documents.read(id);
        if (!this.mode) {
          tag = version.tag;
          this.open('edit', id, valuesOf(version.document));
        }
      } catch (error) {
        app.notify(`Could not open the message: ${messageOf(error)}`, 'failed');
      }
    },

    /**
     * @param {'new' | 'update' | 'edit'} mode
     * @param {string} id
     * @param {Values} content
     */
    open(mode, id, content) {
      Object.assign(this, { mode, id, content });
      this.errors.clear();
      this.review.end();
      original = JSON.stringify(this.draft);
      const first = mode === 'update' ? `text-${content.updates[0].key}` : 'message-title';
      Alpine.nextTick(() => document.getElementById(first)?.focus());
    },

    /**
     * Follows the list of messages. If someone else deleted the message in the form, nothing that the user has entered is lost.
     * @param {StatusMessage[]} messages
     */
    follow(messages) {
      if (this.mode && this.id && !this.busy && !messages.some(({ id }) => id === this.id)) {
        this.becomeNew();
      }
    },

    /** Makes the content a new message, after someone else deleted the stored one. */
    becomeNew() {
      this.open('new', '', this.content);
      original = '';
      this.errors.summary = 'This message has been deleted. You can publish it as a new one.';
    },

    /** Closes the form, and focuses the message in its place or the button for a new one. */
    close() {
      const next = this.mode === 'new' ? 'new-message' : `message-${this.id}`;
      this.mode = '';
      Alpine.nextTick(() => document.getElementById(next)?.focus());
    },

    /**
     * Closes the form without saving. If that loses changes, asks first.
     * @param {HTMLDialogElement} dialog
     */
    cancel(dialog) {
      if (this.isChanged && !dialog.open) {
        dialog.showModal();
      } else {
        dialog.close();
        this.close();
      }
    },

    /** @param {StatusMessageDraft} message */
    fill(message) {
      this.content = valuesOf(message);
    },

    /** Closes the form without saving, after someone else changed the message. */
    discard() {
      this.close();
      onSaved();
    },

    /** @param {string} key of an update */
    removeUpdate(key) {
      this.content.updates = this.content.updates.filter((update) => update.key !== key);
    },

    async save() {
      if (this.busy) {
        return;
      }
      this.busy = true;
      this.errors.clear();
      try {
        const { title } = await this.store();
        this.close();
        app.notify(`Saved ${title}`);
        onSaved(); // Not awaited: the next form can be saved while the list is read.
      } catch (error) {
        this.showError(error);
      } finally {
        this.busy = false;
      }
    },

    /** @returns {Promise<StatusMessage>} */
    async store() {
      if (this.mode === 'update') {
        return documents.add(`${this.id}/updates`, updateOf(this.content.updates[0]));
      }
      if (this.mode === 'new') {
        return documents.create(this.draft);
      }
      try {
        return await documents.replace(this.id, this.draft, tag);
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
     * Shows what someone else changed. From now on, Save replaces their version.
     * @param {Version<StatusMessage>} current
     */
    reviewChanges(current) {
      const base = JSON.parse(original);
      tag = current.tag;
      original = JSON.stringify(draftOf(valuesOf(current.document)));
      this.review.begin(this, messageFields([...this.choices]), base, current.document);
    },

    /**
     * Shows why the message was not saved.
     * @param {unknown} error
     */
    showError(error) {
      const isMissing = error instanceof ApiError && error.status === 404;
      const isConflict = currentOf(error) !== null;
      const { field, text } = isConflict ? { field: '', text: NOT_SAVED } : fieldErrorOf(error, this.content.updates);
      if (destroyed) {
        app.notify(`Could not save the message: ${text}`, 'failed');
      } else if (isMissing && this.id) {
        this.becomeNew();
      } else if (isMissing) {
        this.errors.summary = 'This status page has been deleted. Copy your text before you leave.';
      } else if (hasField(field)) {
        this.errors.show({ [field]: text });
      } else {
        this.errors.summary = text;
      }
    },
  };
}
