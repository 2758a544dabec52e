/** @import {StatusPage, StatusPageDraft} from '../../../types/model' */
/** @import {Version} from '../../api.js' */
/** @import {App} from '../../app.js' */
/** @import {Route} from '../../router.js' */
/** @import {Review} from '../../review.js' */
/** @import {Values} from './draft.js' */
import Alpine from '../../lib/alpine.js';
import { ApiError, messageOf } from '../../api.js';
import { changesOf } from '../../differences.js';
import { currentOf, nullIfMissing, statusPagesOf } from '../../documents.js';
import { hasField, newFieldErrors } from '../../field-errors.js';
import { mountPart } from '../../parts.js';
import { NOT_SAVED, newReview } from '../../review.js';
import { ZONE, ZONES } from '../../zones.js';
import { newRemoval } from '../list/actions.js';
import { pageUrl } from '../status-pages/urls.js';
import { PAGE_FIELDS, pageRemover, withName } from './compare.js';
import { EMPTY, addressNote, draftOf, fieldErrorOf, missingOf, slugOf, valuesOf } from './draft.js';
import { LOGO_TYPES, logoProblem, readDataUrl } from './logo.js';
import { newPreview } from './preview.js';
import { newSections } from './sections.js';

/**
 * The form for a status page.
 * @param {App} app
 * @param {Route} route
 */
