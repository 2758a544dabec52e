/** @import {Config, Connection} from '../types/model' */
/** @import {Route} from './router.js' */
/** @import {Session} from './sign-in.js' */
/** @import {View} from './views.js' */
import Alpine from './lib/alpine.js';
import { Api } from './api.js';
import { Live } from './events.js';
import { formatTime } from './format.js';
import { MonitorList } from './monitors.js';
import { parseRoute } from './router.js';
import { currentTheme, setTheme } from './theme.js';
import { loadView } from './views.js';

/**
 * What the views are given. notify tells the reader what has happened, wherever they go next; setTitle names the page;
 * unsaved, set by a view, reports whether leaving it would lose what was typed, and draft gives that; session is null while sign-in is off.
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

const TICK = 1000;
const NOTICE_TIME = 6000;
const THEMES = /** @type {const} */ ({
  system: { next: 'light', sign: '◐', label: 'Colours follow the system' },
  light: { next: 'dark', sign: '☀', label: 'Light colours' },
  dark: { next: 'system', sign: '☾', label: 'Dark colours' },
});

/**
 * The frame around the views.
 * @param {App} app
 */
function frame(app) {
  /** @type {Element | null} */
  let shown = null;
  let notices = 0;

  return {
    route: parseRoute(location.hash),
    /** @type {Connection} */
    connection: 'connecting',
    connectionSince: Date.now(),
    theme: currentTheme(),
    signIn: app.session ? app.session.panel(app) : null,
    loading: true,
    viewError: '',
    /** @type {{id: number, text: string, kind: string}[]} */
    notices: [],
    /** Where the reader wants to go while asked whether to drop what was typed. */
    wanted: '',
    init() {
      app.live.onConnection = (connection) => this.onConnection(connection);
      app.notify = (text, kind = 'done') => this.notify(text, kind);
      addEventListener('hashchange', () => this.follow());
      addEventListener('scrollend', () => history.replaceState({ scroll: scrollY }, ''));
      addEventListener('beforeunload', (event) => app.unsaved() && event.preventDefault());
      history.scrollRestoration = 'manual';
      this.signIn?.meet();
      this.show();
    },

    /** Goes where the address points, after asking if something would be lost. */
    follow() {
      if (app.unsaved()) {
        this.wanted = location.hash;
        history.replaceState(null, '', this.route.hash || '#home');
        this.dialog.showModal();
        return;
      }
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
      location.hash = this.wanted;
    },

    /** Puts the view of the route in place of the one that is shown. */
    async show() {
      const { route } = this;
      this.loading = true;
      this.viewError = '';
      try {
        const view = await loadView(app.session?.mayShow(route.view) === false ? 'closed' : route.view);
        if (route === this.route) {
          this.mount(view, route);
        }
      } catch {
        this.viewError = 'This part of the page can’t be fetched: its server does not answer.';
      } finally {
        this.loading = false;
      }
    },

    /**
     * @param {View} view
     * @param {Route} route
     */
    mount({ title, markup, data }, route) {
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

    /** @param {Connection} connection */
    onConnection(connection) {
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
      const id = ++notices;
      this.notices = [...this.notices, { id, text, kind }];
      if (kind === 'done') {
        setTimeout(() => this.dismiss(id), NOTICE_TIME);
      }
    },

    /** @param {number} id */
    dismiss(id) {
      this.notices = this.notices.filter((notice) => notice.id !== id);
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
        polling: 'Not live: updated every 10 seconds',
        disconnected: `Disconnected since ${since}. Trying again; what you see may be old.`,
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
  loadView('home').catch(() => {}); // It is preloaded, whichever view comes first.
  const config = await loadConfig();
  const session = config.AUTH_CLIENT_ID ? await (await import('./sign-in.js')).Session.open(config) : null;
  const api = new Api(config.API_ENDPOINT);
  api.fetch = session?.fetch ?? api.fetch;
  const live = new Live(
    (signal) => api.events(signal),
    () => api.isAlive(),
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
  Alpine.data('frame', () => frame(app));
  Alpine.start();
  followVisibility(app);
}

/**
 * Lets a hidden page rest: a browser opens only a few connections to one server. It catches up when it is seen again.
 * @param {App} app
 */
function followVisibility({ live, clock, session }) {
  /** @type {ReturnType<typeof setInterval> | undefined} */
  let ticking;
  const tick = () => (clock.now = Date.now());
  const follow = () => {
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
