/** @import {Monitor, Spec} from '../../../types/model' */
/** @import {Draft, Version} from '../../api.js' */
/** @import {App} from '../../app.js' */
/** @import {Route} from '../../router.js' */
/** @import {Review} from '../../review.js' */
/** @import {Previous, Template} from './templates.js' */
import Alpine from '../../lib/alpine.js';
import { messageOf } from '../../api.js';
import { hasField, newFieldErrors } from '../../field-errors.js';
import { currentOf, monitorsOf } from '../../documents.js';
import { NOT_SAVED, newReview } from '../../review.js';
import { copyName, draftOf, newDraft } from './fields.js';
import { newLabels } from './labels.js';
import { newOnDemandCheck } from './on-demand-check.js';
import { isNotFound, newOriginal } from './original.js';
import { beginReview, compareVersion, saveForm } from './other-changes.js';
import { expressions, newRuleCheck } from './rule.js';
import { newSettings } from './settings.js';
import { newSuggestions } from './suggestions.js';
import { FIRST, TEMPLATES, apply, undo } from './templates.js';
import { parseApiError, validate } from './validation.js';

/**
 * The form of a monitor. It is built from the description of the monitor's type.
 * @param {App} app
 * @param {Route} route
 */
export function monitorForm(app, { id, params, hash }) {
  const { api } = app;
  const cloneOf = id ? '' : (params.get('from') ?? '');
  /** The form as it was before a sign-in. */
  const restored = /** @type {{draft: Draft, original: string, tag: string} | null} */ (
    app.session?.takeDraft(hash) ?? null
  );
  let left = false;
  let ruleCheck = newRuleCheck(api, () => {});

  return {
    types: /** @type {Spec[]} */ ([]),
    /** The properties are in settings, the labels in labels. @type {Draft} */
    form: newDraft(FIRST.rule),
    settings: newSettings(),
    /** The id of the box of an expression that had the focus last. */
    box: 'rule',
    labels: newLabels(),
    original: newOriginal(api, app.live, id),
    review: /** @type {Review<Draft>} */ (newReview('Someone else changed this monitor')),
    check: newOnDemandCheck(api, app.clock),
    errors: newFieldErrors(),
    title: id ? 'Edit monitor' : 'New monitor',
    loaded: false,
    error: '',
    saving: false,
    template: /** @type {Template | null} */ (id || cloneOf ? null : FIRST),
    previous: /** @type {Previous | null} */ (null),
    suggestions: newSuggestions(api, app.monitors, id),
    intervals: ['10s', '30s', '1m', '5m', '15m', '1h'],
    cancelHref: id || cloneOf ? `#monitor/${id || cloneOf}` : '#list',

    init() {
      app.setTitle(this.title);
      app.unsaved = () => this.loaded && this.current !== this.original.text;
      app.draft = () => ({ draft: this.draft, original: this.original.text, tag: this.original.tag });
      ruleCheck = newRuleCheck(api, (errors) => Object.assign(this.errors.byField, errors));
      this.original.watch((version) => this.onRead(version));
      this.load();
    },

    destroy() {
      left = true;
      this.original.stop();
      ruleCheck.stop();
      this.check.cancel();
    },

    async load() {
      this.error = '';
      try {
        const [types, version] = await Promise.all([
          api.types(),
          id || cloneOf ? monitorsOf(api).read(id || encodeURIComponent(cloneOf)) : null,
        ]);
        if (!left) {
          this.types = types;
          this.begin(version ?? { document: this.form, tag: '' });
          if (restored) {
            this.fill(restored.draft);
            this.original.set(restored.original, restored.tag);
            this.onRead(id ? version : null);
          }
          this.suggestions.load();
        }
      } catch (error) {
        this.error = isNotFound(error) ? 'This monitor does not exist. It may have been deleted.' : messageOf(error);
      }
    },

    get isLoading() {
      return !this.loaded && !this.error;
    },

    /**
     * Fills the form. Its values become the ones that unsaved changes are detected against.
     * @param {Version<Monitor | Draft>} version
     */
    begin({ document: monitor, tag }) {
      const draft = draftOf(monitor, this.specOf(monitor.type));
      this.fill(cloneOf ? { ...draft, name: copyName(draft.name) } : draft);
      this.previous = null;
      this.original.set(this.current, tag);
      this.review.end();
      this.loaded = true;
      if (id) {
        this.title = `Edit ${draft.name}`;
        app.setTitle(this.title);
      } else {
        Alpine.nextTick(() => document.getElementById('name')?.focus());
      }
    },

    /** @param {Draft} draft */
    fill(draft) {
      this.form = { ...draft };
      this.settings.fill(this.spec, draft.properties);
      this.labels.fill(draft.labels);
      this.errors.clear();
      this.ruleChanged();
    },

    /** @param {string} type */
    specOf(type) {
      return this.types.find((spec) => spec.type === type) ?? null;
    },

    get spec() {
      return this.specOf(this.form.type);
    },

    /** @returns {Draft} */
    get values() {
      return { ...this.form, properties: this.settings.values, labels: this.labels.values };
    },

    /** The monitor that Save sends. */
    get draft() {
      return draftOf(this.values, this.spec);
    },

    get current() {
      return JSON.stringify(this.draft);
    },

    /** @param {Version<Monitor> | null} version the stored monitor */
    onRead(version) {
      if (version && this.loaded && !left && !this.saving && app.session?.canWrite !== false) {
        compareVersion(this, version);
      }
    },

    reviewChanges() {
      beginReview(this);
    },

    /** Fills the form with the stored monitor. */
    discard() {
      this.begin(this.original.current);
    },

    async save() {
      if (this.saving || !this.isValid([])) {
        return;
      }
      this.saving = true;
      try {
        const saved = await saveForm(this);
        app.notify(`Saved ${saved.name}`);
        if (!left) {
          app.unsaved = () => false;
          location.hash = `#monitor/${saved.id}`;
        }
      } catch (error) {
        this.showApiError(error);
      } finally {
        this.saving = false;
      }
    },

    get saveLabel() {
      return this.saving ? 'Saving…' : this.original.deleted ? 'Save as new monitor' : 'Save';
    },

    async runCheck() {
      // A check needs no name.
      if (this.check.running || !this.spec || !this.isValid(['name'])) {
        return;
      }
      try {
        await this.check.run({ ...this.draft, name: this.draft.name || 'New monitor' }, this.spec);
        Alpine.nextTick(() => document.querySelector('.editor .verdict')?.scrollIntoView({ block: 'nearest' }));
      } catch (error) {
        this.showApiError(error);
      }
    },

    /**
     * Reports whether the form can be sent, and shows the errors if not.
     * @param {string[]} except fields that may be invalid
     */
    isValid(except) {
      this.errors.summary = '';
      const found = Object.entries(this.validate()).filter(([field]) => !except.includes(field));
      if (found.length > 0) {
        this.showErrors(Object.fromEntries(found));
      }
      return found.length === 0;
    },

    /** @param {Record<string, string>} errors by field */
    showErrors(errors) {
      this.settings.openSections(({ id }) => errors[id]);
      this.errors.show(errors);
    },

    validate() {
      return this.spec ? validate(this.draft, this.spec, this.settings.maps, this.labels.rows) : {};
    },

    /**
     * Shows why the API rejected the monitor.
     * @param {unknown} error
     */
    showApiError(error) {
      const { field, text } = currentOf(error) ? { field: '', text: NOT_SAVED } : parseApiError(error);
      if (left) {
        app.notify(`Monitor not saved: ${text}`, 'failed');
      } else if (id && isNotFound(error)) {
        this.original.deleted = true;
        this.errors.summary = 'This monitor has been deleted.';
      } else if (hasField(field)) {
        this.showErrors({ [field]: text });
      } else {
        this.errors.summary = text;
      }
    },

    typeChanged() {
      if (this.template && this.form.rule === this.template.rule) {
        this.form.rule = '';
      }
      this.template = null;
      this.previous = null;
      this.fill(this.values);
    },

    get templates() {
      return id || cloneOf ? [] : (TEMPLATES[this.form.type] ?? []);
    },

    /** @param {string} interval */
    setInterval(interval) {
      this.form.interval = interval;
      delete this.errors.byField.interval;
    },

    /** @param {Template} template replaces the rule, and the properties of the template applied before */
    applyTemplate(template) {
      const replaced = Object.keys(this.template?.properties ?? {});
      const others = Object.entries(this.settings.values).filter(([name]) => !replaced.includes(name));
      apply(this, template.rule, { ...Object.fromEntries(others), ...template.properties }, template);
    },

    useExample() {
      apply(this, this.spec?.exampleRule ?? '', this.settings.values, this.template);
    },

    undo() {
      undo(this);
    },

    ruleTyped() {
      this.previous = null;
      this.ruleChanged();
    },

    ruleChanged() {
      ruleCheck.schedule(() => this.draft);
    },

    expressions,
  };
}
