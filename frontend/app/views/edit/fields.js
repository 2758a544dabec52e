/** @import {Monitor, Property, Spec} from '../../../types/model' */
/** @import {Draft} from '../../api.js' */

/**
 * A property as the form shows it.
 * @typedef {{
 *   id: string,
 *   name: string,
 *   label: string,
 *   control: 'switch' | 'select' | 'area' | 'map' | 'line',
 *   inputmode: 'numeric' | 'text',
 *   property: Property,
 * }} Field
 */

/** @typedef {{name: string, fields: Field[]}} Section */

/**
 * A pair of a string map as it is entered.
 * @typedef {{key: number, name: string, value: string}} Row
 */

const LONGEST_NAME = 300;
const COPY = ' (copy)';
const BASIC = ['timeout', 'method', 'headers', 'body', 'bodyRegex', 'count', 'type', 'server'];
const ALERTS = ['alertMute', 'alertFailCount', 'alertTo', 'dependsOn'];
/** Labels that would say too little, or the same as another one, if they were made from the name. */
const LABELS = new Map([
  ['type', 'Record type'],
  ['count', 'Packets'],
  ['interval', 'Packet interval'],
  ['maxBody', 'Largest body'],
  ['alertMute', 'Mute alerts'],
  ['alertFailCount', 'Alert after'],
]);
/** @type {Partial<Record<Property['kind'], Field['control']>>} */
const CONTROLS = { bool: 'switch', choice: 'select', longtext: 'area', stringmap: 'map' };

/**
 * The properties of a type under headings, those that are set most often first.
 * @param {Spec} spec
 * @returns {Section[]}
 */
export function sectionsOf(spec) {
  const fields = spec.properties.map(fieldOf);
  const others = (/** @type {Field} */ { name }) => !BASIC.includes(name) && !ALERTS.includes(name);
  return [
    { name: 'Settings', fields: fields.filter(({ name }) => BASIC.includes(name)) },
    { name: 'Advanced', fields: fields.filter(others) },
    { name: 'Alerts', fields: fields.filter(({ name }) => ALERTS.includes(name)) },
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
    inputmode: kind === 'integer' ? 'numeric' : 'text',
    property,
  };
}

/** @param {string} property */
export function fieldId(property) {
  return `property-${property}`;
}

/**
 * Words with a capital at the start of the first one alone; TLS stays as it is.
 * @param {string} words
 */
function sentence(words) {
  const [first, ...rest] = words.split(' ');
  const lower = rest.map((word) => (word === word.toUpperCase() ? word : word.toLowerCase()));
  return [first[0].toUpperCase() + first.slice(1), ...lower].join(' ');
}

/**
 * What is sent for a form: without the properties that are unset or of another type than the chosen one.
 * @param {Draft | Monitor} form
 * @param {Spec | null} spec
 * @returns {Draft}
 */
export function draftOf({ name, type, interval, target, rule = '', group = '', enabled, properties }, spec) {
  const own = (spec?.properties ?? []).flatMap(({ name }) => (properties[name] ? [[name, properties[name]]] : []));
  return {
    name: name.trim(),
    type,
    interval: interval.trim(),
    target: target.trim(),
    rule: rule.trim(),
    group: group.trim(),
    enabled,
    properties: Object.fromEntries(own),
  };
}

/**
 * @param {string} name
 * @returns {string} the name of a copy, not too long to be saved
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
 * @returns {string} a JSON object of strings; empty when nothing is entered
 */
export function formatMap(rows) {
  const entered = rows.filter(({ name, value }) => name || value);
  return entered.length ? JSON.stringify(Object.fromEntries(entered.map(({ name, value }) => [name, value]))) : '';
}
