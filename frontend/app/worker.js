// The service worker of the page. It stores the files of one build, and the page's configuration, so that the page opens
// without the server. It never handles requests to the API.
//
// - The server decides: the document comes from the network while the server responds, also with an error. Only if there is
//   no response, the stored document is used.
// - All files of a document are of the same build. A document of this build gets the stored files. A document of another
//   build gets its files from the network, until the service worker of that build replaces this one.
// - The browser compares this script with the one on the server whenever a page opens. It changes with every file that it
//   stores.

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
let isUpdating = false;

worker.addEventListener('install', (event) => event.waitUntil(install()));
worker.addEventListener('activate', (event) => event.waitUntil(activate()));

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
 */
async function activate() {
  const isOld = (/** @type {string} */ name) => name.startsWith(PREFIX) && !name.endsWith(` ${PAGE.build}`);
  const old = (await caches.keys()).filter(isOld);
  const before = old.find((name) => name.startsWith(`${PREFIX}files `));
  if (before && PAGE.build) {
    const passed = (await readStored(before)).others;
    const clients = await worker.clients.matchAll({ type: 'window' });
    const outdated = clients.map(({ id }) => id).filter((id) => !passed.includes(id));
    await writeState({ ...(await readState()), outdated });
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
    const isCurrent = await noteDocument(response.clone(), event.resultingClientId);
    if (!isCurrent) {
      event.waitUntil(Promise.all([tellOutdated(), update()]));
    }
  }
  return response;
}

/**
 * Notes whether the server has this build, and returns it.
 * @param {Response} response a document from the server
 * @param {string} client its future client
 */
async function noteDocument(response, client) {
  const { isCurrent: wasCurrent, others, outdated } = await readState();
  const isCurrent = (await hashOf(response)) === PAGE.files[INDEX];
  if (!isCurrent || !wasCurrent) {
    const added = isCurrent ? [] : [client];
    await writeState({ isCurrent, others: [...others, ...added].slice(-MAX_CLIENTS), outdated });
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
  for (let count = 0; count < MAX_UPDATES && !registration.installing && !registration.waiting; count++) {
    await registration.update().catch(() => {});
    if (!registration.installing) {
      await pause(UPDATE_INTERVAL);
    }
  }
  isUpdating = false;
}

/**
 * @param {FetchEvent} event
 * @param {string} path
 */
async function readFile({ request, clientId }, path) {
  const { others, outdated } = await readState();
  if (outdated.includes(clientId)) {
    return Response.error();
  }
  return (!others.includes(clientId) && (await stored(path))) || fetch(request);
}

/** @param {FetchEvent} event */
async function readConfig({ request }) {
  const loading = fetch(request);
  const response = await inTime(loading);
  if (!response) {
    return (await stored(CONFIG)) ?? loading;
  }
  await storeConfig(response.clone());
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
  const { others } = await readState();
  if (client && !others.includes(client.id)) {
    client.postMessage({ build: PAGE.build });
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
  const page = pages.find(({ url }) => url.startsWith(scope));
  if (page) {
    page.postMessage({ open: hash });
    await page.focus();
  } else {
    await worker.clients.openWindow(scope + hash);
  }
}

function readState() {
  state ??= readStored(FILES);
  return state;
}

/**
 * @param {string} cacheName
 * @returns {Promise<State>}
 */
async function readStored(cacheName) {
  const response = await caches.match(urlOf(STATE), { cacheName });
  return response?.json() ?? { isCurrent: true, others: [], outdated: [] };
}

/** @param {State} next */
async function writeState(next) {
  state = Promise.resolve(next);
  await (await caches.open(FILES)).put(urlOf(STATE), new Response(JSON.stringify(next)));
}

/** @param {string} path */
async function stored(path) {
  return caches.match(urlOf(path), { cacheName: FILES });
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

/**
 * @param {number} time in milliseconds
 * @returns {Promise<undefined>}
 */
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
