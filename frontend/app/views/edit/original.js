/** @import {Monitor, MonitorChange} from '../../../types/model' */
/** @import {Api} from '../../api.js' */
/** @import {Live} from '../../events.js' */
import { ApiError } from '../../api.js';
import { coalesce } from '../../coalesce.js';

/**
 * The stored monitor that a form is for, watched for what others do to it.
 * @param {Api} api
 * @param {Live} live
 * @param {string} id empty for a new monitor, which nobody else knows
 */
export function newOriginal(api, live, id) {
  let unsubscribe = () => {};

  return {
    /** What the form was filled from, as text. */
    text: '',
    /** @type {Monitor | null} what someone else has made of it since */
    theirs: null,
    gone: false,

    /**
     * Watches until stop is called.
     * @param {(monitor: Monitor) => void} onRead takes what is stored now
     */
    watch(onRead) {
      if (!id) {
        return;
      }
      const read = coalesce(async () => {
        try {
          onRead(await api.monitor(id));
        } catch (error) {
          this.gone ||= isGone(error);
        }
      });
      unsubscribe = live.subscribe({ monitor: (change) => this.onChange(change, read), stale: read });
    },

    /** When they changed it, RFC 3339. */
    get theirDate() {
      return this.theirs?.updated ?? '';
    },

    stop() {
      unsubscribe();
    },

    /**
     * @param {MonitorChange} change
     * @param {() => void} read
     */
    onChange(change, read) {
      if (change.id === id && change.change === 'deleted') {
        this.gone = true;
      } else if (change.id === id) {
        read();
      }
    },

    /**
     * Takes note of what is stored now.
     * @param {Monitor} monitor
     * @param {string} text the same as text
     * @param {string} typed what is in the form, as text
     */
    compare(monitor, text, typed) {
      this.gone = false;
      if (text === typed) {
        this.text = text;
      }
      this.theirs = text === this.text ? null : monitor;
    },
  };
}

/** @param {unknown} error */
export function isGone(error) {
  return error instanceof ApiError && error.status === 404;
}
