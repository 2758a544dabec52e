/** @import {Spec} from '../../../types/model' */
/** @import {Field, Row, Section} from './fields.js' */
import Alpine from '../../lib/alpine.js';
import { fieldId, formatMap, newRow, parseMap, sectionsOf } from './fields.js';

/** The spellings of true that the API accepts; a stored monitor may have each of them. */
const TRUE = /^\s*(1|t|T|true|True|TRUE)\s*$/;

/** The properties of the monitor in the form. The values of one type stay while another type is chosen. */
export function newSettings() {
  return {
    /** @type {Spec | null} */
    spec: null,
    /** @type {Record<string, string>} */
    values: {},
    /** The rows of the string maps. @type {Record<string, Row[]>} */
    maps: {},
    /** The open sections, by name. @type {Record<string, boolean>} */
    open: { Settings: true },

    /**
     * @param {Spec | null} spec
     * @param {Record<string, string>} values
     */
    fill(spec, values) {
      this.spec = spec;
      this.values = { ...values };
      const maps = spec?.properties.filter(({ kind }) => kind === 'stringmap') ?? [];
      this.maps = Object.fromEntries(maps.map(({ name }) => [name, parseMap(values[name] ?? '')]));
      this.openSections(({ name }) => this.values[name]);
    },

    /** @returns {Section[]} */
    get sections() {
      return this.spec ? sectionsOf(this.spec) : [];
    },

    /**
     * Opens the sections with a field that matches.
     * @param {(field: Field) => unknown} matches
     */
    openSections(matches) {
      this.sections.filter(({ fields }) => fields.some(matches)).forEach(({ name }) => (this.open[name] = true));
    },

    /** @param {Section} section */
    isOpen(section) {
      return this.open[section.name] ?? false;
    },

    /**
     * @param {Section} section
     * @param {boolean} open
     */
    setOpen(section, open) {
      this.open[section.name] = open;
    },

    /** @param {Section} section */
    note({ fields }) {
      const set = fields.filter(({ name }) => this.values[name]).length;
      return set ? `${set} set` : '';
    },

    /** @param {Field} field */
    value({ name }) {
      return this.values[name] ?? '';
    },

    /**
     * @param {Field} field
     * @param {string} value
     */
    setValue({ name }, value) {
      this.values[name] = value;
    },

    /** @param {Field} field */
    isOn(field) {
      return TRUE.test(this.value(field) || (field.property.default ?? ''));
    },

    /**
     * @param {Field} field
     * @param {boolean} on
     */
    setOn(field, on) {
      const value = String(on);
      this.setValue(field, value === field.property.default ? '' : value);
    },

    /** @param {Field} field */
    onText(field) {
      const value = String(this.isOn(field));
      return value === field.property.default ? `${value} (default)` : value;
    },

    /** @param {Field} field */
    unsetText: ({ property }) => (property.default ? `${property.default} (default)` : 'not set'),

    /**
     * The choices without the default, which unsetText stands for. A stored value that is no choice is added, because
     * the select would show another one.
     * @param {Field} field
     */
    choices(field) {
      const { choices = [], default: unset } = field.property;
      const value = this.value(field);
      const known = value === '' || choices.includes(value) ? choices : [...choices, value];
      return known.filter((choice) => choice !== unset || choice === value);
    },

    /** @param {Field} field */
    rows({ name }) {
      return this.maps[name] ?? [];
    },

    /** @param {Field} field */
    addRow(field) {
      const row = newRow();
      this.rows(field).push(row);
      Alpine.nextTick(() => document.getElementById(`row-${row.key}`)?.focus());
    },

    /**
     * @param {Field} field
     * @param {Row} row
     */
    removeRow(field, row) {
      this.maps[field.name] = this.rows(field).filter(({ key }) => key !== row.key);
      this.setValue(field, formatMap(this.rows(field)));
      Alpine.nextTick(() => document.getElementById(fieldId(field.name))?.focus());
    },

    /**
     * @param {Field} field
     * @param {Row} row
     * @param {'name' | 'value'} part
     * @param {string} text
     */
    setRow(field, row, part, text) {
      row[part] = text;
      this.setValue(field, formatMap(this.rows(field)));
    },
  };
}
