/** @import {MaintenanceWindow, Monitor, StatusMessage, StatusPage} from '../types/model' */
/** @import {Api, Version} from './api.js' */
import { ApiError, versionOf } from './api.js';

/** How often a monitor is enabled or disabled again, if someone else changes it at the same time. */
const MAX_ATTEMPTS = 5;

/**
 * The documents of one kind that people edit. A change with an entity tag has the condition that the stored document still
 * has this version. Otherwise nothing is changed, and the ApiError has the current version; see currentOf.
 * @template T
 */
export class Documents {
  #api;
  #path;

  /**
   * @param {Api} api
   * @param {string} path for example /monitors
   */
  constructor(api, path) {
    this.#api = api;
    this.#path = path;
  }

  /**
   * @param {string} id
   * @returns {Promise<Version<T>>}
   */
  async read(id) {
    return versionOf(await this.#api.send(`${this.#path}/${id}`));
  }

  /**
   * @param {object} draft
   * @returns {Promise<T>}
   */
  create(draft) {
    return this.#api.json(this.#path, { method: 'POST', body: draft });
  }

  /**
   * Adds a part to a document, and returns the document.
   * @param {string} path of the list of the parts, for example ID/updates
   * @param {object} part
   * @returns {Promise<T>}
   */
  add(path, part) {
    return this.#api.json(`${this.#path}/${path}`, { method: 'POST', body: part });
  }

  /**
   * @param {string} id
   * @param {object} draft
   * @param {string} tag empty to replace any version
   * @returns {Promise<T>}
   */
  replace(id, draft, tag) {
    return this.#api.json(`${this.#path}/${id}`, { method: 'PUT', body: draft, headers: condition(tag) });
  }

  /**
   * @param {string} id
   * @param {string} tag empty to delete any version
   */
  async remove(id, tag) {
    await this.#api.send(`${this.#path}/${id}`, { method: 'DELETE', headers: condition(tag) });
  }
}

/**
 * @param {string} tag
 * @returns {Record<string, string>}
 */
function condition(tag) {
  return tag ? { 'If-Match': tag } : {};
}

/**
 * @param {Api} api
 * @returns {Documents<Monitor>}
 */
export function monitorsOf(api) {
  return new Documents(api, '/monitors');
}

/**
 * @param {Api} api
 * @returns {Documents<MaintenanceWindow>}
 */
export function windowsOf(api) {
  return new Documents(api, '/maintenance');
}

/**
 * @param {Api} api
 * @returns {Documents<StatusPage>}
 */
export function statusPagesOf(api) {
  return new Documents(api, '/status-pages');
}

/**
 * @param {Api} api
 * @param {string} page the id of a status page
 * @returns {Documents<StatusMessage>}
 */
export function statusMessagesOf(api, page) {
  return new Documents(api, `/status-pages/${page}/messages`);
}

/**
 * Returns the current version of a document if a change failed because someone else changed it, otherwise null.
 * @param {unknown} error
 * @returns {Version<any> | null}
 */
export function currentOf(error) {
  return error instanceof ApiError && error.status === 412 ? error.current : null;
}

/**
 * Returns null for an error that means that there is no such document.
 * @param {unknown} error
 */
export function nullIfMissing(error) {
  if (error instanceof ApiError && [400, 404].includes(error.status)) {
    return null;
  }
  throw error;
}

/**
 * Enables or disables a monitor. Other changes that someone else makes at the same time stay.
 * @param {Api} api
 * @param {string} id
 * @param {boolean} enabled
 */
export async function setEnabled(api, id, enabled) {
  const monitors = monitorsOf(api);
  let version = await monitors.read(id);
  for (let attempt = 1; ; attempt++) {
    try {
      await monitors.replace(id, { ...version.document, enabled }, version.tag);
      return;
    } catch (error) {
      const current = currentOf(error);
      if (!current || attempt === MAX_ATTEMPTS) {
        throw error;
      }
      version = current;
    }
  }
}
