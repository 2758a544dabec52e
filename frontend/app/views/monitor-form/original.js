/** @import {Monitor, MonitorChange} from '../../../types/model' */
/** @import {Api, Draft, Version} from '../../api.js' */
/** @import {Live} from '../../events.js' */
import { ApiError } from '../../api.js';
import { coalesce } from '../../coalesce.js';
import { monitorsOf } from '../../documents.js';
import { formatDate, formatTime } from '../../format.js';

/**
 * The stored version of the monitor in the form. It detects changes by others while the form is open.
 * @param {Api} api
 * @param {Live} live
 * @param {string} id empty for a new monitor, which is not watched
 */
export function newOriginal(api, live, id) {
  const monitors = monitorsOf(api);
  let unsubscribe = () => {};

  return {
    /** The values of the stored monitor that the form was filled from, as JSON. */
    text: '',
    /** The entity tag of that version. */
    tag: '',
    /** The stored monitor if someone else changed it since, otherwise null. @type {Version<Monitor> | null} */
    newer: null,
    deleted: false,

    /**
     * Watches the monitor until stop is called.
     * @param {(version: Version<Monitor>) => void} onRead receives the stored monitor after each change
     */
    watch(onRead) {
      if (!id) {
        return;
      }
      const read = coalesce(async () => {
        try {
          onRead(await monitors.read(id));
        } catch (error) {
          this.deleted ||= isNotFound(error);
        }
      });
      unsubscribe = live.subscribe({ monitor: (change) => this.onChange(change, read), stale: read });
    },

    /** The newest known version. @returns {Version<Monitor | Draft>} */
    get current() {
      return this.newer ?? { document: JSON.parse(this.text), tag: this.tag };
    },

    /** Whether the stored monitor has a ping URL. */
    get hasPingURL() {
      return id !== '' && this.text !== '' && !this.deleted && JSON.parse(this.text).type === 'push';
    },

    /** The date of the newer version, RFC 3339. */
    get newerDate() {
      return this.newer?.document.updated ?? '';
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
     * Makes a version the one that the form was filled from.
     * @param {string} text its values as JSON
     * @param {string} tag
     */
    set(text, tag) {
      this.text = text;
      this.tag = tag;
      this.newer = null;
    },

    /**
     * Compares the stored monitor with the one the form was filled from. If the form already has the same values, the
     * stored monitor becomes the new original.
     * @param {Version<Monitor>} version the stored monitor
     * @param {Draft} stored its values
     * @param {Draft} current the values in the form
     * @param {(a: Draft, b: Draft) => boolean} isSame
     */
    update(version, stored, current, isSame) {
      this.deleted = false;
      if (isSame(stored, current)) {
        this.set(JSON.stringify(stored), version.tag);
      } else if (isSame(stored, JSON.parse(this.text))) {
        this.set(this.text, version.tag);
      } else {
        this.newer = version;
      }
    },

    /**
     * Creates the monitor, or replaces the version that the form was filled from.
     * @param {Draft} draft
     */
    save(draft) {
      return id && !this.deleted ? monitors.replace(id, draft, this.tag) : monitors.create(draft);
    },
  };
}

/** @param {unknown} error */
export function isNotFound(error) {
  return error instanceof ApiError && error.status === 404;
}
