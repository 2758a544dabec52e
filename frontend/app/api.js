/** @import {ApiStatus, Monitor, SentMonitor} from '../types/model' */
/** @import {Result, Spec, Stats, Summary} from '../types/model' */

/** The fields of a monitor that the user edits. @typedef {Omit<Monitor, 'id' | 'updated'> & {id?: string}} Draft */

/**
 * Selects results by monitor, time and status. Without a monitor it selects the results of all. With changes it selects the
 * results of a monitor at which its status changed.
 * @typedef {{monitor?: string, from?: string, to?: string, status?: string, max?: number, changes?: boolean}} ResultFilter
 */

/** The default timeout of a request, in milliseconds. */
const TIMEOUT = 10_000;

/** @typedef {{method?: string, body?: unknown, signal?: AbortSignal, headers?: Record<string, string>, timeout?: number}} RequestOptions */

/**
 * A stored document and the entity tag of this version, which a change sends as its condition; empty if the API sent none.
 * @template T
 * @typedef {{document: T, tag: string}} Version
 */

/** A monitor because of which a change of several monitors is refused. @typedef {{id: string, name?: string, detail: string, hint?: string}} Fault */

/** A failed request. Its message is shown to the user. The status is 0 if there was no response. */
export class ApiError extends Error {
  /**
   * @param {string} message
   * @param {number} status
   * @param {string} [hint] what to change, from the API
   * @param {Version<any> | null} [current] the current document, if it is not the version that the request names
   * @param {Fault[]} [faults] what is wrong with each of several monitors
   */
  constructor(message, status, hint = '', current = null, faults = []) {
    super(message);
    this.faults = faults;
    this.hint = hint;
    this.current = current;
    this.name = 'ApiError';
    this.status = status;
  }
}

/**
 * The client of the API. Every method rejects with an ApiError. Requests that only one view makes use json and send.
 */
export class Api {
  #base;
  /** How far the clock of the browser is behind the clock of the API, in milliseconds. */
  #behind = 0;
  /** Called when now() returns another time because the difference between the clocks was corrected. */
  onClock = () => {};
  /** Sends a request; sign-in replaces it. @type {(url: string, options: RequestInit) => Promise<Response>} */
  fetch = (url, options) => fetch(url, options);

  /** @param {string} base the address of the API, for example /api */
  constructor(base) {
    this.#base = base.replace(/\/+$/, '');
  }

  /** Returns the current time on the server of the API, in milliseconds since 1970. */
  now() {
    return Date.now() + this.#behind;
  }

  /**
   * Returns all monitors, sorted by name, and the entity tag of this list; null if the given tag is still valid.
   * @param {string} tag empty if there is none
   * @returns {Promise<{tag: string, monitors: SentMonitor[]} | null>}
   */
  monitors(tag) {
    return this.#newer('/monitors?include=brief,series,summary', tag);
  }

  /**
   * Returns all monitors with their figures only, and the entity tag; null if the given tag is still valid.
   * @param {string} tag empty if there is none
   * @returns {Promise<{tag: string, monitors: {id: string, summary: Summary}[]} | null>}
   */
  summaries(tag) {
    return this.#newer('/monitors?include=summary', tag);
  }

