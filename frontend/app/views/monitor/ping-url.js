/** @import {Monitor} from '../../../types/model' */
/** @import {App} from '../../app.js' */
import Alpine from '../../lib/alpine.js';
import { messageOf } from '../../api.js';
import { copyText } from '../../copy.js';
import { commandsOf } from './ping-commands.js';

/** What the page shows in place of the uuid in the ping URL. */
const PLACEHOLDER = '•'.repeat(8);

/**
 * The ping URL of a push monitor, and commands that use it. The URL is a secret. It is read only when the user asks for it,
 * and kept only in this object.
 * @param {App} app
 * @param {string} id
 */
export function pingUrl(app, id) {
  const base = new URL(`${app.config.API_ENDPOINT.replace(/\/+$/, '')}/push/`, location.href).href;
  let destroyed = false;

  return {
    /** @type {Readonly<Monitor> | null} */
    monitor: null,
    /** The uuid in the URL; empty if the URL is hidden. */
    uuid: '',
    /** Whether the URL has been read. */
    wasRead: false,
    error: '',
    copied: '',
    busy: false,
    /** The name of the shown commands. */
    chosen: 'curl',

    destroy() {
      destroyed = true;
      this.uuid = '';
    },

    /** Whether the user may see the URL. */
    get isAllowed() {
      return app.session?.canWrite !== false;
    },

    /** The URL, with a placeholder while it is hidden. */
    get url() {
      return base + (this.uuid || PLACEHOLDER);
    },

    get commands() {
      return this.monitor ? commandsOf(this.monitor, this.url) : [];
    },

    /** The chosen commands. */
    get command() {
      return this.commands.find(({ name }) => name === this.chosen);
    },

    /**
     * Returns the text of the chosen commands.
     * @param {string} url
     */
    textWith(url) {
      const commands = this.monitor ? commandsOf(this.monitor, url) : [];
      return commands.find(({ name }) => name === this.chosen)?.text ?? '';
    },

    /** Shows or hides the URL. */
    async toggle() {
      this.copied = '';
      this.uuid = this.uuid ? '' : await this.fetch('GET');
    },

    /**
     * Copies the URL.
     * @param {Element} element shows it
     */
    copyUrl(element) {
      return this.copy((uuid) => base + uuid, element);
    },

    /**
     * Copies the shown commands.
     * @param {Element} element shows them
     */
    copyCommand(element) {
      return this.copy((uuid) => this.textWith(base + uuid), element);
    },

    /**
     * Copies a text with the URL. If the URL is hidden, it stays hidden unless the browser does not allow copying.
     * @param {(uuid: string) => string} text
     * @param {Element} element shows the text
     */
    async copy(text, element) {
      this.copied = '';
      const uuid = this.uuid || (await this.fetch('GET'));
      if (uuid) {
        this.copied = await copyText(text(uuid), async () => {
          this.uuid = uuid;
          await Alpine.nextTick();
          return element;
        });
      }
    },

    /** @param {HTMLDialogElement} dialog the confirmation, closed also after an error, which is shown outside of it */
    async renew(dialog) {
      this.copied = '';
      const uuid = await this.fetch('POST');
      if (uuid) {
        this.uuid = uuid;
        app.notify('The ping URL has been renewed. Use the new one in your job.');
      }
      dialog.close();
    },

    /**
     * Reads the uuid in the ping URL, or renews it. Returns an empty text after an error.
     * @param {'GET' | 'POST'} method
     * @returns {Promise<string>}
     */
    async fetch(method) {
      this.busy = true;
      this.error = '';
      try {
        const { uuid } = await app.api.json(`/monitors/${id}/ping-url`, { method });
        this.wasRead = true;
        return destroyed ? '' : uuid;
      } catch (error) {
        this.error = messageOf(error);
        return '';
      } finally {
        this.busy = false;
      }
    },
  };
}
