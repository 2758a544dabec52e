/** @import {Config, Connection} from '../types/model' */
/** @import {Offline} from './offline.js' */
/** @import {Session} from './sign-in.js' */
/** @import {ViewName} from './views.js' */
import Alpine from './lib/alpine.js';
import { Api } from './api.js';
import { followVisibility, Live, notificationsAreOn } from './events.js';
import { addDirectives, describeConnection, loadConfig } from './load-state.js';
import { MonitorList } from './monitors.js';
import { onDialogKey, parseRoute, redirectOldAddress } from './router.js';
import { themeSwitch } from './theme.js';
import { loadKeyboard, loadView, prefetchViews, Stage, Tab, titleOf } from './views.js';

/**
 * The services that every view gets.
 * - notify shows a message that stays when the user opens another view.
 * - setTitle sets the title of the page.
 * - open opens the command palette or the list of keyboard shortcuts, unless a dialog is open.
 * - unsaved reports whether leaving the view would lose changes, and draft returns these changes. A view sets both.
 * - follow takes over the settings in a new address of the same view, and reports whether it could. A view may set it.
 * - session is null if sign-in is off.
 * - savedAt returns the date of the list of monitors if it is a saved one, and otherwise an empty text.
 * - checkForUpdate looks for another build of the page.
 * - renew reloads the page if there is another build, and reports whether it does.
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
 *   checkForUpdate: () => void,
 *   savedAt: () => string,
 *   renew: () => boolean,
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
 * @param {Offline | null} offline null until it is loaded
 */
function frame(app, tab, offline) {
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
    theme: themeSwitch(),
    signIn: app.session ? app.session.panel(app) : null,
    offline,
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
      if (app.renew()) {
        return;
      }
      const { route } = this;
      app.follow = () => false; // The view that is left does not follow addresses of the next one.
      this.offline?.leaveView();
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
      this.offline?.setOnline(connection !== 'disconnected');
      if (connection !== 'disconnected') {
        prefetchViews(() => this.finish());
      }
      this.storeProblem = problem && `${problem[0].toUpperCase()}${problem.slice(1)}.`;
      if (connection !== this.connection) {
        this.connection = connection;
        this.connectionSince = app.api.now();
        app.checkForUpdate(); // The server may have been replaced.
      }
    },

    /** Loads what the first view does not need. */
    async finish() {
      this.offline ??= await loadOffline(app, this.connection !== 'disconnected');
      await import('./browser-notifications.js').then(({ follow }) => follow(app)).catch(() => {});
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

    get connectionText() {
      return describeConnection(this.connection, this.connectionSince);
    },
  };
}

async function start() {
  loadView('list').catch(() => {}); // index.html preloads it for every address.
  const config = await loadConfig(showBoot);
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
    checkForUpdate: () => {},
    savedAt: () => '',
    renew: () => false,
  };
  redirectOldAddress();
  // Only a service worker can have stored what the page needs to open without the server.
  const offline = navigator.serviceWorker?.controller ? await loadOffline(app, false) : null;
  Alpine.data('frame', () => frame(app, tab, offline));
  addDirectives(live);
  Alpine.start();
  followVisibility(app);
  if (notificationsAreOn() && session?.canRead !== false) {
    await import('./browser-notifications.js').then(({ follow }) => follow(app)).catch(() => {});
  }
}

/**
 * Loads what the page needs to open without the server; null if that is not possible.
 * @param {App} app
 * @param {boolean} isOnline
 */
async function loadOffline(app, isOnline) {
  return import('./offline.js').then(({ openOffline }) => openOffline(app, isOnline)).catch(() => null);
}

/** @param {string} text what the page shows in place of a view */
function showBoot(text) {
  const boot = document.querySelector('#boot');
  if (boot) {
    boot.textContent = text;
  }
}

start().catch(({ message }) => showBoot(`Could not load NanoMon: ${message}. Reload the page to try again.`));