  /**
   * @param {string} path of a list of monitors
   * @param {string} tag
   * @returns {Promise<{tag: string, monitors: any[]} | null>}
   */
  async #newer(path, tag) {
    const response = await this.send(path, { headers: tag ? { 'If-None-Match': tag } : {} });
    const newTag = response.headers.get('ETag') ?? '';
    return response.status === 304 ? null : { tag: newTag, monitors: await readJson(response) };
  }

  /**
   * @param {string} id
   * @returns {Promise<SentMonitor>}
   */
  listedMonitor(id) {
    return this.json(`/monitors/${id}?include=brief,series,summary`);
  }

  /** @returns {Promise<Monitor[]>} all monitors in the format of an import */
  exportMonitors() {
    return this.json('/monitors');
  }

  /**
   * Makes a runner check the monitor now.
   * @param {string} id
   */
  async run(id) {
    await this.send(`/monitors/${id}/run`, { method: 'POST' });
  }

  /**
   * Returns a page of results, newest first, and the path of the next page. The path is empty on the last page.
   * @param {ResultFilter | string} which a filter, or the path of a next page
   * @returns {Promise<{results: Result[], next: string}>}
   */
  async results(which) {
    const { items, next } = await this.page(typeof which === 'string' ? which : resultsPath(which));
    return { results: items, next };
  }

  /**
   * Returns a page of a list, and the path of the next page. The path is empty on the last page.
   * @param {string} path
   * @returns {Promise<{items: any[], next: string}>}
   */
  async page(path) {
    const response = await this.send(path);
    return { items: await readJson(response), next: nextPath(response) };
  }

  /**
   * @param {string} id
   * @param {{window: string} | {from: string, to?: string}} span a period up to now, for example 24h, or two dates; without
   *   the second one up to now
   * @returns {Promise<Stats>}
   */
  stats(id, span) {
    return this.json(`/monitors/${id}/stats?${new URLSearchParams(span)}`);
  }

  /** @returns {Promise<Spec[]>} */
  types = () => this.json('/monitor-types');

  /** @returns {Promise<ApiStatus>} */
  status = () => this.json('/status');

  /**
   * Returns what is wrong with the store, empty if nothing is, and the number of open incidents, if it is known; null if
   * the API does not respond.
   * @returns {Promise<{problem: string, openIncidents?: number} | null>}
   */
  async health() {
    try {
      await this.send('/');
    } catch {
      return null;
    }
    const status = await this.status().catch(() => null);
    return { problem: status?.problem ?? '', openIncidents: status?.openIncidents };
  }

  /**
   * Opens the event stream. It has no timeout; the caller must detect a dead connection.
   * @param {AbortSignal} signal
   */
  events(signal) {
    return this.send('/events', { signal, headers: { Accept: 'text/event-stream' } });
  }

  /**
   * Sends a request and returns the body of the response.
   * @param {string} path relative to the address of the API
   * @param {RequestOptions} [options]
   */
  async json(path, options) {
    return readJson(await this.send(path, options));
  }

  /**
   * Sends a request and returns the response. Rejects unless its status is 2xx or 304.
   * @param {string} path relative to the address of the API
   * @param {RequestOptions} [options]
   */
  async send(path, { method, body, signal, headers = {}, timeout = TIMEOUT } = {}) {
    const sent = Date.now();
    let response;
    try {
      response = await this.fetch(this.#base + path, {
        method,
        body: body === undefined ? undefined : JSON.stringify(body),
        headers: body === undefined ? headers : { ...headers, 'Content-Type': 'application/json' },
        signal: signal ?? AbortSignal.timeout(timeout),
        cache: 'no-store',
      });
    } catch (error) {
      const timedOut = error instanceof Error && error.name === 'TimeoutError';
      const text = timedOut ? `The API did not respond within ${timeout / 1000} seconds.` : 'Could not reach the API.';
      throw new ApiError(text, 0);
    }
    this.#readClock(response, sent);
    if (!response.ok && response.status !== 304) {
      throw await errorOf(response);
    }
    return response;
  }

  /**
   * Corrects the difference between the clocks, as far as the date of a response contradicts it. The date has no
   * milliseconds, and was set at some time during the request.
   * @param {Response} response
   * @param {number} sent when the request was sent
   */
  #readClock({ headers }, sent) {
    const date = Date.parse(headers.get('Date') ?? '');
    const behind = Math.min(Math.max(this.#behind, date - Date.now()), date + 1000 - sent);
    if (!Number.isNaN(date) && behind !== this.#behind) {
      this.#behind = behind;
      this.onClock();
    }
  }
}

/** @param {Response} response */
async function readJson(response) {
  try {
    return await response.json();
  } catch {
    throw new ApiError('The response of the API is not valid JSON.', response.status);
  }
}

/**
 * Returns the path of the next page; empty on the last page.
 * @param {Response} response
 */
function nextPath(response) {
  const link = /<([^>]+)>\s*;\s*rel="?next"?/.exec(response.headers.get('Link') ?? '')?.[1] ?? '';
  return link.replace(/^.*?\/api(?=\/)/, '');
}

/** @param {ResultFilter} filter */
function resultsPath({ monitor, ...filter }) {
  const query = Object.entries(filter).flatMap(([name, value]) => (value ? [[name, String(value)]] : []));
  return `${monitor ? `/monitors/${monitor}` : ''}/results?${new URLSearchParams(query)}`;
}

/** @param {Response} response */
async function errorOf(response) {
  const status = `${response.status} ${response.statusText}`.trim();
  const { detail, hint, current, faults } = (await response.json().catch(() => null)) ?? {};
  const message = String(detail || `The API responded with ${status}.`);
  const version = current ? { document: current, tag: tagOf(response) } : null;
  return new ApiError(message, response.status, String(hint ?? ''), version, faults);
}

/**
 * Returns the document in a response, with its entity tag.
 * @param {Response} response
 * @returns {Promise<Version<any>>}
 */
export async function versionOf(response) {
  return { document: await readJson(response), tag: tagOf(response) };
}

/**
 * Returns the entity tag of a response as the API sent it. A proxy that compresses responses may have marked it as weak or
 * added a suffix, and the API would not accept such a tag.
 * @param {Response} response
 */
function tagOf({ headers }) {
  const [tag] = /"[^";-]+/.exec(headers.get('ETag') ?? '') ?? [''];
  return tag && `${tag}"`;
}

/**
 * Returns the text to show for a caught error, with the hint of the API.
 * @param {unknown} error
 */
export function messageOf(error) {
  return error instanceof ApiError
    ? withHint(error.message, error)
    : String(error instanceof Error ? error.message : error);
}

/**
 * Adds the hint of an error to a text about it.
 * @param {string} text
 * @param {unknown} error
 */
export function withHint(text, error) {
  const hint = error instanceof ApiError ? error.hint : '';
  return hint ? `${text.replace(/\.$/, '')}. ${hint[0].toUpperCase()}${hint.slice(1).replace(/\.$/, '')}.` : text;
}
