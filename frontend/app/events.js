/** @import {Connection, IncidentChange, MonitorChange, Result, SummaryChange} from '../types/model' */
/** @import {App} from './app.js' */
import { createParser } from './lib/eventsource-parser.js';

/** The delays before a reconnect: the first and the longest, in milliseconds. */
const MIN_RETRY_DELAY = 500;
const MAX_RETRY_DELAY = 10_000;
/** How often the views refresh without a stream, in milliseconds. */
const POLL_INTERVAL = 10_000;
/** How long a stream may be silent, in milliseconds. The server writes at least every 15 seconds. */
const MAX_SILENCE = 40_000;

/** How often a hidden page, which has no stream, reads the number of open incidents, in milliseconds. */
const HIDDEN_INTERVAL = 60_000;
/** How often the clock of the views advances, in milliseconds. */
const TICK = 1000;
/** The name of the setting, and of the lock of the tab that shows notifications. */
export const NOTIFICATIONS = `nanomon ${new URL('./', location.href).pathname} notifications`;

/**
 * Receives events: each new result, each change of a monitor or an incident, summary when the API has computed new figures,
 * status-pages when a status page or its messages have changed, and stale when events may be lost and the view must reload its data.
 * @typedef {{
 *   result?: (result: Result) => void,
 *   monitor?: (change: MonitorChange) => void,
 *   incident?: (change: IncidentChange) => void,
 *   summary?: (change: SummaryChange) => void,
 *   'status-pages'?: () => void,
 *   stale: () => void,
 * }} Listener
 */

/**
 * The event stream that all views share. It reconnects automatically. While there is no stream but the API responds, it
 * calls stale every ten seconds. It also reports whether the store of the API works, and the number of open incidents.
 */
export class Live {
  #connect;
  #check;
  /** @type {Set<Listener>} */
  #listeners = new Set();
  /** @type {AbortController | null} */
  #running = null;
  #connected = false;
  /** Receives the state and what is wrong with the store. @type {(connection: Connection, problem: string) => void} */
  onConnection = () => {};
  /** Receives the number of open incidents. @type {(count: number) => void} */
  onOpenIncidents = () => {};
  #inBackground = false;
  onBackground = () => {};

