/** @import {Config, Connection} from '../types/model' */
import Alpine from './lib/alpine.js';
import { Api } from './api.js';
import { Live } from './events.js';
import { parseRoute } from './router.js';
import { edit } from './views/edit.js';
import { home } from './views/home.js';
import { monitor } from './views/monitor.js';

const TITLES = { home: 'Monitors', monitor: 'Monitor', edit: 'Edit', unknown: 'Not found' };
const CONNECTIONS = {
  connecting: 'Connecting…',
  live: 'Live',
  disconnected: 'Disconnected. Trying again; what you see may be old.',
};

/**
 * The frame around the views.
 * @param {Config} config
 * @param {Live} live
 */
function frame(config, live) {
  return {
    route: parseRoute(location.hash),
    /** @type {Connection} */
    connection: 'connecting',
    version: config.VERSION,
    buildInfo: config.BUILD_INFO,

    init() {
      live.onConnection = (connection) => {
        this.connection = connection;
      };
      addEventListener('hashchange', () => this.show());
      this.setTitle();
    },

    show() {
      this.route = parseRoute(location.hash);
      this.setTitle();
      document.querySelector('main')?.focus();
      scrollTo(0, 0);
    },

    setTitle() {
      document.title = `${TITLES[this.route.view]} · NanoMon`;
    },

    /** The active view alone, keyed by its address so that another address mounts it anew. */
    get routes() {
      return [this.route];
    },

    get connectionText() {
      return CONNECTIONS[this.connection];
    },
  };
}

/** @returns {Promise<Config>} */
async function loadConfig() {
  const response = await fetch('./config.json', { signal: AbortSignal.timeout(10_000) });
  if (!response.ok) {
    throw new Error(`config.json: ${response.status}`);
  }
  return response.json();
}

async function start() {
  const config = await loadConfig();
  const api = new Api(config.API_ENDPOINT);
  const live = new Live((signal) => api.events(signal));
  Alpine.data('frame', () => frame(config, live));
  Alpine.data('home', () => home(api, live));
  Alpine.data('monitor', (/** @type {string} */ id) => monitor(api, live, id));
  Alpine.data('edit', (/** @type {string} */ id) => edit(api, id));
  Alpine.start();

  // A hidden page gives its connection up: a browser opens only a few to one server.
  const follow = () => (document.hidden ? live.stop() : live.start());
  document.addEventListener('visibilitychange', follow);
  follow();
}

start().catch((error) => {
  const boot = document.querySelector('#boot');
  if (boot) {
    boot.textContent = `NanoMon could not start: its server did not answer (${error.message}). Reload the page to try again.`;
    boot.setAttribute('role', 'alert');
  }
});
