/** @import {Output, Result, Spec} from '../../../types/model' */
/** @import {Api, Draft} from '../../api.js' */
import { ApiError, messageOf } from '../../api.js';
import { badgeOfStatus, formatResult } from '../../format.js';

const NO_ANSWER = 504;
const exact = new Intl.NumberFormat('en', { maximumFractionDigits: 3, useGrouping: false });

/**
 * Runs of a monitor that isn't saved, one at a time, and what came of the last one.
 * @param {Api} api
 * @param {{now: number}} clock
 */
export function newTrial(api, clock) {
  /** @type {AbortController | null} */
  let running = null;

  return {
    clock,
    running: false,
    started: 0,
    /** @type {Result | null} */
    result: null,
    /** @type {Output[]} of the type that was tried */
    outputs: [],
    /** @type {Draft | null} */
    tried: null,
    problem: '',
    unanswered: false,
    cancelled: false,

    /**
     * Rejects with an ApiError when the monitor is refused.
     * @param {Draft} draft
     * @param {Spec} spec
     */
    async run(draft, spec) {
      const own = new AbortController();
      running = own;
      Object.assign(this, { running: true, started: Date.now(), problem: '', unanswered: false, cancelled: false });
      try {
        const result = await api.check(draft, own.signal);
        if (!own.signal.aborted) {
          Object.assign(this, { result, outputs: spec.outputs, tried: draft });
        }
      } catch (error) {
        if (!own.signal.aborted) {
          this.fail(error);
        }
      } finally {
        if (running === own) {
          this.running = false;
        }
      }
    },

    cancel() {
      running?.abort();
      this.running = false;
      this.cancelled = true;
    },

    /** @param {unknown} error */
    fail(error) {
      this.result = null;
      if (error instanceof ApiError && error.status === 400) {
        throw error;
      }
      this.unanswered = error instanceof ApiError && error.status === NO_ANSWER;
      this.problem = messageOf(error);
    },

    /**
     * Whether the outcome is that of something else than draft.
     * @param {Draft} draft
     */
    isOld(draft) {
      return this.result !== null && this.tried !== null && essence(draft) !== essence(this.tried);
    },

    get rule() {
      return this.tried?.rule ?? '';
    },

    get elapsed() {
      return `${Math.max(0, Math.floor((this.clock.now - this.started) / 1000))} s`;
    },

    get badge() {
      return badgeOfStatus(this.result?.status ?? 2);
    },

    get value() {
      return formatResult(this.result);
    },

    /** What the rule came to, in words. */
    get verdict() {
      return this.result ? verdictOf(this.result, this.rule) : '';
    },

    /** For a screen reader: the outcome in one sentence. */
    get summary() {
      if (this.running) {
        return 'A runner checks it.';
      }
      if (this.cancelled) {
        return 'Cancelled.';
      }
      return this.result ? `${this.badge.label}, ${this.value}. ${this.verdict}` : '';
    },

    /** Every output, in the order of the type's description. */
    get rows() {
      const place = (/** @type {string} */ name) => this.outputs.findIndex((output) => isOutput(output, name));
      return Object.entries(this.result?.outputs ?? {})
        .map(([name, value]) => ({ name, place: place(name), text: outputText(value) }))
        .sort((a, b) => a.place - b.place || a.name.localeCompare(b.name, 'en', { numeric: true }))
        .map((row) => ({ ...row, unit: this.outputs[row.place]?.unit ?? '' }));
    },
  };
}

/**
 * What the outcome depends on.
 * @param {Draft} draft
 */
function essence({ type, target, rule, properties }) {
  return JSON.stringify([type, target, rule, properties]);
}

/**
 * @param {Result} result
 * @param {string} rule
 */
function verdictOf({ status, message }, rule) {
  if (!rule) {
    return status === 2 ? 'The check failed.' : 'There is no rule: any answer is OK.';
  }
  if (status === 2) {
    return /^rule (eval error|didn't)/.test(message)
      ? 'The rule could not be judged.'
      : 'The rule was not judged, since the check failed.';
  }
  return status === 0 ? 'The rule holds.' : 'The rule does not hold.';
}

/**
 * Whether name is the output, or one of the series that it stands for: resultN is result1, result2 and so on.
 * @param {Output} output
 * @param {string} name
 */
function isOutput(output, name) {
  const series = output.name.endsWith('N') ? output.name.slice(0, -1) : null;
  return (
    output.name === name || (series !== null && name.startsWith(series) && /^\d+$/.test(name.slice(series.length)))
  );
}

/** @param {number | string | boolean} value */
function outputText(value) {
  return typeof value === 'number' ? exact.format(value) : String(value);
}
