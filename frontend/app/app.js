/** @import {Config, Connection} from '../types/model' */
/** @import {Route} from './router.js' */
/** @import {Session} from './sign-in.js' */
/** @import {View} from './views.js' */
import Alpine from './lib/alpine.js';
import { Api } from './api.js';
import { Live } from './events.js';
import { formatTime } from './format.js';
import { addLoadState } from './load-state.js';
import { MonitorList } from './monitors.js';
import { parseRoute, redirectOldAddress } from './router.js';
import { currentTheme, setTheme } from './theme.js';
import { loadView } from './views.js';

/**
 * The services that every view gets.
 * - notify shows a message that stays when the user opens another view.
 * - setTitle sets the title of the page.
 * - unsaved reports whether leaving the view would lose changes, and draft returns these changes. A view sets both.
 * - session is null if sign-in is off.
 * @typedef {{
 *   config: Config,
 *   api: Api,
 *   live: Live,
 *   monitors: MonitorList,
 *   clock: {now: number},
 *   notify: (text: string, kind?: 'done' | 'failed') => void,
 *   setTitle: (title: string) => void,
 *   unsaved: () => boolean,
 *   draft: () => unknown,
 *   session: Session | null,
 * }} App
 */

/** How often the clock of the views advances, in milliseconds. */
const TICK = 1000;
/** How long a message of success stays, in milliseconds. */
const MESSAGE_TIME = 6000;
const THEMES = /** @type {const} */ ({
  system: { next: 'light', sign: '◐', label: 'Theme: system' },
  light: { next: 'dark', sign: '☀', label: 'Theme: light' },
  dark: { next: 'system', sign: '☾', label: 'Theme: dark' },
});

/**
 * The data of the page around the views: navigation, connection, messages and dialogs.
 * @param {App} app
 */
