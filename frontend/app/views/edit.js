/** @import {Monitor, Output, Property, Spec} from '../../types/model' */
/** @import {Api} from '../api.js' */
import { messageOf } from '../api.js';

/** How a property is asked for: the other kinds are one line of text. */
const MULTI_LINE = ['longtext', 'stringmap'];

/**
 * The form for a monitor, made from the description of its type.
 * @param {Api} api
 * @param {string} id empty for a new one
 */
export function edit(api, id) {
  return {
    /** @type {Spec[]} */
    types: [],
    /** @type {Omit<Monitor, 'id' | 'updated'> & {id?: string}} */
    form: { name: '', type: 'http', interval: '1m', target: '', rule: '', group: '', enabled: true, properties: {} },
    title: id ? 'Edit monitor' : 'New monitor',
    loaded: false,
    loadError: '',
    saveError: '',
    busy: false,
    cancelHref: id ? `#monitor/${id}` : '#home',

    init() {
      this.load();
    },

    async load() {
      this.loadError = '';
      try {
        const [types, stored] = await Promise.all([api.types(), id ? api.monitor(id) : null]);
        this.types = types;
        this.form = { ...this.form, ...stored };
        this.loaded = true;
      } catch (error) {
        this.loadError = messageOf(error);
      }
    },

    async save() {
      this.busy = true;
      this.saveError = '';
      try {
        const saved = await api.save({ ...this.form, properties: this.ownProperties() });
        location.hash = `#monitor/${saved.id}`;
      } catch (error) {
        this.saveError = messageOf(error);
      } finally {
        this.busy = false;
      }
    },

    /** What was entered for the chosen type; what was entered for another stays in the form only. */
    ownProperties() {
      const names = new Set(this.spec?.properties.map((property) => property.name));
      return Object.fromEntries(Object.entries(this.form.properties).filter(([name]) => names.has(name)));
    },

    get isLoading() {
      return !this.loaded && !this.loadError;
    },

    /** @returns {Spec | null} */
    get spec() {
      return this.types.find((spec) => spec.type === this.form.type) ?? null;
    },

    get typeDoc() {
      return this.spec?.doc ?? '';
    },

    get saveLabel() {
      return this.busy ? 'Saving…' : 'Save';
    },

    get targetExample() {
      return this.spec?.exampleTarget ?? '';
    },

    get targetDoc() {
      return this.spec?.targetDoc ?? '';
    },

    get ruleExample() {
      return this.spec?.exampleRule ?? '';
    },

    get ruleDoc() {
      return this.spec ? `${this.spec.ruleHint} For example: ${this.spec.exampleRule}` : '';
    },

    get properties() {
      return this.spec?.properties ?? [];
    },

    get outputs() {
      return this.spec?.outputs ?? [];
    },

    /** @param {Property} property */
    fieldId: (property) => `property-${property.name}`,

    /** @param {Property} property */
    helpId: (property) => `help-${property.name}`,

    /** @param {Output} output */
    outputKind: (output) => [output.kind, output.unit].filter(Boolean).join(', '),

    /** @param {Property} property */
    isChoice: (property) => property.kind === 'choice' || property.kind === 'bool',

    /** @param {Property} property */
    isLong: (property) => MULTI_LINE.includes(property.kind),

    /** @param {Property} property */
    isLine(property) {
      return !this.isChoice(property) && !this.isLong(property);
    },

    /** @param {Property} property */
    choices: (property) => (property.kind === 'bool' ? ['true', 'false'] : (property.choices ?? [])),

    /** @param {Property} property */
    unsetLabel: (property) => (property.default ? `${property.default} (default)` : 'not set'),

    /** @param {Property} property */
    value(property) {
      return this.form.properties[property.name] ?? '';
    },

    /**
     * @param {Property} property
     * @param {string} value
     */
    setValue(property, value) {
      this.form.properties[property.name] = value;
    },
  };
}
