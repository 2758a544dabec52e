/** @import {Monitor, Spec} from '../../../types/model' */
/** @import {Draft} from '../../api.js' */
/** @import {App} from '../../app.js' */
/** @import {Route} from '../../router.js' */
/** @import {Template} from './templates.js' */
import Alpine from '../../lib/alpine.js';
import { messageOf } from '../../api.js';
import { faultOf, findFaults } from './faults.js';
import { copyName, draftOf } from './fields.js';
import { formatDate, formatTime } from '../../format.js';
import { hasField, newMarks } from './marks.js';
import { isGone, newOriginal } from './original.js';
import { insertOutput, newRuleCheck, outputKind } from './rule.js';
import { newSettings } from './settings.js';
import { newSuggestions } from './suggestions.js';
import { TEMPLATES } from './templates.js';
import { newTrial } from './trial.js';

/**
 * The form for a monitor, made from the description of its type.
 * @param {App} app
 * @param {Route} route
 */
export function edit(app, { id, params, hash }) {
  const { api } = app;
  const from = id ? '' : (params.get('from') ?? '');
  /** What was typed before a sign-in. */
  const kept = /** @type {{draft: Draft, original: string} | null} */ (app.session?.takeDraft(hash) ?? null);
  let left = false;
  let ruleCheck = newRuleCheck(api, () => {});

  return {
    /** @type {Spec[]} */
    types: [],
    /** @type {Draft} the properties are in settings */
    form: { name: '', type: 'http', interval: '1m', target: '', rule: '', group: '', enabled: true, properties: {} },
    settings: newSettings(),
    original: newOriginal(api, app.live, id),
    trial: newTrial(api, app.clock),
    marks: newMarks(),
    title: id ? 'Edit monitor' : 'New monitor',
    loaded: false,
    loadError: '',
    saving: false,
    /** @type {Template | null} */
    template: null,
    /** @type {{draft: Draft, template: Template | null} | null} what was there before something was filled in */
    before: null,
    suggestions: newSuggestions(api, app.monitors, id),
    intervals: ['10s', '30s', '1m', '5m', '15m', '1h'],
    cancelHref: id || from ? `#monitor/${id || from}` : '#list',

    init() {
      app.unsaved = () => this.loaded && this.current !== this.original.text;
      app.draft = () => ({ draft: this.draft, original: this.original.text });
      ruleCheck = newRuleCheck(api, (fault) => (this.marks.faults.rule = fault));
      this.original.watch((monitor) => this.meet(monitor));
      this.load();
    },

    destroy() {
      left = true;
      this.original.stop();
      ruleCheck.stop();
      this.trial.cancel();
    },

    async load() {
      this.loadError = '';
      try {
        const source = id || encodeURIComponent(from);
        const [types, monitor] = await Promise.all([api.types(), source ? api.monitor(source) : null]);
        if (!left) {
          this.types = types;
          this.begin(monitor ?? this.form);
          if (kept) {
            this.enter(kept.draft);
            this.original.text = kept.original;
            this.meet(id ? monitor : null);
          }
          this.suggestions.load();
        }
      } catch (error) {
        this.loadError = messageOf(error);
      }
    },

    /** @param {Monitor | Draft} monitor */
    begin(monitor) {
      const draft = draftOf(monitor, this.specOf(monitor.type));
      this.enter(from ? { ...draft, name: copyName(draft.name) } : draft);
      this.before = null;
      this.original.text = this.current;
      this.original.theirs = null;
      this.loaded = true;
      if (id) {
        this.title = `Edit ${draft.name}`;
        app.setTitle(this.title);
      } else {
        Alpine.nextTick(() => document.getElementById('name')?.focus());
      }
    },

    /** @param {Draft} draft */
    enter(draft) {
      this.form = { ...draft };
      this.settings.enter(this.spec, draft.properties);
      this.marks.clear();
      this.ruleChanged();
    },

    /** @param {string} type */
    specOf(type) {
      return this.types.find((spec) => spec.type === type) ?? null;
    },

    get spec() {
      return this.specOf(this.form.type);
    },

    /** What would be saved. */
    get draft() {
      return draftOf({ ...this.form, properties: this.settings.values }, this.spec);
    },

    get current() {
      return JSON.stringify(this.draft);
    },

    // What others do meanwhile

    /** @param {Monitor | null} monitor as it is stored now */
    meet(monitor) {
      if (monitor && this.loaded && !left && !this.saving && app.session?.canWrite !== false) {
        this.original.compare(monitor, JSON.stringify(draftOf(monitor, this.specOf(monitor.type))), this.current);
      }
    },

    loadTheirs() {
      if (this.original.theirs) {
        this.begin(this.original.theirs);
      }
    },

    // Saving and trying

    async save() {
      if (this.saving || !this.isSound([])) {
        return;
      }
      this.saving = true;
      try {
        const saved = await api.save(id && !this.original.gone ? { ...this.draft, id } : this.draft);
        app.notify(`Saved ${saved.name}`);
        if (!left) {
          app.unsaved = () => false;
          location.hash = `#monitor/${saved.id}`;
        }
      } catch (error) {
        this.refuse(error);
      } finally {
        this.saving = false;
      }
    },

    get saveLabel() {
      if (this.saving) {
        return 'Saving…';
      }
      return this.original.gone ? 'Save as a new monitor' : 'Save';
    },

    async tryIt() {
      // A name is no part of what is tried.
      if (this.trial.running || !this.spec || !this.isSound(['name'])) {
        return;
      }
      try {
        await this.trial.run({ ...this.draft, name: this.draft.name || 'New monitor' }, this.spec);
        Alpine.nextTick(() => document.querySelector('.edit .verdict')?.scrollIntoView({ block: 'nearest' }));
      } catch (error) {
        this.refuse(error);
      }
    },

    /**
     * Whether there is nothing to mend before the API is asked.
     * @param {string[]} except fields that may be left open
     */
    isSound(except) {
      this.marks.problem = '';
      const found = Object.entries(this.findFaults()).filter(([field]) => !except.includes(field));
      if (found.length > 0) {
        this.show(Object.fromEntries(found));
      }
      return found.length === 0;
    },

    /** @param {Record<string, string>} faults */
    show(faults) {
      this.settings.openThose(({ id }) => faults[id]);
      this.marks.show(faults);
    },

    findFaults() {
      return this.spec ? findFaults(this.draft, this.spec, this.settings.maps) : {};
    },

    /**
     * Shows why the API refused.
     * @param {unknown} error
     */
    refuse(error) {
      const { field, text } = faultOf(messageOf(error));
      if (left) {
        app.notify(`Not saved: ${text}`, 'failed');
      } else if (id && isGone(error)) {
        this.original.gone = true;
        this.marks.problem = 'This monitor has been deleted meanwhile.';
      } else if (hasField(field)) {
        this.show({ [field]: text });
      } else {
        this.marks.problem = text;
      }
    },

    // Type, templates and rule

    typeChanged() {
      if (this.template && this.form.rule === this.template.rule) {
        this.form.rule = '';
      }
      this.template = null;
      this.before = null;
      this.enter({ ...this.form, properties: this.settings.values });
    },

    get templates() {
      return id || from ? [] : (TEMPLATES[this.form.type] ?? []);
    },

    /** @param {Template} template */
    isChosen(template) {
      return this.template?.name === template.name;
    },

    /** @param {string} interval */
    setInterval(interval) {
      this.form.interval = interval;
      delete this.marks.faults.interval;
    },

    /** @param {Template} template */
    applyTemplate(template) {
      const old = Object.keys(this.template?.properties ?? {});
      const kept = Object.entries(this.settings.values).filter(([name]) => !old.includes(name));
      this.fill(template.rule, { ...Object.fromEntries(kept), ...template.properties }, template);
    },

    useExample() {
      this.fill(this.spec?.exampleRule ?? '', this.settings.values, this.template);
    },

    /**
     * @param {string} rule
     * @param {Record<string, string>} properties
     * @param {Template | null} template
     */
    fill(rule, properties, template) {
      this.before = { draft: this.draft, template: this.template };
      this.template = template;
      this.enter({ ...this.form, rule, properties });
    },

    undo() {
      if (this.before) {
        const { draft, template } = this.before;
        this.before = null;
        this.template = template;
        this.enter({ ...this.form, rule: draft.rule, properties: draft.properties });
      }
    },

    ruleTyped() {
      this.before = null;
      this.ruleChanged();
    },

    ruleChanged() {
      ruleCheck.ask(this.form.type, this.draft.rule ?? '');
    },

    insert: insertOutput,
    outputKind,
    formatTime,
    formatDate,
  };
}
