/** @import {Connection, MonitorChange, Result} from '../types/model' */

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

/** The page's one event stream. It reconnects by itself; while it can't, the views are told to poll. */
export class Live {
  #connect;
  /** @type {Set<Listener>} */
  #listeners = new Set();
  /** @type {AbortController | null} */
  #running = null;
  /** @type {(connection: Connection) => void} */
  onConnection = () => {};

  /** @param {(signal: AbortSignal) => Promise<Response>} connect opens the stream */
  constructor(connect) {
    this.#connect = connect;
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
      this.onConnection('live');
      this.#stale();
    };
    while (!stopped.aborted) {
      await this.#follow(stopped, connected).catch(() => {});
      if (stopped.aborted) {
        break;
      }
      this.onConnection('disconnected');
      polling ??= setInterval(() => this.#stale(), POLL);
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
      const parser = new EventParser((name, data) => this.#dispatch(name, data));
      const decoder = new TextDecoder();
      const reader = response.body.getReader();
      for (let chunk = await reader.read(); !chunk.done; chunk = await reader.read()) {
        clearTimeout(watchdog);
        watchdog = setTimeout(() => silent.abort(), SILENCE);
        parser.push(decoder.decode(chunk.value, { stream: true }));
      }
    } finally {
      clearTimeout(watchdog);
    }
  }

  /**
   * @param {string} name
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

/** Takes a text/event-stream apart, however it is cut into chunks. */
export class EventParser {
  #rest = '';
  #name = '';
  /** @type {string[]} */
  #data = [];
  #emit;

  /** @param {(name: string, data: string) => void} emit */
  constructor(emit) {
    this.#emit = emit;
  }

  /** @param {string} text */
  push(text) {
    const lines = (this.#rest + text).split('\n');
    this.#rest = lines.pop() ?? '';
    lines.forEach((line) => this.#line(line.replace(/\r$/, '')));
  }

  /** @param {string} line */
  #line(line) {
    if (line === '') {
      if (this.#data.length) {
        this.#emit(this.#name || 'message', this.#data.join('\n'));
      }
      this.#name = '';
      this.#data = [];
      return;
    }
    const [, field, value] = /^([^:]*):? ?(.*)$/.exec(line) ?? [];
    if (field === 'event') {
      this.#name = value;
    } else if (field === 'data') {
      this.#data.push(value);
    }
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
