/** @import {Alert, ApiStatus, ListedMonitor, MaintenanceWindow, Monitor} from '../types/model' */
/** @import {Result, Spec, Stats, WindowDraft} from '../types/model' */

/** A monitor as it is entered: without what the server makes. @typedef {Omit<Monitor, 'id' | 'updated'> & {id?: string}} Draft */

/**
 * Which results to list: of one monitor or of all, within a time, of some statuses.
 * @typedef {{monitor?: string, from?: string, to?: string, status?: string, max?: number}} ResultFilter
 */

const TIMEOUT = 10_000;

/** @typedef {{method?: string, body?: unknown, signal?: AbortSignal, headers?: Record<string, string>, timeout?: number}} RequestOptions */

/** A request that failed. Its message is for people; status is 0 when no answer came. */
export class ApiError extends Error {
  /**
   * @param {string} message
   * @param {number} status
   */
  constructor(message, status) {
    super(message);
    this.name = 'ApiError';
    this.status = status;
  }
}

/**
 * The HTTP interface. Every method rejects with an ApiError. A view that alone asks for something does so by json and send.
 */
export class Api {
  #base;
  /** How requests are sent. @type {(url: string, options: RequestInit) => Promise<Response>} */
  fetch = (url, options) => fetch(url, options);

  /** @param {string} base where the API is, such as /api */
  constructor(base) {
    this.#base = base.replace(/\/+$/, '');
  }

  /** @returns {Promise<ListedMonitor[]>} by name */
  monitors() {
    return this.json('/monitors?include=latest,history');
  }

  /**
   * @param {string} id
   * @returns {Promise<ListedMonitor>}
   */
  listedMonitor(id) {
    return this.json(`/monitors/${id}?include=latest,history`);
  }

  /**
   * @param {string} id
   * @returns {Promise<Monitor>}
   */
  monitor(id) {
    return this.json(`/monitors/${id}`);
  }

  /** @returns {Promise<Monitor[]>} all, as an import takes them */
  exportMonitors() {
    return this.json('/monitors');
  }

  /**
   * Creates the monitor, or replaces the one with its id.
   * @param {Draft} monitor
   * @returns {Promise<Monitor>}
   */
  save(monitor) {
    return this.#put('/monitors', monitor);
  }

  /**
   * Has a runner check the monitor once as it stands, without saving it. That takes as long as the monitor's timeout
   * allows, and a few seconds more.
   * @param {Draft} monitor
   * @param {AbortSignal} signal ends it early
   * @returns {Promise<Result>}
   */
  check(monitor, signal) {
    return this.json('/monitors/check', { method: 'POST', body: monitor, signal });
  }

  /**
   * Rejects when the rule is not valid for the type.
   * @param {string} type
   * @param {string} rule
   */
  async checkRule(type, rule) {
    await this.send('/rules/check', { method: 'POST', body: { type, rule } });
  }

  /** @param {string} id */
  async remove(id) {
    await this.send(`/monitors/${id}`, { method: 'DELETE' });
  }

  /**
   * Has a runner check the monitor now.
   * @param {string} id
   */
  async run(id) {
    await this.send(`/monitors/${id}/run`, { method: 'POST' });
  }

  /**
   * A page of results, newest first, and the path of the next page, empty on the last.
   * @param {ResultFilter | string} which a filter, or the path that the page before gave
   * @returns {Promise<{results: Result[], next: string}>}
   */
  async results(which) {
    const response = await this.send(typeof which === 'string' ? which : resultsPath(which));
    return { results: await readJson(response), next: nextPath(response) };
  }

  /**
   * A page of a monitor's alerts, newest first, and the path of the next page, empty on the last.
   * @param {{monitor: string, max: number} | string} which a filter, or the path that the page before gave
   * @returns {Promise<{alerts: Alert[], next: string}>}
   */
  async alerts(which) {
    const path = typeof which === 'string' ? which : `/notifications?monitor=${which.monitor}&max=${which.max}`;
    const response = await this.send(path);
    return { alerts: await readJson(response), next: nextPath(response) };
  }

  /** @returns {Promise<MaintenanceWindow[]>} by name */
  windows() {
    return this.json('/maintenance');
  }

  /**
   * Creates the maintenance window, or replaces the one with its id.
   * @param {WindowDraft} window
   * @returns {Promise<MaintenanceWindow>}
   */
  saveWindow(window) {
    return this.#put('/maintenance', window);
  }

  /** @param {string} id */
  async removeWindow(id) {
    await this.send(`/maintenance/${id}`, { method: 'DELETE' });
  }

  /**
   * @param {string} id
   * @param {{window: string} | {from: string, to: string}} span a length of time up to now such as 24h, or two dates
   * @returns {Promise<Stats>}
   */
  stats(id, span) {
    return this.json(`/monitors/${id}/stats?${new URLSearchParams(span)}`);
  }

  /** @returns {Promise<Spec[]>} */
  types() {
    return this.json('/monitor-types');
  }

  /** @returns {Promise<ApiStatus>} */
  status() {
    return this.json('/status');
  }

  /** Whether the API answers. */
  async isAlive() {
    return this.send('/').then(
      () => true,
      () => false,
    );
  }

  /**
   * Opens the event stream. It has no timeout: the caller watches over it.
   * @param {AbortSignal} signal
   */
  events(signal) {
    return this.send('/events', { signal, headers: { Accept: 'text/event-stream' } });
  }

  /**
   * @param {string} path
   * @param {{id?: string}} body
   */
  #put(path, body) {
    const [place, method] = body.id ? [`${path}/${body.id}`, 'PUT'] : [path, 'POST'];
    return this.json(place, { method, body });
  }

  /**
   * The answer's body.
   * @param {string} path what comes after /api
   * @param {RequestOptions} [options]
   */
  async json(path, options) {
    return readJson(await this.send(path, options));
  }

  /**
   * The answer, a good one.
   * @param {string} path what comes after /api
   * @param {RequestOptions} [options]
   */
  async send(path, { method, body, signal, headers = {}, timeout = TIMEOUT } = {}) {
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
      const late = error instanceof Error && error.name === 'TimeoutError';
      const text = late ? `The API did not answer within ${timeout / 1000} seconds.` : 'The API can’t be reached.';
      throw new ApiError(text, 0);
    }
    if (!response.ok) {
      throw new ApiError(await detailOf(response), response.status);
    }
    return response;
  }
}

/** @param {Response} response */
async function readJson(response) {
  try {
    return await response.json();
  } catch {
    throw new ApiError('The answer of the API could not be read.', response.status);
  }
}

/**
 * The path of the page after the one that was answered, empty after the last.
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
async function detailOf(response) {
  const answer = `${response.status} ${response.statusText}`.trim();
  const problem = await response.json().catch(() => null);
  return typeof problem?.detail === 'string' && problem.detail ? problem.detail : `The API answered ${answer}.`;
}

/**
 * The text to show for whatever was thrown.
 * @param {unknown} error
 */
export function messageOf(error) {
  return error instanceof Error ? error.message : String(error);
}