export function statusPageForm(app, { id, hash }) {
  const { api } = app;
  const documents = statusPagesOf(api);
  /** @type {StatusPage | null} */
  let stored = null;
  /** The entity tag of stored. */
  let tag = '';
  /** The content of stored in the form, as JSON. */
  let original = '';
  let destroyed = false;
  /** @type {ReturnType<typeof Alpine.effect> | undefined} */
  let effect;
  /** The unsaved changes from before a sign-in. @type {any} */
  let unsavedDraft = app.session?.takeDraft(hash) ?? null;

  /**
   * @param {string} text the message to show
   * @param {string} address
   */
  function leave(text, address) {
    app.notify(text);
    if (!destroyed) {
      app.unsaved = () => false;
      location.hash = address;
    }
  }

  return {
    content: valuesOf(EMPTY),
    sections: newSections(),
    preview: newPreview(api, id),
    errors: newFieldErrors(),
    review: /** @type {Review<StatusPageDraft>} */ (newReview('Someone else changed this status page')),
    removal: newRemoval(app.notify, pageRemover(api), ({ name }) => leave(`Deleted ${name}`, '#status-pages')),
    heading: id ? 'Edit status page' : 'New status page',
    isNew: !id,
    /** Whether the address follows the title. */
    slugFollows: !id,
    hasPassword: false,
    loaded: false,
    error: '',
    missing: false,
    /** Whether the page was deleted while the form was open. */
    deleted: false,
    busy: false,
    zones: ZONES,
    logoTypes: LOGO_TYPES.join(','),
    back: id ? `#status-page/${id}` : '#status-pages',
    mountPart,

    init() {
      this.sections.init();
      this.preview.init();
      app.unsaved = () =>
        this.loaded &&
        (this.content.password !== '' || changesOf(PAGE_FIELDS, JSON.parse(original), this.draft).length > 0);
      app.draft = () => ({ draft: this.draft, original, tag });
      app.setTitle(this.heading);
      this.load();
    },

    destroy() {
      destroyed = true;
      this.preview.destroy();
      if (effect) {
        Alpine.release(effect);
      }
    },

    async load() {
      this.error = '';
      try {
        const [monitors, version] = await Promise.all([
          api.exportMonitors(),
          id ? documents.read(encodeURIComponent(id)).catch(nullIfMissing) : null,
        ]);
        if (!destroyed) {
          this.missing = id !== '' && !version;
          if (!this.missing) {
            this.sections.setMonitors(monitors);
            this.begin(version);
          }
        }
      } catch (error) {
        this.error = messageOf(error);
      }
    },

    /**
     * Fills in the form. Its content becomes the one that unsaved changes are detected against.
     * @param {Version<StatusPage> | null} version null for a new page
     */
    begin(version) {
      stored = version?.document ?? null;
      tag = version?.tag ?? '';
      this.hasPassword = stored?.hasPassword ?? false;
      this.fill(stored ?? { ...EMPTY, zone: ZONE });
      original = JSON.stringify(this.draft);
      if (unsavedDraft) {
        ({ original, tag } = unsavedDraft);
        this.fill(unsavedDraft.draft);
        this.slugFollows = false;
        unsavedDraft = null;
      }
      this.review.end();
      this.loaded = true;
      effect ??= Alpine.effect(() => this.preview.follow(this.draft));
      if (stored) {
        this.heading = `Edit ${stored.title}`;
        app.setTitle(this.heading);
      } else {
        this.sections.show(this.sections.items[0]?.key ?? '');
        Alpine.nextTick(() => document.getElementById('title')?.focus());
      }
    },

    /** @param {StatusPageDraft} page */
    fill(page) {
      const { password } = this.content;
      const { sections, ...content } = valuesOf(page);
      this.content = { ...content, password, sections: [] };
      this.sections.fill(sections);
    },

    /** Fills the form with the stored page. */
    discard() {
      if (stored) {
        this.errors.clear();
        this.content.password = '';
        this.begin({ document: stored, tag });
      }
    },

    get isLoading() {
      return !this.loaded && !this.error && !this.missing;
    },

    /** Everything in the form. @returns {Values} */
    get all() {
      return { ...this.content, sections: this.sections.items };
    },

    /** The status page in the form, without its password. */
    get draft() {
      return draftOf(this.all);
    },

    /** The absolute URL of the page in the form. */
    get url() {
      return pageUrl(app.config, this.content.slug.trim() || '…');
    },

    get addressNote() {
      return addressNote(this.content.slug, this.deleted ? null : stored);
    },

    onTitleInput() {
      if (this.slugFollows) {
        this.content.slug = slugOf(this.content.title);
        delete this.errors.byField.slug;
      }
    },

    onSlugInput() {
      this.slugFollows = this.content.slug === '' && this.isNew;
    },

    /** @param {HTMLInputElement} input cleared afterwards, so that the same file can be chosen again */
    async onLogo(input) {
      const file = input.files?.[0];
      if (file) {
        const problem = logoProblem(file);
        this.errors.byField.logo = problem;
        this.content.logo = problem ? this.content.logo : await readDataUrl(file);
        input.value = '';
      }
    },

    removeLogo() {
      this.content.logo = '';
      Alpine.nextTick(() => document.getElementById('logo')?.focus());
    },

    get passwordHelp() {
      return this.hasPassword ? 'Leave empty to keep the current one.' : 'At least 8 characters.';
    },

    get saveLabel() {
      if (this.busy) {
        return 'Saving…';
      }
      return this.deleted ? 'Save as new page' : 'Save';
    },

    async save() {
      if (this.busy) {
        return;
      }
      this.busy = true;
      this.errors.clear();
      try {
        const saved = await this.store();
        leave(`Saved ${saved.title}`, `#status-page/${saved.id}`);
      } catch (error) {
        this.showError(error);
      } finally {
        this.busy = false;
      }
    },

    /**
     * Saves the page. If someone else changed it, the method begins a review and rejects. It saves again if the form has
     * their values already.
     * @returns {Promise<StatusPage>}
     */
    async store() {
      const { visibility, password } = this.content;
      const page = { ...this.draft, password: (visibility === 'password' && password) || undefined };
      try {
        return await (id && !this.deleted ? documents.replace(id, page, tag) : documents.create(page));
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
     * Shows the values that someone else changed. From now on, Save replaces their version.
     * @param {Version<StatusPage>} current
     */
    reviewChanges(current) {
      const base = JSON.parse(original);
      ({ document: stored, tag } = current);
      this.hasPassword = stored.hasPassword;
      original = JSON.stringify(stored);
      this.review.begin(this, PAGE_FIELDS, base, stored);
    },

    /**
     * Shows why the page was not saved.
     * @param {unknown} error
     */
    showError(error) {
      const { field, text } = currentOf(error) ? { field: '', text: NOT_SAVED } : fieldErrorOf(error, this.all);
      if (destroyed) {
        app.notify(`Could not save the status page: ${text}`, 'failed');
      } else if (id && error instanceof ApiError && error.status === 404) {
        this.deleted = true;
        this.hasPassword = false;
        this.errors.summary = 'This status page has been deleted. You can save it as a new one.';
      } else if (hasField(field)) {
        this.errors.show({ [field]: text, ...missingOf(this.content, this.hasPassword) });
      } else {
        this.errors.summary = text;
      }
    },

    /** @param {HTMLDialogElement} dialog */
    askRemove(dialog) {
      if (stored) {
        this.removal.ask(dialog, withName(stored), tag);
      }
    },
  };
}
