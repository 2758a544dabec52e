/** @import {StatusPage} from '../../../types/model' */
/** @import {App} from '../../app.js' */
/** @import {Route} from '../../router.js' */
import { ApiError, messageOf } from '../../api.js';
import { coalesce } from '../../coalesce.js';
import { copyText } from '../../copy.js';
import { mountPart } from '../../parts.js';
import { pageUrl } from '../status-pages/urls.js';
import { newBadges } from './badges.js';
import { newMessages } from './messages.js';

/**
 * One status page: its messages and its badges.
 * @param {App} app
 * @param {Route} route
 */
export function statusPage(app, { id, hash }) {
  const { api, config, live } = app;
  let unsubscribe = () => {};

  return {
    /** @type {Readonly<StatusPage> | null} */
    page: null,
    error: '',
    missing: false,
    messages: newMessages(app, id, hash),
    badges: newBadges(config),
    load: async () => {},
    mountPart,

    init() {
      this.load = coalesce(() => this.read());
      this.messages.init();
      unsubscribe = live.subscribe({ 'status-pages': () => this.load(), stale: () => this.load() });
      this.load();
    },

    destroy() {
      unsubscribe();
      this.messages.form.destroy();
    },

    async read() {
      try {
        const [page] = await Promise.all([api.json(`/status-pages/${id}`), this.messages.load()]);
        this.show(Object.freeze(page));
        this.error = '';
        this.missing = false;
      } catch (error) {
        this.missing = error instanceof ApiError && error.status === 404;
        this.error = this.missing ? '' : messageOf(error);
      }
    },

    /** @param {Readonly<StatusPage>} page */
    show(page) {
      this.page = page;
      this.badges.follow(page);
      this.messages.entries = this.messages.form.choices = Object.freeze(this.badges.entries);
      app.setTitle(page.title);
    },

    get isLoading() {
      return !this.page && !this.error && !this.missing;
    },

    get url() {
      return this.page ? pageUrl(config, this.page.slug) : '';
    },

    get visibility() {
      return this.page?.visibility === 'password' ? 'Visible with a password' : 'Visible to everyone';
    },

    /** For the review of what someone else changed. */
    get review() {
      return this.messages.form.review;
    },

    discard() {
      this.messages.form.discard();
    },

    /** @param {Element} link */
    async copyUrl(link) {
      app.notify(await copyText(this.url, () => link));
    },
  };
}