  /**
   * @param {(signal: AbortSignal) => Promise<Response>} connect opens the stream
   * @param {() => Promise<{problem: string, openIncidents?: number} | null>} check see Api.health
   */
  constructor(connect, check) {
    this.#connect = connect;
    this.#check = check;
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

  /** Makes the views read again. */
  catchUp() {
    if (this.#connected) {
      this.#stale();
    }
  }

  /** Whether the stream stays open while the page is hidden. */
  get inBackground() {
    return this.#inBackground;
  }

  set inBackground(stays) {
    this.#inBackground = stays;
    this.onBackground();
  }

  /**
   * @param {Listener} listener
   * @returns {() => void} unsubscribes
   */
  subscribe(listener) {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /**
   * Runs work. Returns its value, and the results that arrived while it was running: the data that work has read may not
   * include them.
   * @template T
   * @param {() => Promise<T>} work
   * @returns {Promise<[T, Result[]]>}
   */
  async during(work) {
    /** @type {Result[]} */
    const results = [];
    const unsubscribe = this.subscribe({ result: (result) => results.push(result), stale: () => {} });
    try {
      return [await work(), results];
    } finally {
      unsubscribe();
    }
  }

  /** @param {AbortSignal} stopped */
  async #run(stopped) {
    let retry = MIN_RETRY_DELAY;
    /** @type {ReturnType<typeof setInterval> | undefined} */
    let polling;
    const connected = () => {
      clearInterval(polling);
      polling = undefined;
      retry = MIN_RETRY_DELAY;
      this.#connected = true;
      this.onConnection('live', '');
      this.#stale();
    };
    while (!stopped.aborted) {
      await this.#read(stopped, connected).catch(() => {});
      this.#connected = false;
      if (stopped.aborted) {
        break;
      }
      if (!polling) {
        polling = setInterval(() => this.#poll(stopped), POLL_INTERVAL);
        await this.#poll(stopped);
      }
      await pause(retry * (0.75 + Math.random() / 2), stopped);
      retry = Math.min(retry * 2, MAX_RETRY_DELAY);
    }
    clearInterval(polling);
  }

  /**
   * Opens one connection and reads it until it ends.
   * @param {AbortSignal} stopped
   * @param {() => void} connected
   */
  async #read(stopped, connected) {
    const silent = new AbortController();
    let watchdog = setTimeout(() => silent.abort(), MAX_SILENCE);
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
        watchdog = setTimeout(() => silent.abort(), MAX_SILENCE);
        parser.feed(decoder.decode(chunk.value, { stream: true }));
      }
    } finally {
      clearTimeout(watchdog);
    }
  }

  /** @param {AbortSignal} stopped */
  async #poll(stopped) {
    const health = await this.#check();
    if (stopped.aborted || this.#connected) {
      return;
    }
    if (!health) {
      this.onConnection('disconnected', '');
      return;
    }
    const { problem, openIncidents } = health;
    this.#count(openIncidents);
    this.onConnection(problem ? 'unavailable' : 'polling', problem);
    this.#stale();
  }

  /**
   * @param {string | undefined} name
   * @param {string} data
   */
  #dispatch(name, data) {
    if (name === 'result' || name === 'monitor' || name === 'summary' || name === 'status-pages') {
      const change = JSON.parse(data);
      this.#listeners.forEach((listener) => listener[name]?.(change));
    } else if (name === 'incident') {
      const change = JSON.parse(data);
      this.#count(change.open);
      this.#listeners.forEach((listener) => listener.incident?.(change));
    } else if (name === 'open-incidents') {
      this.#count(JSON.parse(data).open);
    } else if (name === 'health') {
      const { healthy, problem = '' } = JSON.parse(data);
      this.onConnection(healthy ? 'live' : 'unavailable', problem);
      this.#stale();
    }
  }

  /** @param {number | undefined} openIncidents undefined if unknown */
  #count(openIncidents) {
    if (openIncidents !== undefined) {
      this.onOpenIncidents(openIncidents);
    }
  }

  #stale() {
    this.#listeners.forEach((listener) => listener.stale());
  }
}

/**
 * Closes the event stream and stops the clock while the page is hidden, because a browser allows only a few connections to
 * one server. A hidden page only reads the number of open incidents from time to time. When the page is visible again, the
 * views read everything they missed.
 * @param {App} app
 */
export function followVisibility({ api, live, clock, session }) {
  /** @type {ReturnType<typeof setInterval> | undefined} */
  let ticking;
  const tick = () => {
    if (!document.hidden) {
      clock.now = api.now();
    }
  };
  api.onClock = tick;
  const count = async () => {
    const status = await api.status().catch(() => null);
    if (document.hidden && status?.openIncidents !== undefined) {
      live.onOpenIncidents(status.openIncidents);
    }
  };
  const update = () => {
    clearInterval(ticking);
    const canRead = session?.canRead ?? true;
    if (canRead && (!document.hidden || live.inBackground)) {
      live.start();
    } else {
      live.stop();
    }
    if (document.hidden) {
      ticking = setInterval(() => canRead && !live.inBackground && count(), HIDDEN_INTERVAL);
    } else {
      tick();
      ticking = setInterval(tick, TICK);
    }
  };
  live.onBackground = update;
  document.addEventListener('visibilitychange', () => {
    update();
    if (!document.hidden && live.inBackground) {
      live.catchUp();
    }
  });
  update();
}

export function notificationsAreOn() {
  try {
    return localStorage.getItem(NOTIFICATIONS) === 'on';
  } catch {
    return false;
  }
}

/**
 * @param {number} ms
 * @param {AbortSignal} signal ends the pause early
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
