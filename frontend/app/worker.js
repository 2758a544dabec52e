// The service worker of the page. It stores the files of one build, and the page's configuration, so that the page opens
// without the server. It never handles requests to the API.
//
// - The server decides: the document comes from the network while the server responds, also with an error. Only if there is
//   no response, the stored document is used.
// - All files of a document are of the same build. A document of this build gets the stored files. A document of another
//   build gets its files from the network, until the service worker of that build replaces this one.
// - The browser compares this script with the one on the server whenever a page opens. It changes with every stored file.

const worker = /** @type {ServiceWorkerGlobalScope} */ (/** @type {unknown} */ (self));

/**
 * The build of the page, and its files with the hashes of their contents. The host inserts both. A development server does
 * not, and then this service worker does nothing.
 * @type {{build: string, files: Record<string, string>}}
 */
const PAGE = { build: '', files: {} };

const INDEX = 'index.html';
const CONFIG = 'config.json';
/** How long the server may take to respond, in milliseconds. */
const TIMEOUT = 10_000;
/** How often, and how many times, the service worker looks for the one of the server's build. In milliseconds. */
const UPDATE_INTERVAL = 5000;
const MAX_UPDATES = 12;
/** The time from storing all files until this service worker replaces another one, in milliseconds. */
const TAKEOVER_DELAY = 2000;
/** The maximum number of remembered clients. */
const MAX_CLIENTS = 100;

const { scope } = worker.registration;
/** All names of caches begin with this prefix. offline.js uses it too. */
const PREFIX = `nanomon ${new URL(scope).pathname} `;
const FILES = `${PREFIX}files ${PAGE.build}`;
/** The name of the stored state. No file has it. */
const STATE = 'worker-state';

/**
 * The state that is stored, because the browser stops the service worker between requests.
 * - isCurrent: whether the latest document from the server was of this build.
 * - others: the ids of clients with a document of another build, which this service worker let pass.
 * - outdated: the ids of clients with a document of the build before, which has no files any more.
 * @typedef {{isCurrent: boolean, others: string[], outdated: string[]}} State
 */

/** @type {Promise<State> | undefined} */
let state;
/** Ends when the latest state is stored. @type {Promise<void>} */
let storing = Promise.resolve();
let isUpdating = false;

worker.addEventListener('install', (event) => event.waitUntil(install()));
worker.addEventListener('activate', (event) => event.waitUntil(activate(event)));

