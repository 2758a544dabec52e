/** @import {Output, Result, Spec} from '../../../types/model' */
/** @import {Api, Draft} from '../../api.js' */
import { ApiError, messageOf } from '../../api.js';
import { formatResult } from '../../format.js';
import { badgeOfStatus } from '../../status.js';

/** The HTTP status of the API when no runner took the check. */
const GATEWAY_TIMEOUT = 504;
/** Numbers as they are written in a rule. */
const exact = new Intl.NumberFormat('en', { maximumFractionDigits: 3, useGrouping: false });

/**
 * Runs on-demand checks of an unsaved monitor, one at a time, and holds the latest result.
 * @param {Api} api
 * @param {{now: number}} clock
 */
export function newOnDemandCheck(api, clock) {
  /** @type {AbortController | null} */
  let latest = null;

  return {
    clock,
    running: false,
    started: 0,
    /** @type {Result | null} */
    result: null,
    /** The outputs of the checked monitor's type. @type {Output[]} */
    outputs: [],
    /** The monitor that result belongs to. @type {Draft | null} */
    checked: null,
    problem: '',
    noRunner: false,
    cancelled: false,

    /**
     * Makes a runner check an unsaved monitor once. This can take a few seconds longer than the monitor's timeout. Rejects
     * with an ApiError if the API rejects the monitor.
     * @param {Draft} draft
     * @param {Spec} spec
     */
    async run(draft, spec) {
      const controller = new AbortController();
      latest = controller;
      Object.assign(this, { running: true, started: clock.now, problem: '', noRunner: false, cancelled: false });
      try {
        const result = await api.json('/monitors/check', { method: 'POST', body: draft, signal: controller.signal });
        if (!controller.signal.aborted) {
          Object.assign(this, { result, outputs: spec.outputs, checked: draft });
        }
      } catch (error) {
        if (!controller.signal.aborted) {
          this.fail(error);
        }
      } finally {
        if (latest === controller) {
          this.running = false;
        }
      }
    },

    cancel() {
      latest?.abort();
      this.running = false;
      this.cancelled = true;
    },

    /** @param {unknown} error */
    fail(error) {
      this.result = null;
      if (error instanceof ApiError && error.status === 400) {
        throw error;
      }
      this.noRunner = error instanceof ApiError && error.status === GATEWAY_TIMEOUT;
      this.problem = messageOf(error);
    },

    /**
     * Reports whether the form has changed since the check in a way that affects the result.
     * @param {Draft} draft
     */
    isOutdated(draft) {
      return this.result !== null && this.checked !== null && checkedPart(draft) !== checkedPart(this.checked);
    },

    get rule() {
      return this.checked?.rule ?? '';
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

    get verdict() {
      return this.result ? verdictOf(this.result, this.rule, this.checked?.properties.invert === 'true') : '';
    },

    /** The result in one sentence, for screen readers. */
    get summary() {
      if (this.running) {
        return 'Checking…';
      }
      if (this.cancelled) {
        return 'Stopped.';
      }
      return this.result ? `${this.badge.label}, ${this.value}. ${this.verdict}` : '';
    },

    /** The outputs of the result, in the order of the type's description. */
    get rows() {
      const position = (/** @type {string} */ name) => this.outputs.findIndex((output) => isOutput(output, name));
      return Object.entries(this.result?.outputs ?? {})
        .map(([name, value]) => ({ name, position: position(name), text: outputText(value) }))
        .sort((a, b) => a.position - b.position || a.name.localeCompare(b.name, 'en', { numeric: true }))
        .map((row) => ({ ...row, unit: this.outputs[row.position]?.unit ?? '' }));
    },
  };
}

/**
 * Returns the part of a monitor that affects its result, as JSON.
 * @param {Draft} draft
 */
function checkedPart({ type, target, rule, properties }) {
  return JSON.stringify([type, target, rule, properties]);
}

/**
 * @param {Result} result
 * @param {string} rule
 * @param {boolean} inverted
 */
function verdictOf({ status, message }, rule, inverted) {
  const warning = status === 0 && message ? ' There is a warning.' : '';
  if (inverted) {
    return status === 2 ? 'The check failed.' : 'No connection is possible, as it must be.';
  }
  if (!rule) {
    return status === 2 ? 'The check failed.' : `No rule: any response is OK.${warning}`;
  }
  if (status === 2) {
    return /^rule (eval error|didn't)/.test(message)
      ? 'The rule could not be evaluated.'
      : 'The check failed, so the rule was not evaluated.';
  }
  return status === 0 ? `The rule is met.${warning}` : 'The rule is not met.';
}

/**
 * Reports whether name is an output, or belongs to a series: resultN stands for result1, result2 and so on.
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
