/** @import {Monitor, Property, Spec} from '../../../types/model' */
/** @import {Draft} from '../../api.js' */
/** @import {Field} from '../../differences.js' */
/** @import {Field as FormField} from './fields.js' */
import { MASK, NOT_SET, changesOf } from '../../differences.js';
import { sectionsOf } from './fields.js';

/** The fields that all types have, with their labels. */
const COMMON = /** @type {const} */ ([
  ['name', 'Name'],
  ['type', 'Monitor type'],
  ['target', 'Target'],
  ['interval', 'Interval'],
  ['group', 'Group'],
  ['enabled', 'Enabled'],
  ['rule', 'Rule'],
]);

/** The labels, in the order of their keys. @type {Field<Draft>} */
const LABELS = {
  key: 'labels',
  label: 'Labels',
  get: ({ labels }) => Object.entries(labels ?? {}).sort(),
  set: (monitor, entries) => (monitor.labels = Object.fromEntries(entries)),
  show: ({ labels }) =>
    Object.entries(labels ?? {})
      .sort()
      .map(([key, value]) => `${key}: ${value}`)
      .join(', ') || NOT_SET,
};

/**
 * Returns the fields of a monitor.
 * @param {Spec[]} types the types that the compared versions have
 * @returns {Field<Draft>[]}
 */
export function monitorFields(types) {
  const properties = new Map(
    types
      .flatMap(sectionsOf)
      .flatMap(({ fields }) => fields)
      .map((field) => [field.name, field]),
  );
  return [
    ...COMMON.map(([name, label]) => commonField(name, label)),
    LABELS,
    ...[...properties.values()].map((field) => propertyField(field, types)),
  ];
}

/**
 * Returns what changed between two versions of a monitor.
 * @param {Spec[]} types
 * @param {Monitor} before
 * @param {Monitor} after
 */
export function compareMonitors(types, before, after) {
  const used = types.filter(({ type }) => type === before.type || type === after.type);
  return changesOf(monitorFields(used), before, after);
}

/**
 * @param {typeof COMMON[number][0]} name
 * @param {string} label
 * @returns {Field<any>}
 */
function commonField(name, label) {
  return {
    key: name,
    label,
    get: (monitor) => monitor[name],
    set: (monitor, value) => (monitor[name] = value),
    show: (monitor) => showCommon(name, monitor[name]),
  };
}

/**
 * @param {string} name
 * @param {string | boolean} value
 */
function showCommon(name, value) {
  if (name === 'enabled') {
    return value ? 'Yes' : 'No';
  }
  return (name === 'target' ? maskUrl(String(value)) : String(value ?? '')) || NOT_SET;
}

/**
 * @param {FormField} field
 * @param {Spec[]} types
 * @returns {Field<Draft>}
 */
function propertyField({ name, label, property }, types) {
  return {
    key: `property-${name}`,
    label,
    get: ({ properties }) => properties[name],
    set: ({ properties }, value) => (value ? (properties[name] = value) : delete properties[name]),
    show: ({ properties }) => showProperty(properties[name] ?? '', property),
    isUsed: ({ type }) =>
      types.some((spec) => spec.type === type && spec.properties.some((used) => used.name === name)),
  };
}

/**
 * @param {string} text
 * @param {Property} property
 */
function showProperty(text, { kind, secret, default: unset }) {
  if (!text) {
    return unset ? `${unset} (default)` : NOT_SET;
  }
  if (kind === 'stringmap') {
    const entries = Object.entries(JSON.parse(text));
    return entries.map(([name, value]) => `${name}: ${secret ? MASK : value}`).join(', ');
  }
  return secret ? MASK : text;
}

/**
 * Masks what may be secret in a URL, as the API does: the user, the values of the query and the fragment.
 * @param {string} text
 */
function maskUrl(text) {
  return text
    .replace(/(:\/\/)[^/?#]*@/, `$1${MASK}@`)
    .replace(/#.+$/s, `#${MASK}`)
    .replace(/\?[^#]*/s, (query) => query.replace(/=[^&]+/g, `=${MASK}`));
}
