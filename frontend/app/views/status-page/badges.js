/** @import {Config, StatusEntry, StatusPage} from '../../../types/model' */
/** @import {BadgeKind} from '../status-pages/urls.js' */
import { copyText } from '../../copy.js';
import { BADGES, badgeTexts, badgeUrl, pageUrl } from '../status-pages/urls.js';

/**
 * The badges of the entries of a status page, with texts to copy.
 * @param {Config} config
 */
export function newBadges(config) {
  return {
    /** @type {Readonly<StatusPage> | null} */
    page: null,
    /** Whether the user looks at the badges. */
    isOpen: false,
    /** The id of the chosen entry. */
    entry: '',
    /** @type {BadgeKind} */
    kind: 'status',
    window: '30d',
    /** The image as a data URL; empty if it could not be loaded. */
    image: '',
    problem: '',
    copied: '',

    /** @param {Readonly<StatusPage>} page */
    follow(page) {
      this.page = page;
      if (!this.entries.some(({ id }) => id === this.entry)) {
        this.entry = this.entries[0]?.id ?? '';
      }
      if (!this.kinds.some(({ kind }) => kind === this.kind)) {
        this.kind = 'status';
      }
      this.load();
    },

    /** @param {boolean} isOpen */
    toggle(isOpen) {
      this.isOpen = isOpen;
      this.load();
    },

    /** @returns {StatusEntry[]} */
    get entries() {
      return this.page?.sections.flatMap(({ entries }) => entries) ?? [];
    },

    /** Why there are no badges; empty if there are. */
    get reason() {
      if (this.page?.visibility === 'password') {
        return 'A page with a password has no badges, because everyone can see a badge.';
      }
      return this.entries.length === 0 ? 'The page has no entries yet. Each entry has badges.' : '';
    },

    /** The badges that the page has. */
    get kinds() {
      const { uptime = false, responseTime = false } = this.page?.show ?? {};
      return BADGES.filter(({ kind }) => kind === 'status' || (kind === 'uptime' ? uptime : responseTime));
    },

    /** @returns {readonly string[]} */
    get windows() {
      return BADGES.find(({ kind }) => kind === this.kind)?.windows ?? [];
    },

    get name() {
      return this.entries.find(({ id }) => id === this.entry)?.name ?? '';
    },

    /** @param {'svg' | 'json'} format */
    url(format) {
      return badgeUrl(config, this.page?.slug ?? '', this.entry, this.kind, this.window, format);
    },

    get texts() {
      return badgeTexts(this.url('svg'), this.url('json'), pageUrl(config, this.page?.slug ?? ''), this.name);
    },

    /** Loads the image. The page may not load images from another origin, only data. */
    async load() {
      this.copied = '';
      if (!this.isOpen || this.reason) {
        return;
      }
      const url = this.url('svg');
      const svg = await fetch(url, { cache: 'no-cache' })
        .then((response) => (response.ok ? response.text() : ''))
        .catch(() => '');
      if (url === this.url('svg')) {
        this.image = svg && `data:image/svg+xml,${encodeURIComponent(svg)}`;
        this.problem = svg ? '' : 'The badge could not be loaded.';
      }
    },

    /**
     * @param {string} text
     * @param {Element} button beside the text
     */
    async copy(text, button) {
      this.copied = await copyText(text, () => button.parentElement?.querySelector('code') ?? button);
    },
  };
}
