/** @import {Output} from '../../../types/model' */
/** @import {Api} from '../../api.js' */
import { ApiError } from '../../api.js';

const PAUSE = 300;

/**
 * Asks the API about a rule while it is typed, once the typing pauses. Only the last answer counts.
 * @param {Api} api
 * @param {(fault: string) => void} onAnswer takes what is wrong with the rule, empty for nothing
 */
export function newRuleCheck(api, onAnswer) {
  let last = 0;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let pause;

  /**
   * @param {string} type
   * @param {string} rule
   */
  async function check(type, rule) {
    const own = last;
    const fault = rule ? await api.checkRule(type, rule).then(() => '', faultIn) : '';
    if (own === last) {
      onAnswer(fault);
    }
  }

  return {
    /**
     * @param {string} type
     * @param {string} rule
     */
    ask(type, rule) {
      this.stop();
      pause = setTimeout(() => check(type, rule), PAUSE);
    },

    stop() {
      last++;
      clearTimeout(pause);
    },
  };
}

/** @param {unknown} error */
function faultIn(error) {
  return error instanceof ApiError && error.status === 400 ? error.message : '';
}

/**
 * Puts an output's name into the rule where the cursor is, apart from the words around it.
 * @param {Output} output
 */
export function insertOutput(output) {
  const box = /** @type {HTMLTextAreaElement} */ (document.getElementById('rule'));
  // A name that ends in N stands for a series, of which there is at least a first.
  const name = output.name.replace(/N$/, '1');
  const { selectionStart: start, selectionEnd: end, value } = box;
  const before = /[^\s(,!]$/.test(value.slice(0, start)) ? ' ' : '';
  const after = /^[^\s),]/.test(value.slice(end)) ? ' ' : '';
  box.setRangeText(before + name + after, start, end, 'end');
  box.dispatchEvent(new Event('input', { bubbles: true }));
  box.focus();
}

/** @param {Output} output */
export function outputKind({ kind, unit }) {
  return [kind, unit].filter(Boolean).join(', ');
}
