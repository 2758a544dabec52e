/** @import {StatusEntry, StatusMessage, StatusMessageDraft} from '../../../types/model' */
/** @import {App} from '../../app.js' */
/** @import {MessageForm} from './message-form.js' */
import { messageOf } from '../../api.js';
import { coalesce } from '../../coalesce.js';
import { statusMessagesOf } from '../../documents.js';
import { formatExact, formatMoment } from '../../format.js';
import { badgeOfState, plainText, stateOf } from './message-draft.js';
import { newMessageForm } from './message-form.js';

/** How many resolved messages the list shows at first. */
const FEW = 5;

/**
 * The messages of a status page, and the form for one of them.
 * @param {App} app
 * @param {string} pageID
 * @param {string} hash the address of the view, for the form that is restored after a sign-in
 */
export function newMessages(app, pageID, hash) {
  const { api, clock, notify } = app;
  const documents = statusMessagesOf(api, pageID);

  return {
    /** @type {readonly Readonly<StatusMessage>[]} */
    items: Object.freeze([]),
    /** The entries of the page. @type {readonly StatusEntry[]} */
    entries: Object.freeze([]),
    loaded: false,
    error: '',
    /** Whether all resolved messages are listed. */
    all: false,
    form: /** @type {MessageForm} */ (newMessageForm(app, documents, hash)),
    /** The message in the delete dialog. @type {Readonly<StatusMessage> | null} */
    selected: null,
    busy: false,
    load: async () => {},

    init() {
      this.load = coalesce(() => this.read());
      this.form.init(() => this.load());
    },

    async read() {
      try {
        /** @type {StatusMessage[]} */
        const messages = await api.json(`/status-pages/${pageID}/messages`);
        this.items = Object.freeze(messages.map((message) => Object.freeze(message)));
        this.form.follow(messages);
        this.loaded = true;
        this.error = '';
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

    /** The messages to list: open ones first. The form is in one of them. */
    get shown() {
      const [open, resolved] = [this.items.filter(isOpen), this.items.filter((message) => !isOpen(message))];
      return [...open, ...resolved.filter(({ id }, i) => this.all || i < FEW || id === this.form.id)];
    },

    get hidden() {
      return this.items.length - this.shown.length;
    },

    isOpen,
    stateOf,

    /** @param {StatusMessage} message */
    badge: (message) => badgeOfState(stateOf(message)),

    /** @param {StatusMessage['updates'][number]} update */
    state: (update) => badgeOfState(update.state).label,

    /**
     * Returns the updates of a message, newest first.
     * @param {StatusMessage} message
     */
    updates: ({ updates }) => updates.toReversed(),

    /** @param {StatusMessage['updates'][number]} update */
    text: (update) => plainText(update.text),

    /** @param {string} date */
    moment: (date) => formatMoment(date, clock.now),

    exact: formatExact,

    /**
     * Returns the names of the affected entries.
     * @param {StatusMessage} message
     */
    affected(message) {
      return this.entries
        .filter(({ id = '' }) => message.entries.includes(id))
        .map(({ name }) => name)
        .join(', ');
    },

    /**
     * @param {StatusMessage} message
     * @param {HTMLDialogElement} dialog
     */
    askRemove(message, dialog) {
      this.selected = message;
      dialog.showModal();
    },

    /** @param {HTMLDialogElement} dialog closed also after an error, because it covers the message */
    async remove(dialog) {
      const message = this.selected;
      if (!message) {
        return;
      }
      this.busy = true;
      try {
        await documents.remove(message.id, '');
        notify(`Deleted ${message.title}`);
        await this.load();
      } catch (error) {
        notify(`Could not delete the message: ${messageOf(error)}`, 'failed');
      } finally {
        this.busy = false;
        dialog.close();
      }
    },
  };
}

/** @param {StatusMessageDraft} message */
function isOpen(message) {
  return stateOf(message) !== 'resolved';
}
