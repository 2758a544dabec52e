/** @import {Spec} from '../../../types/model' */
/** @import {Api, Draft} from '../../api.js' */
import { ApiError } from '../../api.js';
import { dateFormat } from '../../format.js';
import { ZONE, ZONES } from '../../zones.js';
import { newDelayedCheck } from './delayed.js';
import { fieldId } from './fields.js';
import { parseApiError } from './validation.js';

/** Schedules to choose from. */
const CHOICES = [
  { text: 'every 5m', name: '5 minutes after the ping before' },
  { text: 'every 1h', name: 'one hour after the ping before' },
  { text: 'every 24h', name: '24 hours after the ping before' },
  { text: '*/15 * * * *', name: 'each quarter of an hour' },
  { text: '0 2 * * *', name: 'each day at 02:00' },
  { text: '0 6 * * 1-5', name: 'Monday to Friday at 06:00' },
  { text: '0 0 1 * *', name: 'the first day of each month at 00:00' },
];
/** The fields whose errors the API finds. */
const FIELDS = ['target', fieldId('zone')];

/** @typedef {{byField: Record<string, string>}} Errors */
/** The next times of a schedule and their time zone, and the field with an error and its text. @typedef {{times: string[], zone: string, field: string, text: string}} Preview */

/**
 * The schedule of a push monitor in the form: choices, and a preview of the next times, which the API computes.
 * @param {Api} api
 */
export function newSchedule(api) {
  /** What the preview is for, as JSON. */
  let shown = '';
  /** @type {Errors} */
  let errors = { byField: {} };
  /** The latest error that was found, by which it is removed. */
  let reported = { field: '', text: '' };
  /** @type {ReturnType<typeof newDelayedCheck<string, Preview>>} */
  let check;

  return {
    choices: CHOICES,
    zones: ZONES,
    browserZone: ZONE,
    /** The next times of the schedule, RFC 3339; empty if they are unknown. @type {readonly string[]} */
    times: Object.freeze([]),
    /** The time zone of these times. */
    zone: '',

    /**
     * Shows the times of a draft soon, and errors in its schedule and its time zone.
     * @param {Draft} draft
     * @param {Errors} fieldErrors
     */
    follow({ type, target, properties }, fieldErrors) {
      const body = JSON.stringify({ type, target, properties: { zone: properties.zone ?? '' } });
      errors = fieldErrors;
      if (body !== shown) {
        shown = body;
        check ??= newDelayedCheck(
          (text) => preview(api, text),
          (found) => this.show(found),
        );
        check.schedule(() => body);
      }
    },

    /** @param {Preview} preview */
    show({ times, zone, field, text }) {
      this.times = Object.freeze(times);
      this.zone = zone;
      if (errors.byField[reported.field] === reported.text) {
        delete errors.byField[reported.field];
      }
      reported = { field: FIELDS.includes(field) ? field : 'target', text };
      if (text) {
        errors.byField[reported.field] = text;
      }
    },

    stop() {
      shown = '';
      check?.stop();
    },

    /** @param {string} schedule */
    isCron: (schedule) => schedule !== '' && !/^every\b/i.test(schedule),

    /**
     * Describes when a ping is due.
     * @param {Draft} draft
     * @param {Spec} spec
     */
    describe({ target, properties }, { properties: known }) {
      const grace = properties.grace || known.find(({ name }) => name === 'grace')?.default || '';
      const due = this.isCron(target)
        ? 'at each time of the schedule'
        : `${target.replace(/^every\s+/i, '')} after the one before`;
      return `A ping is due ${due}. It may be up to ${grace} late.`;
    },

    /**
     * Formats a time in the time zone of the schedule.
     * @param {string} date
     */
    inZone(date) {
      return momentIn(this.zone)(new Date(date));
    },

    /** @param {string} date */
    inBrowser: (date) => momentIn(ZONE)(new Date(date)),

    /** Whether the times differ from those on the clock of the browser. */
    get isElsewhere() {
      return this.times.some((date) => this.inZone(date) !== this.inBrowser(date));
    },
  };
}

/** @param {string} timeZone */
function momentIn(timeZone) {
  return dateFormat({ weekday: 'short', month: 'short', day: 'numeric', hour: 'numeric', minute: '2-digit', timeZone });
}

/**
 * Returns the next times of a schedule, or the error in it.
 * @param {Api} api
 * @param {string} text the draft as JSON
 * @returns {Promise<Preview>}
 */
async function preview(api, text) {
  const { target, properties, ...draft } = JSON.parse(text);
  const zone = properties.zone || 'UTC';
  if (!target) {
    return { times: [], zone, field: '', text: '' };
  }
  try {
    const body = { ...draft, target, properties };
    const { times } = await api.json('/schedules/check', { method: 'POST', body });
    return { times, zone, field: '', text: '' };
  } catch (error) {
    const isInvalid = error instanceof ApiError && error.status === 400;
    return { times: [], zone, ...(isInvalid ? parseApiError(error) : { field: '', text: '' }) };
  }
}
