/** @import {Connection, MonitorChange, Result} from '../types/model' */
import { createParser } from './lib/eventsource-parser.js';

const FIRST_RETRY = 500;
const LAST_RETRY = 10_000;
const POLL = 10_000;
/** The server writes at least every 15 seconds; a stream that is silent for longer than this is dead. */
const SILENCE = 40_000;

/**
 * What a view is told: each result and change as it happens; and stale when it may have missed some and has
 * to read afresh.
 * @typedef {{result?: (result: Result) => void, monitor?: (change: MonitorChange) => void, stale: () => void}} Listener
 */

/**
 * The page's one event stream. It reconnects by itself; while it can't, the views are told every ten seconds to read
 * afresh, if the API answers.
 */
export class Live {
  #connect;
  #alive;
  /** @type {Set<Listener>} */
  #listeners = new Set();
  /** @type {AbortController | null} */
  #running = null;
  #connected = false;
  /** @type {(connection: Connection) => void} */
  onConnection = () => {};

  /**
   * @param {(signal: AbortSignal) => Promise<Response>} connect opens the stream
   * @param {() => Promise<boolean>} alive reports whether the API answers
   */
  constructor(connect, alive) {
    this.#connect = connect;
    this.#alive = alive;
  }

  start() {
    if (!this.#running) {
      this.#running = new AbortController();
      this.#run(this.#running.signal);
    }
  }

  stop() {
    this.#running?.abort();
    this.#running = null;
  }

  /**
   * @param {Listener} listener
   * @returns {() => void} ends it
   */
  subscribe(listener) {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /**
   * Does work and gives, beside its outcome, the results that came meanwhile: what was read may be older than they.
   * @template T
   * @param {() => Promise<T>} work
   * @returns {Promise<[T, Result[]]>}
   */
  async during(work) {
    /** @type {Result[]} */
    const results = [];
    const end = this.subscribe({ result: (result) => results.push(result), stale: () => {} });
    try {
      return [await work(), results];
    } finally {
      end();
    }
  }

  /** @param {AbortSignal} stopped */
  async #run(stopped) {
    let retry = FIRST_RETRY;
    /** @type {ReturnType<typeof setInterval> | undefined} */
    let polling;
    const connected = () => {
      clearInterval(polling);
      polling = undefined;
      retry = FIRST_RETRY;
      this.#connected = true;
      this.onConnection('live');
      this.#stale();
    };
    while (!stopped.aborted) {
      await this.#follow(stopped, connected).catch(() => {});
      this.#connected = false;
      if (stopped.aborted) {
        break;
      }
      if (!polling) {
        polling = setInterval(() => this.#poll(stopped), POLL);
        await this.#poll(stopped);
      }
      await pause(retry * (0.75 + Math.random() / 2), stopped);
      retry = Math.min(retry * 2, LAST_RETRY);
    }
    clearInterval(polling);
  }

  /**
   * Reads one connection to its end.
   * @param {AbortSignal} stopped
   * @param {() => void} connected
   */
  async #follow(stopped, connected) {
    const silent = new AbortController();
    let watchdog = setTimeout(() => silent.abort(), SILENCE);
    try {
      const response = await this.#connect(AbortSignal.any([stopped, silent.signal]));
      if (!response.body) {
        return;
      }
      connected();
      const parser = createParser({ onEvent: ({ event, data }) => this.#dispatch(event, data) });
      const decoder = new TextDecoder();
      const reader = response.body.getReader();
      for (let chunk = await reader.read(); !chunk.done; chunk = await reader.read()) {
        clearTimeout(watchdog);
        watchdog = setTimeout(() => silent.abort(), SILENCE);
        parser.feed(decoder.decode(chunk.value, { stream: true }));
      }
    } finally {
      clearTimeout(watchdog);
    }
  }

  /** @param {AbortSignal} stopped */
  async #poll(stopped) {
    const alive = await this.#alive();
    if (!stopped.aborted && !this.#connected) {
      this.onConnection(alive ? 'polling' : 'disconnected');
      if (alive) {
        this.#stale();
      }
    }
  }

  /**
   * @param {string | undefined} name
   * @param {string} data
   */
  #dispatch(name, data) {
    if (name === 'result') {
      const result = JSON.parse(data);
      this.#listeners.forEach((listener) => listener.result?.(result));
    } else if (name === 'monitor') {
      const change = JSON.parse(data);
      this.#listeners.forEach((listener) => listener.monitor?.(change));
    }
  }

  #stale() {
    this.#listeners.forEach((listener) => listener.stale());
  }
}

/**
 * @param {number} ms
 * @param {AbortSignal} signal ends it early
 * @returns {Promise<void>}
 */
function pause(ms, signal) {
  return new Promise((resolve) => {
    const timer = setTimeout(done, ms);
    signal.addEventListener('abort', done);
    function done() {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    }
  });
}
