/** @import {Output, Spec} from '../../../types/model' */
/** @import {Api, Draft} from '../../api.js' */
/** @import {FieldErrors} from '../../field-errors.js' */
/** @import {Row} from './fields.js' */
import { newDelayedCheck } from './delayed.js';
import { fieldId } from './fields.js';
import { parseApiError } from './validation.js';

/** The names that captured numbers may have. */
const CAPTURED = /^[A-Za-z]\w{0,39}$/;

/**
 * An output that a rule can use, and the text to insert for it if its name is no series.
 * @typedef {Output & {text?: string}} RuleOutput
 */

/** The field of the property warn. */
const WARN = fieldId('warn');

/**
 * Has the API check the rule and the property warn while they are typed.
 * @param {Api} api
 * @param {(errors: FieldErrors) => void} onResult receives the errors in both, empty if they are valid
 */
export function newRuleCheck(api, onResult) {
  return newDelayedCheck(async (/** @type {Draft} */ { type, rule, properties }) => {
    const { capture = '', warn = '' } = properties;
    const body = { type, rule, properties: { capture, warn } };
    const answer =
      rule || warn ? api.send('/rules/check', { method: 'POST', body }).then(() => ({}), expressionError) : {};
    return { rule: '', [WARN]: '', ...(await answer) };
  }, onResult);
}

/**
 * Returns the error in the rule or the property warn by its field. An error in another property is not theirs.
 * @param {unknown} error
 * @returns {FieldErrors}
 */
function expressionError(error) {
  const { field, text } = parseApiError(error);
  return field === 'rule' || field === WARN ? { [field]: text } : {};
}

/**
 * Splits a rule before and after the mistake that an error names, for example "= at character 8".
 * @param {string} rule
 * @param {string} error
 * @returns {{before: string, mistake: string, after: string}[]} empty if the error names no place
 */
function markMistake(rule = '', error) {
  const [, text = '', position = ''] = /(\S+) at character (\d+)/.exec(error) ?? [];
  const characters = [...rule.trimStart()];
  const from = Number(position) - 1;
  const length = characters.slice(from).join('').startsWith(text) ? [...text].length : 1;
  return position && from < characters.length
    ? [
        {
          before: characters.slice(0, from).join(''),
          mistake: characters.slice(from, from + length).join(''),
          after: characters.slice(from + length).join(''),
        },
      ]
    : [];
}

/**
 * Returns the outputs that a rule can use: of the type, and the captured numbers.
 * @param {Pick<Spec, 'outputs'>} spec
 * @param {Pick<Row, 'name'>[]} [captures]
 * @returns {RuleOutput[]}
 */
function ruleOutputs({ outputs }, captures = []) {
  const names = new Set(captures.map(({ name }) => name).filter((name) => CAPTURED.test(name)));
  const added = [...names].filter((name) => !outputs.some((output) => output.name === name));
  return [...outputs, ...added.map((name) => ({ name, kind: 'number', doc: 'A captured number.', text: name }))];
}

/**
 * Inserts the name of an output, or the call of a function, into an expression at the cursor, with spaces where needed.
 * @param {Pick<RuleOutput, 'name' | 'text'>} output
 * @param {string} id of the box with the expression
 */
function insertOutput(output, id) {
  const box = /** @type {HTMLTextAreaElement} */ (document.getElementById(id));
  // A name such as resultN stands for result1, result2 and so on.
  const name = output.text ?? output.name.replace(/N$/, '1');
  const { selectionStart: start, selectionEnd: end, value } = box;
  const before = /[^\s(,!]$/.test(value.slice(0, start)) ? ' ' : '';
  const after = /^[^\s),]/.test(value.slice(end)) ? ' ' : '';
  box.setRangeText(before + name + after, start, end, 'end');
  box.dispatchEvent(new Event('input', { bubbles: true }));
  box.focus();
}

/**
 * Returns what a rule for a type can use, in two lists: the outputs, and examples of calls of the functions. Each has the
 * text to insert as its name.
 * @param {Pick<Spec, 'outputs' | 'push'>} spec
 * @param {Pick<Row, 'name'>[]} [captures]
 */
function ruleWords(spec, captures) {
  return [
    {
      id: 'outputs',
      title: 'Outputs for the rule',
      items: ruleOutputs(spec, captures).map((output) => ({ ...output, kind: outputKind(output) })),
    },
    {
      id: 'functions',
      title: 'Functions for the rule',
      items: functionCalls(spec).map((call) => ({ ...call, kind: '' })),
    },
  ];
}

/**
 * Returns an example of the property warn.
 * @param {Pick<Spec, 'outputs' | 'push'>} spec
 */
function warnExample({ outputs, push }) {
  if (push) {
    return 'duration > 300000';
  }
  return outputs.some(({ name }) => name === 'certExpiryDays') ? 'certExpiryDays < 14' : 'avg(5) > 200';
}

/** @param {Pick<Spec, 'properties'>} spec */
function warnDoc({ properties }) {
  return properties.find(({ name }) => name === 'warn')?.doc ?? '';
}

/** @param {Output} output */
function outputKind({ kind, unit }) {
  return [kind, unit].filter(Boolean).join(', ');
}

/**
 * Returns calls of the functions that a rule for a type can use, as examples to insert.
 * @param {Pick<Spec, 'outputs' | 'push'>} spec
 */
function functionCalls({ outputs, push }) {
  const text = outputs.find(({ kind }) => kind === 'string')?.name.replace(/N$/, '1') ?? "'text'";
  const number = outputs.find(({ kind }) => kind === 'number')?.name ?? 'respTime';
  const readsResponse = outputs.some(({ name }) => name === 'body');
  return [
    ...(readsResponse
      ? [
          { name: "json('$.a.b')", doc: 'The value at a JSONPath in the body, or a list of all values.' },
          ...(push ? [] : [{ name: "header('Server')", doc: 'A header of the response.' }]),
          { name: "days(json('$.expires'))", doc: 'Days from now until a date.' },
        ]
      : []),
    { name: `len(${text})`, doc: 'The number of characters of a text, or of elements of a list.' },
    { name: `contains(${text}, 'x')`, doc: 'True if a text contains another one, or a list a value.' },
    { name: `lower(${text})`, doc: 'A text in lower case.' },
    { name: 'avg(5)', doc: 'The mean value of the last 5 results before this one; up to 30.' },
    { name: 'max(5)', doc: 'The largest value of the last 5 results.' },
    { name: "count('failed', 5)", doc: "How many of the last 5 results are 'ok', 'error' or 'failed'." },
    { name: `previous('${number}')`, doc: 'An output of the latest result.' },
  ];
}

/** The functions that the template of the form uses. */
export const expressions = {
  markMistake,
  insert: insertOutput,
  ruleWords,
  warnDoc,
  warnExample,
};
