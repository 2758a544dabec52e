/** @import {Property, Spec} from '../../../types/model' */
/** @import {Draft} from '../../api.js' */
/** @import {FieldErrors} from '../../field-errors.js' */
/** @import {Row} from './fields.js' */
import { ApiError, messageOf, withHint } from '../../api.js';
import { formatDuration, parseDuration } from './durations.js';
import { fieldId, filled } from './fields.js';

/** The form of the key of a label. */
const LABEL_KEY = /^[a-z0-9][-a-z0-9_./]*$/i;
const SECOND = 1000;
const LONGEST_INTERVAL = 366 * 24 * 3_600_000;
const PERCENT = /^\d{1,3}(\.\d{1,6})?$/;
const SIZE = /^(\d{1,10})\s*(KiB|MiB)?$/;
const SIZES = new Map([
  ['KiB', 1 << 10],
  ['MiB', 1 << 20],
]);

/**
 * Splits an error of the API into the field it names and the message to show there. The field is empty when the error
 * names none.
 * @param {unknown} error
 * @returns {{field: string, text: string}}
 */
export function parseApiError(error) {
  const { field, text } = splitDetail(error instanceof ApiError ? error.message : messageOf(error));
  return { field, text: withHint(text, error) };
}

/** @param {string} detail */
function splitDetail(detail) {
  const property = /^property (\w+): (.*)$/s.exec(detail) ?? /^field "properties\.(\w+)" (.*)$/s.exec(detail);
  if (property) {
    return { field: fieldId(property[1]), text: property[2] };
  }
  if (/^(?:label|value of the label|monitor has \d+ labels|field "labels)\b/.test(detail)) {
    return { field: 'labels', text: detail };
  }
  const field =
    /^(?:missing|invalid)? ?monitor (name|type|interval|target|rule|group)\b/.exec(detail)?.[1] ??
    /^field "(name|type|interval|target|rule|group)" /.exec(detail)?.[1] ??
    /^(rule) invalid: /.exec(detail)?.[1];
  return { field: field ?? '', text: detail };
}

/**
 * Checks a draft as far as that is possible without the API. The messages are the same as those of the API.
 * @param {Draft} draft
 * @param {Spec} spec
 * @param {Record<string, Row[]>} maps the rows of the properties that are string maps
 * @param {Row[]} labels the rows of the labels
 * @returns {FieldErrors}
 */
export function validate(draft, spec, maps, labels) {
  const errors = [
    ['name', draft.name ? '' : 'missing monitor name'],
    ['target', draft.target ? '' : spec.push ? 'missing schedule' : 'missing monitor target'],
    ['interval', spec.push ? '' : intervalError(draft.interval)],
    ['labels', labelsError(labels)],
    ...spec.properties.map((property) => [
      fieldId(property.name),
      property.kind === 'stringmap'
        ? mapError(maps[property.name] ?? [])
        : propertyError(property, draft.properties[property.name] ?? ''),
    ]),
  ];
  return Object.fromEntries(errors.filter(([, text]) => text));
}

/** @param {string} text */
function intervalError(text) {
  const interval = parseDuration(text);
  if (!text) {
    return 'missing monitor interval';
  }
  if (Number.isNaN(interval)) {
    return 'invalid monitor interval';
  }
  if (interval < SECOND) {
    return 'monitor interval must be greater than 1s';
  }
  return interval > LONGEST_INTERVAL ? `monitor interval must be at most ${formatDuration(LONGEST_INTERVAL)}` : '';
}

/**
 * @param {Property} property
 * @param {string} text
 */
function propertyError(property, text) {
  if (!text) {
    return '';
  }
  switch (property.kind) {
    case 'duration':
      return durationError(property, text);
    case 'integer':
      return /^[+-]?\d+$/.test(text) ? rangeError(property, Number(text)) : `"${text}" is not a whole number`;
    case 'bytes':
      return sizeError(property, text);
    case 'percent':
      return percentError(text);
    default:
      return '';
  }
}

/**
 * @param {Property} property
 * @param {string} text
 */
function durationError({ min = 0, max = 0 }, text) {
  const duration = parseDuration(text);
  if (Number.isNaN(duration)) {
    return `"${text}" is not a duration, use for example 500ms or 5s`;
  }
  if (duration <= 0) {
    return `"${text}" is not a positive duration`;
  }
  if (duration < min) {
    return `${text} is too short, at least ${formatDuration(min)} is needed`;
  }
  return max && duration > max ? `${text} is too long, at most ${formatDuration(max)} is allowed` : '';
}

/** @param {string} text */
function percentError(text) {
  const isPercent = PERCENT.test(text) && Number(text) > 0 && Number(text) <= 100;
  return isPercent ? '' : `"${text}" is not a percentage above 0 and up to 100, use for example 99.9`;
}

/**
 * @param {Property} property
 * @param {string} text
 */
function sizeError(property, text) {
  const [, number, unit] = SIZE.exec(text) ?? [];
  return number
    ? rangeError(property, Number(number) * (SIZES.get(unit) ?? 1))
    : `"${text}" is not a size, use for example 65536, 64KiB or 1MiB`;
}

/**
 * @param {Property} property
 * @param {number} number
 */
function rangeError({ min = 0, max = 0 }, number) {
  if (min && number < min) {
    return `${number} is too small, at least ${min} is needed`;
  }
  return max && number > max ? `${number} is too large, at most ${max} is allowed` : '';
}

/** @param {Row[]} rows */
function mapError(rows) {
  const names = rows.filter(({ name, value }) => name || value).map(({ name }) => name);
  const duplicate = names.find((name, i) => names.indexOf(name) !== i);
  if (names.includes('')) {
    return 'every value needs a name';
  }
  return duplicate === undefined ? '' : `duplicate name ${duplicate}`;
}

/**
 * Returns what is wrong with labels, empty if nothing is. The API checks lengths, the number of labels, and whether two keys
 * are the same in Prometheus.
 * @param {Row[]} rows
 */
function labelsError(rows) {
  const labels = filled(rows);
  const keys = labels.map(([key]) => key);
  for (const [i, [key, value]] of labels.entries()) {
    if (!key) {
      return `label with the value "${value}" has no key`;
    }
    if (!LABEL_KEY.test(key)) {
      return `label key "${key}" is invalid: use letters from A to Z, digits and _ - . /, beginning with a letter or a digit`;
    }
    if (!value) {
      return `label ${key} has no value`;
    }
    if (keys.indexOf(key) !== i) {
      return `label key ${key} is used twice`;
    }
  }
  return '';
}
