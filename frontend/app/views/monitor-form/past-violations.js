/** @import {RuleAnswer} from '../../../types/model' */
/** @import {Api, Draft} from '../../api.js' */
import { formatCount, formatExact, formatMoment, formatSpan } from '../../format.js';
import { badgeOfStatus } from '../../status.js';

/** How long a valid rule must be unchanged before it is evaluated, in milliseconds. */
const PAUSE = 400;
/** The timeout of a request, in milliseconds. A request may wait for its turn, and then for many results. */
const TIMEOUT = 15_000;
const MINUTE = 60_000;
/** The part of the period that may have no results at its start. */
const GAP = 0.05;

/** A period with violated results. @typedef {RuleAnswer['periods'][number]} Period */

/**
 * Asks the API how often the rule in the form would have been violated by the stored results. There is always one answer at
 * most: an earlier one is dropped.
 * @param {Api} api
 * @param {string} id empty for a new monitor, which has no results
 */
export function newPastViolations(api, id) {
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  let request = new AbortController();
  /** The type of the stored monitor. */
  let type = '';
  /** The question that answer belongs to. */
  let answered = '';

  return {
    isStored: id !== '',
    /** @type {RuleAnswer | null} */
    answer: null,
    /** Whether the answer belongs to an earlier rule, because the next one is not there yet. */
    isBusy: false,
    isOpen: false,

    get text() {
      return this.answer ? violationsText(this.answer, api.now()) : '';
    },

    get rows() {
      return (this.answer?.periods ?? []).map((period) => violationRow(period, id, api.now()));
    },

    /** Stops the current request, because the rule changes. The answer stays until there is another one. */
    stop() {
      clearTimeout(timer);
      request.abort();
      this.isBusy = true;
    },

    /**
     * Evaluates the rule of a monitor after a pause.
     * @param {Draft} draft
     * @param {string} error what is wrong with the rule
     */
    ask({ type: chosen, rule, properties: { capture = '', bodyRegex = '' } }, error) {
      type ||= chosen;
      const question = { monitor: id, rule, properties: { capture, bodyRegex } };
      if (!id || error || !rule || chosen !== type) {
        this.show('', null);
      } else if (answered === JSON.stringify(question)) {
        this.isBusy = false;
      } else {
        timer = setTimeout(() => this.send(question), PAUSE);
      }
    },

    /** @param {object} question */
    async send(question) {
      const { signal } = (request = new AbortController());
      const answer = await api
        .json('/rules/evaluate', {
          method: 'POST',
          body: question,
          signal: AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT)]),
        })
        .catch(() => null);
      if (!signal.aborted) {
        this.show(answer ? JSON.stringify(question) : '', answer);
      }
    },

    /**
     * @param {string} question
     * @param {RuleAnswer | null} answer
     */
    show(question, answer) {
      answered = question;
      Object.assign(this, { answer, isBusy: false, isOpen: this.isOpen && Boolean(answer?.violations) });
    },
  };
}

/**
 * Returns an answer in one or two sentences.
 * @param {RuleAnswer} answer
 * @param {number} now milliseconds since 1970
 */
export function violationsText(answer, now) {
  const { checked, violated, violations, unknown, ignored, failed } = answer;
  const when = periodOf(answer, now);
  if (checked === 0 && unknown === 0) {
    const results = ignored + failed;
    return results ? `No result ${when} has an answer of the target that counts.` : `There are no results ${when}.`;
  }
  const names = new Intl.ListFormat('en').format(answer.missing);
  const missing = `${names} ${answer.missing.length === 1 ? 'is' : 'are'} not stored`;
  if (checked === 0) {
    return `Unknown how often it would have been violated ${when}: ${missing}.`;
  }
  const often = violations
    ? `Would have been violated ${formatCount(violations, 'time')} ${when} (${formatCount(violated, 'result')}).`
    : `Would never have been violated ${when}.`;
  return unknown ? `${often} Unknown for ${formatCount(unknown, 'result')}: ${missing}.` : often;
}

/**
 * Returns the time of an answer in words: the whole period, or the time since the first result.
 * @param {RuleAnswer} answer
 * @param {number} now milliseconds since 1970
 */
function periodOf({ from, to, oldest, cut }, now) {
  const [start, end, first] = [from, to, oldest ?? from].map(Date.parse);
  const isWhole = !cut && first - start <= GAP * (end - start);
  return isWhole
    ? `in the last ${formatSpan(end - start).replace(/ d$/, ' days')}`
    : `since ${formatMoment(oldest ?? from, now)}`;
}

/**
 * Returns a period as a row of the list.
 * @param {Period} period
 * @param {string} id of the monitor
 * @param {number} now milliseconds since 1970
 */
export function violationRow({ from, to, results, message, status }, id, now) {
  const [start, end] = [Date.parse(from), Date.parse(to)];
  const around = Math.max(10 * MINUTE, end - start);
  const range = {
    from: new Date(start - around).toISOString(),
    to: new Date(Math.min(end + around, now)).toISOString(),
  };
  return {
    key: from,
    date: from,
    when: formatMoment(from, now),
    exact: formatExact(from),
    href: `#monitor/${id}?${new URLSearchParams(range)}`,
    count: results === 1 ? '1 result' : `${formatCount(results, 'result')} in ${formatSpan(end - start)}`,
    badge: badgeOfStatus(status),
    error: /^rule (eval error|didn't)/.test(message) ? message : '',
  };
}