worker.addEventListener('fetch', (event) => {
  const { method, mode, url } = event.request;
  if (!PAGE.build || method !== 'GET' || !url.startsWith(scope)) {
    return;
  }
  const path = url.slice(scope.length).replace(/[?#].*/, '');
  if (mode === 'navigate') {
    if (path === '' || path === INDEX) {
      event.respondWith(openPage(event));
    }
  } else if (path === CONFIG) {
    event.respondWith(readConfig(event));
  } else if (Object.hasOwn(PAGE.files, path)) {
    event.respondWith(readFile(event, path));
  }
});

// A page asks for the build, to notice that it is of an older one.
worker.addEventListener('message', (event) => event.waitUntil(tellBuild(/** @type {Client | null} */ (event.source))));

worker.addEventListener('notificationclick', (event) => {
  event.notification.close();
  event.waitUntil(openAddress(event.notification.data));
});

async function install() {
  try {
    const config = PAGE.build ? [storeConfig(await fetch(urlOf(CONFIG)))] : [];
    await Promise.all([...Object.entries(PAGE.files).map(([path, hash]) => storeFile(path, hash)), ...config]);
  } catch (error) {
    await caches.delete(FILES);
    throw error; // The browser tries again later.
  }
  // Not at once, while pages load: Chromium may lose a request that wakes the other service worker in that moment, or leave
  // this one waiting for minutes.
  await (worker.registration.active && pause(TAKEOVER_DELAY));
  await worker.skipWaiting();
}

/**
 * Stores a file if it is of this build. The page has just loaded most files, so they are in the browser's HTTP cache.
 * @param {string} path
 * @param {string} hash
 */
async function storeFile(path, hash) {
  for (const cache of /** @type {const} */ (['force-cache', 'no-cache', 'reload'])) {
    const response = await fetch(urlOf(path), { cache });
    if (response.ok && (await hashOf(response.clone())) === hash) {
      await (await caches.open(FILES)).put(urlOf(path), response);
      return;
    }
  }
  throw new Error(`${path} is of another build`);
}

/**
 * Deletes what other builds have stored, and takes over the open pages. Pages of the build before get no files any more: they
 * reload. The browser holds back their requests until this is done.
 * @param {ExtendableEvent} event
 */
async function activate(event) {
  const isOld = (/** @type {string} */ name) => name.startsWith(PREFIX) && !name.endsWith(` ${PAGE.build}`);
  const old = (await caches.keys()).filter(isOld);
  const before = old.find((name) => name.startsWith(`${PREFIX}files `));
  if (before && PAGE.build) {
    const passed = (await readStored(before)).others;
    const clients = await worker.clients.matchAll({ type: 'window' });
    const outdated = clients.map(({ id }) => id).filter((id) => !passed.includes(id));
    await changeState(event, (latest) => ({ ...latest, outdated }));
  }
  await Promise.all(old.map((name) => caches.delete(name)));
  await worker.clients.claim();
}

/** @param {FetchEvent} event */
async function openPage(event) {
  const loading = fetch(event.request);
  const response = await inTime(loading);
  if (!response) {
    const { isCurrent } = await readState();
    return (isCurrent && (await stored(INDEX))) || loading;
  }
  if (response.ok) {
    const isCurrent = await noteDocument(event, response.clone()).catch(() => true); // It ended early.
    if (!isCurrent) {
      event.waitUntil(Promise.all([tellOutdated(), update()]));
    }
  }
  return response;
}

/**
 * Notes whether the server has this build, and returns it.
 * @param {FetchEvent} event
 * @param {Response} response a document from the server
 */
async function noteDocument(event, response) {
  const isCurrent = (await hashOf(response)) === PAGE.files[INDEX];
  if (!isCurrent || !(await readState()).isCurrent) {
    const added = isCurrent ? [] : [event.resultingClientId];
    await changeState(event, (latest) => ({
      ...latest,
      isCurrent,
      others: [...latest.others, ...added].slice(-MAX_CLIENTS),
    }));
  }
  return isCurrent;
}

/**
 * Looks for the service worker of the server's build until it is there. One look is not enough: the browser may just have
 * looked.
 */
async function update() {
  if (isUpdating) {
    return;
  }
  isUpdating = true;
  const { registration } = worker;
  // This ends when the other one is there, because the browser lets it take over only after that.
  const isThere = () => registration.installing || registration.waiting;
  const found = new Promise((resolve) => (registration.onupdatefound = resolve)); // Replaces the one of the last update.
  for (let count = 0; count < MAX_UPDATES && !isThere(); count++) {
    await registration.update().catch(() => {});
    await (isThere() || Promise.race([found, pause(UPDATE_INTERVAL)]));
  }
  isUpdating = false;
}

/**
 * @param {FetchEvent} event
 * @param {string} path
 */
async function readFile({ request, clientId }, path) {
  const [{ others, outdated }, client] = await Promise.all([readState(), worker.clients.get(clientId)]);
  if (outdated.includes(clientId)) {
    return Response.error();
  }
  const isOther = others.includes(clientId) || client?.url.startsWith(urlOf('docs/')); // No documentation is stored.
  return (!isOther && (await stored(path))) || fetch(request);
}

/** @param {FetchEvent} event */
async function readConfig(event) {
  const loading = fetch(event.request);
  const response = await inTime(loading);
  if (!response) {
    return (await stored(CONFIG)) ?? loading;
  }
  event.waitUntil(storeConfig(response.clone()).catch(() => {})); // The cache may be full or broken.
  return response;
}

/** @param {Response} response */
async function storeConfig(response) {
  if (response.ok) {
    await (await caches.open(FILES)).put(urlOf(CONFIG), response);
  }
}

/** @param {Client | null} client */
async function tellBuild(client) {
  const { others, outdated } = await readState();
  if (client && !others.includes(client.id)) {
    client.postMessage({ build: outdated.includes(client.id) ? '' : PAGE.build }); // Without files, it has to reload.
  }
}

/** Tells the pages of this build that the server has another one. They don't wait until this service worker is replaced. */
async function tellOutdated() {
  const { others } = await readState();
  const clients = await worker.clients.matchAll({ type: 'window' });
  clients.filter(({ id }) => !others.includes(id)).forEach((client) => client.postMessage({ build: '' }));
}

/**
 * Shows an address in an open page, or in a new one.
 * @param {string} hash
 */
async function openAddress(hash) {
  const pages = await worker.clients.matchAll({ type: 'window', includeUncontrolled: true });
  const page = pages.find(({ url }) => [scope, urlOf(INDEX)].includes(url.replace(/[?#].*/, '')));
  if (page) {
    page.postMessage({ open: hash });
    await page.focus();
  } else {
    await worker.clients.openWindow(scope + hash);
  }
}

function readState() {
  return (state ??= readStored(FILES));
}

/** @param {string} cacheName @returns {Promise<State>} */
async function readStored(cacheName) {
  const response = await stored(STATE, cacheName);
  return (await response?.json().catch(() => null)) ?? { isCurrent: true, others: [], outdated: [] };
}

/**
 * Changes the state and stores it. Each change begins with the result of the one before, so none is lost.
 * @param {ExtendableEvent} event
 * @param {(latest: State) => State} change
 */
function changeState(event, change) {
  state = readState().then(change);
  storing = storing
    .then(async () => (await caches.open(FILES)).put(urlOf(STATE), new Response(JSON.stringify(await state))))
    .catch(() => {}); // There may be no space. The change then lasts until the browser stops the service worker.
  event.waitUntil(storing);
  return state;
}

/** Returns what is stored, or undefined if the browser can't read it. @param {string} path */
async function stored(path, cacheName = FILES) {
  return caches.match(urlOf(path), { cacheName }).catch(() => undefined);
}

/** @param {string} path */
function urlOf(path) {
  return scope + path;
}

/**
 * Returns the response, or undefined if there is none in time.
 * @param {Promise<Response>} loading
 * @returns {Promise<Response | undefined>}
 */
function inTime(loading) {
  return Promise.race([loading.catch(() => undefined), pause(TIMEOUT)]);
}

/** @param {number} time in milliseconds @returns {Promise<undefined>} */
function pause(time) {
  return new Promise((resolve) => setTimeout(resolve, time, undefined));
}

/**
 * Returns the SHA-256 of a body, in hexadecimal.
 * @param {Response} response
 */
async function hashOf(response) {
  const hash = new Uint8Array(await crypto.subtle.digest('SHA-256', await response.arrayBuffer()));
  return [...hash].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}
