/** @import {Monitor, Property, Spec} from '../../../types/model' */
/** @import {Draft} from '../../api.js' */

/**
 * A property in the form.
 * @typedef {{
 *   id: string,
 *   name: string,
 *   label: string,
 *   control: 'switch' | 'select' | 'area' | 'map' | 'line',
 *   inputmode: 'numeric' | 'decimal' | 'text',
 *   list: string | null,
 *   property: Property,
 * }} Field
 */

/** @typedef {{name: string, fields: Field[]}} Section */

/**
 * A row of a string map: a name and a value.
 * @typedef {{key: number, name: string, value: string}} Row
 */

const LONGEST_NAME = 300;
const COPY = ' (copy)';
/** The interval of a new monitor. */
export const DEFAULT_INTERVAL = '1m';
const BASIC = [
  'timeout',
  'method',
  'headers',
  'body',
  'bodyRegex',
  'count',
  'type',
  'server',
  'grace',
  'zone',
  'maxRun',
];
const NOTIFICATIONS = ['alertMute', 'alertFailCount', 'alertTo', 'dependsOn'];
/** Labels of properties whose name alone would be unclear or ambiguous. */
const LABELS = new Map([
  ['type', 'Record type'],
  ['count', 'Packets'],
  ['interval', 'Packet interval'],
  ['maxBody', 'Maximum body'],
  ['capture', 'Captured numbers'],
  ['invert', 'Invert the check'],
  ['alertMute', 'Mute notifications'],
  ['alertFailCount', 'Failure count'],
  ['alertTo', 'E-mail recipients'],
  ['grace', 'Grace time'],
  ['zone', 'Time zone'],
  ['maxRun', 'Maximum run time'],
  ['slo', 'Service level objective (%)'],
]);
/** The data lists with suggestions for properties. @type {Record<string, string>} */
const LISTS = { dependsOn: 'monitors', zone: 'zones' };
/** @type {Partial<Record<Property['kind'], Field['inputmode']>>} */
const INPUT_MODES = { integer: 'numeric', percent: 'decimal' };
/** @type {Partial<Record<Property['kind'], Field['control']>>} */
const CONTROLS = { bool: 'switch', choice: 'select', longtext: 'area', stringmap: 'map' };

/**
 * Returns the properties of a type in sections, the most common ones first.
 * @param {Spec} spec
 * @returns {Section[]}
 */
export function sectionsOf(spec) {
  const fields = spec.properties.filter(({ kind }) => kind !== 'expression').map(fieldOf); // It is beside the rule.
  const others = (/** @type {Field} */ { name }) => !BASIC.includes(name) && !NOTIFICATIONS.includes(name);
  return [
    { name: 'Settings', fields: fields.filter(({ name }) => BASIC.includes(name)) },
    { name: 'Advanced', fields: fields.filter(others) },
    { name: 'Notifications', fields: fields.filter(({ name }) => NOTIFICATIONS.includes(name)) },
  ].filter(({ fields }) => fields.length > 0);
}

/**
 * @param {Property} property
 * @returns {Field}
 */
function fieldOf(property) {
  const { name, kind } = property;
  const words = name.replace(/([a-z])([A-Z])/g, (_, end, start) => `${end} ${start}`);
  return {
    id: fieldId(name),
    name,
    label: LABELS.get(name) ?? sentence(words),
    control: CONTROLS[kind] ?? 'line',
    inputmode: INPUT_MODES[kind] ?? 'text',
    list: LISTS[name] ?? null,
    property,
  };
}

/** @param {string} property */
export function fieldId(property) {
  return `property-${property}`;
}

/**
 * Converts words to sentence case, except acronyms such as TLS.
 * @param {string} words
 */
function sentence(words) {
  const [first, ...rest] = words.split(' ');
  const lower = rest.map((word) => (word === word.toUpperCase() ? word : word.toLowerCase()));
  return [first[0].toUpperCase() + first.slice(1), ...lower].join(' ');
}

/** The kinds of properties with ignored blanks around their values. */
const TRIMMED = ['duration', 'integer', 'bytes', 'percent'];

/**
 * Returns the monitor to send for a form. It contains only properties of the monitor's type that are set.
 * @param {Draft | Monitor} form
 * @param {Spec | null} spec
 * @returns {Draft}
 */
export function draftOf(
  { name, type, interval, target, rule = '', group = '', labels = {}, enabled, properties },
  spec,
) {
  const used = (spec?.properties ?? []).flatMap(({ name, kind }) => {
    const text = properties[name] ?? '';
    const value = TRIMMED.includes(kind) ? text.trim() : text;
    return value ? [[name, value]] : [];
  });
  return {
    name: name.trim(),
    type,
    interval: spec?.push ? '' : interval.trim(), // The API computes it from the schedule.
    target: target.trim(),
    rule: rule.trim(),
    group: group.trim(),
    labels,
    enabled,
    properties: Object.fromEntries(used),
  };
}

/**
 * Returns the initial values of the form for a new monitor.
 * @param {string} rule
 * @returns {Draft}
 */
export function newDraft(rule) {
  return {
    name: '',
    type: 'http',
    interval: DEFAULT_INTERVAL,
    target: '',
    rule,
    group: '',
    enabled: true,
    properties: {},
  };
}

/**
 * @param {string} name
 * @returns {string} the name of a copy, cut to the maximum length
 */
export function copyName(name) {
  return [...name].slice(0, LONGEST_NAME - COPY.length).join('') + COPY;
}

let rows = 0;

/**
 * @param {string} name
 * @param {string} value
 * @returns {Row}
 */
export function newRow(name = '', value = '') {
  return { key: ++rows, name, value };
}

/**
 * @param {string} text a JSON object of strings; empty for none
 * @returns {Row[]}
 */
export function parseMap(text) {
  return text ? Object.entries(JSON.parse(text)).map(([name, value]) => newRow(name, value)) : [];
}

/**
 * @param {Row[]} rows
 * @returns {string} a JSON object of strings; empty if all rows are
 */
export function formatMap(rows) {
  const filled = rows.filter(({ name, value }) => name || value);
  return filled.length ? JSON.stringify(Object.fromEntries(filled.map(({ name, value }) => [name, value]))) : '';
}

/**
 * Returns the keys and values of rows without blanks around them. Rows without any text are left out.
 * @param {Row[]} rows
 */
export function filled(rows) {
  const trimmed = rows.map(({ name, value }) => [name.trim(), value.trim()]);
  return trimmed.filter(([key, value]) => key || value);
}
