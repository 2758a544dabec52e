/** @import {Monitor, MonitorChange} from '../../../types/model' */
/** @import {Api} from '../../api.js' */
/** @import {Live} from '../../events.js' */
import { ApiError } from '../../api.js';
import { coalesce } from '../../coalesce.js';
import { formatDate, formatTime } from '../../format.js';

/**
 * The stored version of the monitor in the form. It detects changes by others while the form is open.
 * @param {Api} api
 * @param {Live} live
 * @param {string} id empty for a new monitor, which is not watched
 */
export function newOriginal(api, live, id) {
  let unsubscribe = () => {};

  return {
    /** The stored monitor that the form was filled from, as JSON. */
    text: '',
    /** The stored monitor if someone else changed it since, otherwise null. @type {Monitor | null} */
    newer: null,
    deleted: false,

    /**
     * Watches the monitor until stop is called.
     * @param {(monitor: Monitor) => void} onRead receives the stored monitor after each change
     */
    watch(onRead) {
      if (!id) {
        return;
      }
      const read = coalesce(async () => {
        try {
          onRead(await api.monitor(id));
        } catch (error) {
          this.deleted ||= isNotFound(error);
        }
      });
      unsubscribe = live.subscribe({ monitor: (change) => this.onChange(change, read), stale: read });
    },

    /** The date of the newer version, RFC 3339. */
    get newerDate() {
      return this.newer?.updated ?? '';
    },

    /** The same date for people. */
    get newerTime() {
      return { short: formatTime(this.newerDate), exact: formatDate(this.newerDate) };
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
        this.deleted = true;
      } else if (change.id === id) {
        read();
      }
    },

    /**
     * Compares the stored monitor with the one the form was filled from. If the form already has the same values, the
     * stored monitor becomes the new original.
     * @param {Monitor} monitor the stored monitor
     * @param {string} text the stored monitor as JSON
     * @param {string} current the values in the form as JSON
     */
    update(monitor, text, current) {
      this.deleted = false;
      if (text === current) {
        this.text = text;
      }
      this.newer = text === this.text ? null : monitor;
    },
  };
}

/** @param {unknown} error */
export function isNotFound(error) {
  return error instanceof ApiError && error.status === 404;
}
