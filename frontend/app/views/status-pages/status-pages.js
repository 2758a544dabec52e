/** @import {StatusPage} from '../../../types/model' */
/** @import {App} from '../../app.js' */
import { messageOf } from '../../api.js';
import { coalesce } from '../../coalesce.js';
import { copyText } from '../../copy.js';
import { formatCount } from '../../format.js';
import { newRemoval } from '../list/actions.js';
import { pageRemover, withName } from '../status-page-form/compare.js';
import { pageUrl } from './urls.js';

/**
 * The list of all status pages.
 * @param {App} app
 */
export function statusPages(app) {
  const { api, config, live } = app;
  let unsubscribe = () => {};

  return {
    /** @type {readonly Readonly<StatusPage>[]} */
    items: Object.freeze([]),
    loaded: false,
    error: '',
    /** The page in the delete dialog. @type {StatusPage | null} */
    selected: null,
    removal: newRemoval(app.notify, pageRemover(api), () => {}),
    load: async () => {},

    init() {
      this.load = coalesce(() => this.read());
      this.removal = newRemoval(app.notify, pageRemover(api), ({ name }) => {
        app.notify(`Deleted ${name}`);
        this.load();
      });
      unsubscribe = live.subscribe({ 'status-pages': () => this.load(), stale: () => this.load() });
      this.load();
    },

    destroy() {
      unsubscribe();
    },

    async read() {
      try {
        this.items = Object.freeze(await api.json('/status-pages'));
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

    get summary() {
      if (!this.loaded) {
        return this.isLoading ? 'Loading status pages…' : 'Not loaded';
      }
      return formatCount(this.items.length, 'status page');
    },

    /** @param {StatusPage} page */
    url: ({ slug }) => pageUrl(config, slug),

    /** @param {StatusPage} page */
    visibility: ({ visibility }) => (visibility === 'password' ? 'People with a password' : 'Everyone'),

    /**
     * Describes the content of a page.
     * @param {StatusPage} page
     */
    content({ sections }) {
      const entries = sections.flatMap((section) => section.entries).length;
      return entries === 0
        ? 'No entries yet'
        : `${entries === 1 ? '1 entry' : `${entries} entries`} in ${formatCount(sections.length, 'section')}`;
    },

    /**
     * Says how many entries the page leaves out; empty if there are none.
     * @param {StatusPage} page
     */
    leftOut({ missing = [] }) {
      return missing.length > 0
        ? `${missing.length === 1 ? '1 entry' : `${missing.length} entries`} without a monitor`
        : '';
    },

    /**
     * @param {StatusPage} page
     * @param {Element} button in the row of the page
     */
    async copy(page, button) {
      const link = button.closest('tr')?.querySelector('.url a');
      app.notify(await copyText(this.url(page), () => link ?? button));
    },

    /**
     * @param {StatusPage} page
     * @param {HTMLDialogElement} dialog
     */
    askRemove(page, dialog) {
      this.selected = page;
      this.removal.ask(dialog, withName(page));
    },
  };
}
