/** @import {StatusPageDraft} from '../../../types/model' */
/** @import {Api} from '../../api.js' */
import { coalesce } from '../../coalesce.js';
import { textOf } from './draft.js';

/** How long the user has to stop typing before the preview is updated, in milliseconds. */
const DELAY = 400;

/**
 * The preview of the page in the form: the API renders it from current data, and a shadow root keeps its styles apart from
 * the styles of the view.
 * @param {Api} api
 * @param {string} id the id of the page, whose messages are shown; empty for a new page
 */
export function newPreview(api, id) {
  /** @type {(StatusPageDraft & {id?: string}) | null} */
  let wanted = null;
  let shown = '';
  /** @type {ShadowRoot | null} */
  let root = null;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;

  return {
    error: '',
    /** Whether the preview has content. */
    loaded: false,
    load: async () => {},

    init() {
      this.load = coalesce(() => this.read());
    },

    destroy() {
      clearTimeout(timer);
    },

    get isLoading() {
      return !this.loaded && !this.error;
    },

    /** Why the preview is not up to date; empty if it is. */
    get note() {
      return this.error && `${this.loaded ? 'Not up to date' : 'No preview'}: ${this.error}`;
    },

    /** @param {HTMLElement} element the element that shows the preview */
    mount(element) {
      root = element.attachShadow({ mode: 'open' });
    },

    /**
     * Shows a page soon.
     * @param {StatusPageDraft} draft
     */
    follow(draft) {
      wanted = { ...draft, id: id || undefined, visibility: 'public' }; // A password is not needed to preview the page.
      clearTimeout(timer);
      timer = setTimeout(() => this.load(), this.loaded ? DELAY : 0);
    },

    async read() {
      const page = wanted;
      const text = JSON.stringify(page);
      if (!page || text === shown) {
        return;
      }
      try {
        const { html, css } = await api.json('/status-pages/preview', { method: 'POST', body: page });
        this.draw(html, css, page.logo);
        shown = text;
        this.loaded = true;
        this.error = '';
      } catch (error) {
        this.error = textOf(error);
      }
    },

    /**
     * @param {string} html
     * @param {string} css
     * @param {string | undefined} logo which is not stored yet
     */
    draw(html, css, logo) {
      if (!root) {
        return;
      }
      const template = document.createElement('template');
      template.innerHTML = html;
      // A link would leave the form.
      template.content.querySelectorAll('a').forEach((link) => link.removeAttribute('href'));
      const image = template.content.querySelector('img');
      if (image && logo) {
        image.src = logo;
      }
      const sheet = new CSSStyleSheet();
      sheet.replaceSync(css);
      root.adoptedStyleSheets = [sheet];
      root.replaceChildren(template.content);
    },
  };
}