function frame(app) {
  /** @type {Element | null} */
  let shown = null;
  let lastMessage = 0;

  return {
    route: parseRoute(location.hash),
    /** @type {Connection} */
    connection: 'connecting',
    connectionSince: Date.now(),
    /** What is wrong with the store; empty while it works. */
    storeProblem: '',
    theme: currentTheme(),
    signIn: app.session ? app.session.panel(app) : null,
    loading: true,
    viewError: '',
    /** @type {{id: number, text: string, kind: string}[]} */
    messages: [],
    /** The address to open if the user confirms to leave unsaved changes. */
    nextHash: '',
    init() {
      app.live.onConnection = (connection, problem) => this.onConnection(connection, problem);
      app.notify = (text, kind = 'done') => this.notify(text, kind);
      addEventListener('hashchange', () => this.onAddress());
      addEventListener('scrollend', () => history.replaceState({ scroll: scrollY }, ''));
      addEventListener('beforeunload', (event) => app.unsaved() && event.preventDefault());
      history.scrollRestoration = 'manual';
      this.signIn?.init();
      this.show();
    },

    /** Shows the view of a new address. If the current view has unsaved changes, asks first. */
    onAddress() {
      if (app.unsaved()) {
        this.nextHash = location.hash;
        history.replaceState(null, '', this.route.hash || '#list');
        this.dialog.showModal();
        return;
      }
      redirectOldAddress();
      this.route = parseRoute(location.hash);
      this.show();
    },

    /** @returns {HTMLDialogElement} */
    get dialog() {
      return /** @type {any} */ (this).$refs.leave;
    },

    stay() {
      this.dialog.close();
    },

    leave() {
      this.dialog.close();
      app.unsaved = () => false;
      location.hash = this.nextHash;
    },

    /** Loads the view of the route and shows it. */
    async show() {
      const { route } = this;
      this.loading = true;
      this.viewError = '';
      try {
        const view = await loadView(app.session?.mayShow(route.view) === false ? 'sign-in' : route.view);
        if (route === this.route) {
          this.mount(view, route);
        }
      } catch {
        this.viewError = 'Could not load this view: the server does not respond.';
      } finally {
        this.loading = false;
      }
    },

    /**
     * @param {View} view
     * @param {Route} route
     */
    mount({ name, title, markup, data }, route) {
      const main = /** @type {HTMLElement} */ (/** @type {any} */ (this).$refs.view);
      const first = shown === null;
      const template = document.createElement('template');
      template.innerHTML = markup;
      const next = /** @type {HTMLElement} */ (template.content.firstElementChild);
      if (shown) {
        Alpine.destroyTree(/** @type {HTMLElement} */ (shown));
      }
      app.unsaved = () => false;
      app.draft = () => null;
      app.setTitle(title);
      Alpine.data('view', () => data(app, route));
      main.dataset.view = name;
      Alpine.mutateDom(() => main.replaceChildren(next));
      Alpine.initTree(next);
      shown = next;
      Alpine.nextTick(() => {
        scrollTo(0, history.state?.scroll ?? 0);
        if (!first) {
          main.focus({ preventScroll: true });
        }
      });
    },

    /**
     * @param {Connection} connection
     * @param {string} problem
     */
    onConnection(connection, problem) {
      this.storeProblem = problem && `${problem[0].toUpperCase()}${problem.slice(1)}.`;
      if (connection !== this.connection) {
        this.connection = connection;
        this.connectionSince = Date.now();
      }
    },

    /**
     * @param {string} text
     * @param {string} kind
     */
    notify(text, kind) {
      const id = ++lastMessage;
      this.messages = [...this.messages, { id, text, kind }];
      if (kind === 'done') {
        setTimeout(() => this.dismiss(id), MESSAGE_TIME);
      }
    },

    /** @param {number} id */
    dismiss(id) {
      this.messages = this.messages.filter((message) => message.id !== id);
    },

    nextTheme() {
      this.theme = THEMES[this.theme].next;
      setTheme(this.theme);
    },

    get themeSign() {
      return THEMES[this.theme].sign;
    },

    get themeLabel() {
      return THEMES[this.theme].label;
    },

    /** @param {string} view */
    current(view) {
      return this.route.view === view ? 'page' : null;
    },

    skip() {
      /** @type {any} */ (this).$refs.view.focus();
    },

    get connectionText() {
      const since = formatTime(this.connectionSince);
      return {
        connecting: 'Connecting…',
        live: 'Live',
        polling: 'Refreshing every 10 seconds',
        unavailable: 'Store unavailable',
        disconnected: `Disconnected since ${since}. Retrying; data may be outdated.`,
      }[this.connection];
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
  loadView('list').catch(() => {}); // index.html preloads it for every address.
  const config = await loadConfig();
  const session = config.AUTH_CLIENT_ID ? await (await import('./sign-in.js')).Session.open(config) : null;
  const api = new Api(config.API_ENDPOINT);
  api.fetch = session?.fetch ?? api.fetch;
  const live = new Live(
    (signal) => api.events(signal),
    () => api.problem(),
  );
  /** @type {App} */
  const app = {
    config,
    api,
    live,
    monitors: new MonitorList(api, live),
    clock: Alpine.reactive({ now: Date.now() }),
    notify: () => {},
    setTitle: (title) => (document.title = `${title} · NanoMon`),
    unsaved: () => false,
    draft: () => null,
    session,
  };
  redirectOldAddress();
  Alpine.data('frame', () => frame(app));
  addLoadState();
  Alpine.start();
  followVisibility(app);
}

/**
 * Closes the event stream and stops the clock while the page is hidden, because a browser allows only a few connections to
 * one server. When the page is visible again, the views read everything they missed.
 * @param {App} app
 */
function followVisibility({ live, clock, session }) {
  /** @type {ReturnType<typeof setInterval> | undefined} */
  let ticking;
  const tick = () => (clock.now = Date.now());
  const update = () => {
    clearInterval(ticking);
    if (document.hidden) {
      live.stop();
    } else {
      tick();
      ticking = setInterval(tick, TICK);
      if (session?.canRead ?? true) {
        live.start();
      }
    }
  };
  document.addEventListener('visibilitychange', update);
  update();
}

start().catch((error) => {
  const boot = document.querySelector('#boot');
  if (boot) {
    boot.textContent = `Could not load NanoMon: the server did not respond (${error.message}). Reload the page to try again.`;
    boot.setAttribute('role', 'alert');
  }
});
