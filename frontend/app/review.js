/** @import {Field} from './differences.js' */
import Alpine from './lib/alpine.js';
import { isSame, showBoth } from './differences.js';
import { mountMarkup } from './load-state.js';

/**
 * A form: the document that it sends, a function that fills it, and, if the form keeps more than it sends, all its values.
 * @template T
 * @typedef {{readonly draft: T, fill: (draft: T) => void, readonly values?: T}} Form
 */

/**
 * @template {object} T
 * @typedef {ReturnType<typeof newReview<T>>} Review
 */

/** A field in the review. @typedef {{key: string, label: string}} Row */

/** The message after a change that was rejected because someone else changed the document. */
export const NOT_SAVED = 'Someone else has made changes in the meantime. Please review them, then save again.';

const MARKUP = `
  <template x-if="review.rows.length">
    <section class="card part review" aria-labelledby="review-title">
      <h2 id="review-title" tabindex="-1" x-text="review.title"></h2>
      <p class="help">Choose the value of each field. Then save again.</p>
      <template x-for="row in review.usedRows" :key="row.key">
        <fieldset>
          <legend x-text="row.label"></legend>
          <label :class="{ chosen: !review.isCurrent(row) }">
            <input type="radio" :name="'review-' + row.key" :checked="!review.isCurrent(row)" @change="review.chooseMine(row)" />
            <span><span class="muted">Yours</span> <bdi x-text="review.texts(row)[0]"></bdi></span>
          </label>
          <label :class="{ chosen: review.isCurrent(row) }">
            <input type="radio" :name="'review-' + row.key" :checked="review.isCurrent(row)" @change="review.chooseCurrent(row)" />
            <span><span class="muted">Saved by someone else</span> <bdi x-text="review.texts(row)[1]"></bdi></span>
          </label>
        </fieldset>
      </template>
      <p><button type="button" @click="discard()">Discard my changes</button></p>
    </section>
  </template>`;

/**
 * The fields of a form that someone else changed while the user edited it. For each, the user chooses the own value or the
 * current one. The form shows the chosen values; what the user has entered can always be chosen again.
 * @template {object} T
 * @param {string} title
 */
export function newReview(title) {
  /** @type {Map<string, Field<T>>} */
  let fields = new Map();
  /** @type {Form<T>} */
  let form;
  /** What the user has entered, and the current version. @type {{mine: T, current: T}} */
  let versions;

  return {
    title,
    /** @type {Row[]} */
    rows: [],

    /**
     * Begins a review, or continues it with a newer version. A field that the user has not changed gets the current value.
     * @param {Form<T>} reviewed
     * @param {Field<T>[]} all
     * @param {T} base the version that the form was filled from
     * @param {T} current
     */
    begin(reviewed, all, base, current) {
      form = reviewed;
      const [values, mine] = [copyOf(form.values ?? form.draft), copyOf(form.draft)];
      const taken = this.rows.filter((row) => this.isCurrent(row)).map(({ key }) => key);
      all.filter(({ key }) => taken.includes(key)).forEach((field) => field.set(mine, field.get(versions.mine)));
      const listed = this.rows.map(({ key }) => key);
      const changed = all.filter(
        (field) => !isSame(field, mine, current) && (listed.includes(field.key) || !isSame(field, base, current)),
      );
      all
        .filter((field) => !isSame(field, base, current))
        .filter((field) => taken.includes(field.key) || isSame(field, base, form.draft))
        .forEach((field) => field.set(values, field.get(current)));
      fields = new Map(changed.map((field) => [field.key, field]));
      versions = { mine, current };
      form.fill(values);
      this.rows = changed.map(({ key, label }) => ({ key, label }));
      Alpine.nextTick(() => document.getElementById('review-title')?.focus());
    },

    end() {
      this.rows = [];
    },

    /** The rows to show: only fields that the document in the form can have. */
    get usedRows() {
      return this.rows.filter((row) => this.field(row).isUsed?.(form.draft) ?? true);
    },

    /** @param {Row} row */
    field({ key }) {
      return /** @type {Field<T>} */ (fields.get(key));
    },

    /**
     * Reports whether the form has the current value.
     * @param {Row} row
     */
    isCurrent(row) {
      return isSame(this.field(row), form.draft, versions.current);
    },

    /**
     * Returns the user's value and the current one.
     * @param {Row} row
     */
    texts(row) {
      return showBoth(this.field(row), this.isCurrent(row) ? versions.mine : form.draft, versions.current);
    },

    /** @param {Row} row */
    chooseMine(row) {
      this.choose(row, versions.mine);
    },

    /** @param {Row} row */
    chooseCurrent(row) {
      const field = this.field(row);
      field.set(versions.mine, field.get(form.draft));
      this.choose(row, versions.current);
    },

    /**
     * @param {Row} row
     * @param {T} version
     */
    choose(row, version) {
      const values = copyOf(form.values ?? form.draft);
      this.field(row).set(values, this.field(row).get(version));
      form.fill(values);
    },

    /** @param {HTMLElement} element */
    mount(element) {
      mountMarkup(element, MARKUP);
    },
  };
}

/**
 * Copies a document. The draft of a form is a proxy of Alpine, which structuredClone rejects.
 * @template T
 * @param {T} document
 * @returns {T}
 */
function copyOf(document) {
  return JSON.parse(JSON.stringify(document));
}
