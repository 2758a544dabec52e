/** @import {App} from './app.js' */
import Alpine from './lib/alpine.js';
import { formatAgo, formatMoment } from './format.js';
import { reloader } from './reload.js';
import { SavedAnswers } from './saved-answers.js';

/** The build of this document; empty if a development server sent it. */
const BUILD = /** @type {HTMLMetaElement} */ (document.querySelector('meta[name=build]')).content;
/** All names of caches begin with this prefix. worker.js uses it too. */
const PREFIX = `nanomon ${new URL('./', location.href).pathname} `;
const ANSWERS = `${PREFIX}answers `;
/** How often a page that stays open looks for another build, in milliseconds. */
const UPDATE_INTERVAL = 3_600_000;

/**
 * What the page needs to open without the server: the service worker, and the saved answers of the API. While sign-in is
 * on, no answer is saved.
 * @param {App} app
 * @param {boolean} isOnline whether the API responds; unknown counts as no
 */
export async function openOffline(app, isOnline) {
  let isDisconnected = false;
  register(app, () => isDisconnected);
  /** The dates of the saved answers that the page shows; empty if it shows none. */
  const state = Alpine.reactive({ list: '', data: '' });
  app.savedAt = () => state.list;
  if (app.session) {
    await removeCaches(ANSWERS);
  } else if (BUILD && 'caches' in window) {
    const answers = new SavedAnswers(ANSWERS + BUILD, app.config.API_ENDPOINT, app.api.fetch);
    answers.isUsed = () => !isOnline;
    answers.onUse = (path, savedAt) => (state[path.startsWith('/monitors?') ? 'list' : 'data'] = savedAt);
    app.api.fetch = answers.fetch;
    if (app.monitors.state.loaded) {
      app.monitors.load(); // The page has just opened for the first time: save the list.
    }
  }
  return {
    /** Called when another view opens, which reads its own data. All views share the list. */
    leaveView() {
      state.data = '';
    },

    /**
     * Called when it is known whether the API responds. If it does, the views read new data.
     * @param {boolean} responds
     */
    setOnline(responds) {
      isOnline = responds;
      isDisconnected = !responds;
      if (isOnline) {
        state.list = state.data = '';
      }
    },

    /**
     * Describes the age of the saved data that the page shows; empty if it shows none.
     * @param {string} view
     */
    text(view) {
      const { now } = app.clock;
      const isList = view === 'list' || view === 'wall';
      const date = isList ? state.list : state.data;
      const what = isList ? 'monitors' : 'data';
      return date && `Offline. Shows the ${what} of ${formatMoment(date, now)}, ${formatAgo(date, now)}.`;
    },
  };
}

/** @typedef {Awaited<ReturnType<typeof openOffline>>} Offline */

/** Removes the service worker and everything that it and this module have stored. */
export async function clearOffline() {
  await removeCaches(PREFIX);
  await (await navigator.serviceWorker?.getRegistration('./'))?.unregister();
}

/**
 * Registers the service worker, if the browser allows one, and reloads the page after an update to another build.
 * @param {App} app
 * @param {() => boolean} isDisconnected
 */
function register(app, isDisconnected) {
  const workers = navigator.serviceWorker;
  if (!workers || !BUILD) {
    return;
  }
  const reload = reloader(app, isDisconnected);
  workers.addEventListener('message', ({ data }) => {
    if (data.open) {
      location.hash = data.open;
    } else if (data.build !== BUILD) {
      reload();
    }
  });
  const ask = () => workers.controller?.postMessage('build');
  workers.addEventListener('controllerchange', ask);
  workers.startMessages();
  ask();
  const registered = workers.register('./worker.js').catch(() => undefined); // The browser or its user may forbid it.
  const update = () => registered.then((registration) => registration?.update()).catch(() => {}); // The server is away.
  app.checkForUpdate = update;
  setInterval(update, UPDATE_INTERVAL);
}

/** @param {string} prefix of the names */
async function removeCaches(prefix) {
  const names = 'caches' in window ? await caches.keys().catch(() => []) : [];
  await Promise.all(names.filter((name) => name.startsWith(prefix)).map((name) => caches.delete(name)));
}
