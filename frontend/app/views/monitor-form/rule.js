/** @import {Output, Spec} from '../../../types/model' */
/** @import {Api, Draft} from '../../api.js' */
/** @import {Row} from './fields.js' */
import { ApiError, messageOf } from '../../api.js';
import { newDelayedCheck } from './delayed.js';

/** The names that captured numbers may have. */
const CAPTURED = /^[A-Za-z]\w{0,39}$/;

/**
 * An output that a rule can use, and the text to insert for it if its name is no series.
 * @typedef {Output & {text?: string}} RuleOutput
 */

/**
 * Has the API check a rule while it is typed.
 * @param {Api} api
 * @param {(error: string) => void} onResult receives the error in the rule, empty if the rule is valid
 */
export function newRuleCheck(api, onResult) {
  return newDelayedCheck(async (/** @type {Draft} */ { type, rule, properties }) => {
    const body = { type, rule, properties: { capture: properties.capture ?? '' } };
    return rule ? api.send('/rules/check', { method: 'POST', body }).then(() => '', ruleError) : '';
  }, onResult);
}

/**
 * Returns the error in the rule. Returns an empty text for an error in the property capture.
 * @param {unknown} error
 */
function ruleError(error) {
  const isRule = error instanceof ApiError && error.status === 400 && !error.message.startsWith('property ');
  return isRule ? messageOf(error) : '';
}

/**
 * Splits a rule before and after the mistake that an error names, for example "= at character 8".
 * @param {string} rule
 * @param {string} error
 * @returns {{before: string, mistake: string, after: string}[]} empty if the error names no place
 */
export function markMistake(rule, error) {
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
 * Inserts the name of an output, or the call of a function, into the rule at the cursor, with spaces where needed.
 * @param {Pick<RuleOutput, 'name' | 'text'>} output
 */
export function insertOutput(output) {
  const box = /** @type {HTMLTextAreaElement} */ (document.getElementById('rule'));
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
export function ruleWords(spec, captures) {
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
