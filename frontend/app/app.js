/** @import {Config, Connection} from '../types/model' */
/** @import {Session} from './sign-in.js' */
/** @import {ViewName} from './views.js' */
import Alpine from './lib/alpine.js';
import { Api } from './api.js';
import { followVisibility, Live } from './events.js';
import { formatTime } from './format.js';
import { addLoadState } from './load-state.js';
import { MonitorList } from './monitors.js';
import { onDialogKey, parseRoute, redirectOldAddress } from './router.js';
import { currentTheme, setTheme, THEMES } from './theme.js';
import { loadKeyboard, loadView, prefetchViews, Stage, Tab, titleOf } from './views.js';

/**
 * The services that every view gets.
 * - notify shows a message that stays when the user opens another view.
 * - setTitle sets the title of the page.
 * - open opens the command palette or the list of keyboard shortcuts, unless a dialog is open.
 * - unsaved reports whether leaving the view would lose changes, and draft returns these changes. A view sets both.
 * - follow takes over the settings in a new address of the same view, and reports whether it could. A view may set it.
 * - session is null if sign-in is off.
 * @typedef {{
 *   config: Config,
 *   api: Api,
 *   live: Live,
 *   monitors: MonitorList,
 *   clock: {now: number},
 *   notify: (text: string, kind?: 'done' | 'failed') => void,
 *   setTitle: (title: string) => void,
 *   open: (dialog: 'palette' | 'shortcuts') => void,
 *   unsaved: () => boolean,
 *   draft: () => unknown,
 *   follow: (params: URLSearchParams) => boolean,
 *   session: Session | null,
 * }} App
 */

/** How long a message of success stays, in milliseconds. */
const MESSAGE_TIME = 6000;
/** How long the last view stays while the next one loads, in milliseconds. */
const LOADING_DELAY = 300;
/** The highest number in the navigation. */
const MAX_COUNT = 99;
/** The time between two attempts to load what the server did not deliver, in milliseconds. */
const RETRY_DELAY = 2000;
/**
 * The data of the page around the views: navigation, connection, messages and dialogs.
 * @param {App} app
 * @param {Tab} tab
 */
function frame(app, tab) {
  const stage = new Stage();
  let lastMessage = 0;

  return {
    route: parseRoute(location.hash),
    /** @type {Connection} */
    connection: 'connecting',
    connectionSince: app.api.now(),
    openIncidents: 0,
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
      app.live.onOpenIncidents = (count) => {
        this.openIncidents = count;
        tab.setOpenIncidents(count);
      };
      app.notify = (text, kind = 'done') => this.notify(text, kind);
      app.open = (dialog) => this.open(dialog);
      addEventListener('keydown', (event) => onDialogKey(event, app.open));
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
      const { view, id } = this.route;
      this.route = parseRoute(location.hash);
      if (view === this.route.view && id === this.route.id && app.follow(this.route.params)) {
        return;
      }
      this.viewError = '';
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

    /** Loads the view of the route and shows it. Tries again until the server responds or the route changes. */
    async show() {
      const { route } = this;
      const name = app.session?.mayShow(route.view) === false ? 'sign-in' : route.view;
      this.loading = true;
      const slow = setTimeout(() => route === this.route && this.clear(name, 'Loading…'), LOADING_DELAY);
      const view = await loadView(name).catch(() => null);
      clearTimeout(slow);
      if (route !== this.route) {
        return;
      }
      if (view) {
        this.loading = false;
        this.viewError = '';
        this.clear(name, '');
        stage.mount(view, app, route);
      } else {
        this.viewError = `Could not load the view “${titleOf(name)}”: the server does not respond. Trying again…`;
        this.clear(name, '');
        setTimeout(() => route === this.route && this.show(), RETRY_DELAY);
      }
    },

    /**
     * Removes the shown view before another one is shown.
     * @param {ViewName} next
     * @param {string} text what the page shows instead
     */
    clear(next, text) {
      stage.clear(this.viewError ? '' : text);
      app.unsaved = () => false;
      app.draft = () => null;
      app.follow = () => false;
      app.setTitle(titleOf(next));
    },

    /**
     * @param {Connection} connection
     * @param {string} problem
     */
    onConnection(connection, problem) {
      if (connection !== 'disconnected') {
        prefetchViews();
      }
      this.storeProblem = problem && `${problem[0].toUpperCase()}${problem.slice(1)}.`;
      if (connection !== this.connection) {
        this.connection = connection;
        this.connectionSince = app.api.now();
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

    /** @param {'palette' | 'shortcuts'} dialog */
    async open(dialog) {
      try {
        (await loadKeyboard()).open(dialog, app, () => this.connection);
      } catch {
        this.notify('Could not load the keyboard commands: the server does not respond.', 'failed');
      }
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

    /** The number of open incidents in the navigation; empty if there is none. */
    get openText() {
      return this.openIncidents > MAX_COUNT ? `${MAX_COUNT}+` : String(this.openIncidents || '');
    },

    skip() {
      stage.focus();
    },

    /** The state of the connection. A narrow screen shows no detail. */
    get connectionText() {
      return {
        connecting: { label: 'Connecting…', detail: '', hint: null },
        live: { label: 'Live', detail: '', hint: null },
        polling: { label: 'Refreshing', detail: 'every 10 seconds', hint: 'There is no event stream.' },
        unavailable: { label: 'Store unavailable', detail: '', hint: null },
        disconnected: {
          label: 'Disconnected',
          detail: `since ${formatTime(this.connectionSince)}`,
          hint: 'The API does not respond. The page tries again; its data may be outdated.',
        },
      }[this.connection];
    },
  };
}

/**
 * Loads the configuration. Tries again until the server responds.
 * @returns {Promise<Config>}
 */
async function loadConfig() {
  for (;;) {
    try {
      const response = await fetch('./config.json', { signal: AbortSignal.timeout(10_000) });
      if (response.ok) {
        const config = await response.json();
        showBoot('Loading…');
        return config;
      }
      showBoot(`Could not load NanoMon: the server responded with ${response.status}. Trying again…`);
    } catch {
      showBoot('Could not load NanoMon: the server did not respond. Trying again…');
    }
    await new Promise((resolve) => setTimeout(resolve, RETRY_DELAY));
  }
}

async function start() {
  loadView('list').catch(() => {}); // index.html preloads it for every address.
  const config = await loadConfig();
  const session = config.AUTH_CLIENT_ID ? await (await import('./sign-in.js')).Session.open(config) : null;
  const api = new Api(config.API_ENDPOINT);
  api.fetch = session?.fetch ?? api.fetch;
  const live = new Live(
    (signal) => api.events(signal),
    () => api.health(),
  );
  const tab = new Tab();
  /** @type {App} */
  const app = {
    config,
    api,
    live,
    monitors: new MonitorList(api, live),
    clock: Alpine.reactive({ now: api.now() }),
    notify: () => {},
    setTitle: (title) => tab.setTitle(title),
    open: () => {},
    unsaved: () => false,
    draft: () => null,
    follow: () => false,
    session,
  };
  redirectOldAddress();
  Alpine.data('frame', () => frame(app, tab));
  addLoadState(live);
  Alpine.start();
  followVisibility(app);
}

/** @param {string} text what the page shows in place of a view */
function showBoot(text) {
  const boot = document.querySelector('#boot');
  if (boot) {
    boot.textContent = text;
  }
}

start().catch(({ message }) => showBoot(`Could not load NanoMon: ${message}. Reload the page to try again.`));
