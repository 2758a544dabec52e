/** @import {ListedMonitor, Monitor, Result, Spec, Stats} from '../types/model' */

const TIMEOUT = 10_000;

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

/** The HTTP interface. Every method rejects with an ApiError. */
export class Api {
  #base;

  /** @param {string} base where the API is, such as /api */
  constructor(base) {
    this.#base = base.replace(/\/+$/, '');
  }

  /** @returns {Promise<ListedMonitor[]>} */
  monitors() {
    return this.#json('/monitors?include=latest,history');
  }

  /**
   * @param {string} id
   * @returns {Promise<Monitor>}
   */
  monitor(id) {
    return this.#json(`/monitors/${id}`);
  }

  /**
   * Creates the monitor, or replaces the one with its id.
   * @param {Omit<Monitor, 'id' | 'updated'> & {id?: string}} monitor
   * @returns {Promise<Monitor>}
   */
  save(monitor) {
    return monitor.id
      ? this.#json(`/monitors/${monitor.id}`, { method: 'PUT', body: monitor })
      : this.#json('/monitors', { method: 'POST', body: monitor });
  }

  /** @param {string} id */
  async remove(id) {
    await this.#send(`/monitors/${id}`, { method: 'DELETE' });
  }

  /**
   * Has a runner check the monitor now.
   * @param {string} id
   */
  async run(id) {
    await this.#send(`/monitors/${id}/run`, { method: 'POST' });
  }

  /**
   * @param {string} id
   * @param {number} max
   * @returns {Promise<Result[]>} newest first
   */
  results(id, max) {
    return this.#json(`/monitors/${id}/results?max=${max}`);
  }

  /**
   * @param {string} id
   * @param {string} window such as 24h
   * @returns {Promise<Stats>}
   */
  stats(id, window) {
    return this.#json(`/monitors/${id}/stats?window=${window}`);
  }

  /** @returns {Promise<Spec[]>} */
  types() {
    return this.#json('/monitor-types');
  }

  /**
   * Opens the event stream. It has no timeout: the caller watches over it.
   * @param {AbortSignal} signal
   */
  events(signal) {
    return this.#send('/events', { signal, headers: { Accept: 'text/event-stream' } });
  }

  /**
   * @param {string} path
   * @param {{method?: string, body?: object}} [options]
   */
  async #json(path, { method, body } = {}) {
    const response = await this.#send(path, {
      method,
      headers: body ? { 'Content-Type': 'application/json' } : {},
      body: body && JSON.stringify(body),
    });
    try {
      return await response.json();
    } catch {
      throw new ApiError('The answer of the API could not be read.', response.status);
    }
  }

  /**
   * @param {string} path
   * @param {RequestInit} init
   */
  async #send(path, init) {
    let response;
    try {
      response = await fetch(this.#base + path, { signal: AbortSignal.timeout(TIMEOUT), cache: 'no-store', ...init });
    } catch (error) {
      const late = error instanceof Error && error.name === 'TimeoutError';
      throw new ApiError(
        late ? `The API did not answer within ${TIMEOUT / 1000} seconds.` : 'The API can’t be reached.',
        0,
      );
    }
    if (!response.ok) {
      throw new ApiError(await detailOf(response), response.status);
    }
    return response;
  }
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
