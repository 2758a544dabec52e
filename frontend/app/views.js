/** @import {App} from './app.js' */
/** @import {Route} from './router.js' */
import Alpine from './lib/alpine.js';

/**
 * Creates the data of a view. Alpine calls its init and destroy.
 * @typedef {(app: App, route: Route) => object} ViewData
 */

/** How long the page waits after a response of the API before it loads the other views, in milliseconds. */
const PREFETCH_DELAY = 5000;

/** The views. Each has a folder with its module, markup and styles, all of the same name. */
const VIEWS = {
  list: { title: 'Monitors', load: async () => (await import('./views/list/list.js')).list },
  wall: { title: 'Wall', load: async () => (await import('./views/wall/wall.js')).wall },
  monitor: { title: 'Monitor', load: async () => (await withTable(import('./views/monitor/monitor.js'))).monitor },
  'monitor-form': {
    title: 'Edit monitor',
    load: async () => (await import('./views/monitor-form/monitor-form.js')).monitorForm,
  },
  results: { title: 'Results', load: async () => (await withTable(import('./views/results/results.js'))).results },
  report: { title: 'Report', load: async () => (await import('./views/report/report.js')).report },
  maintenance: {
    title: 'Maintenance',
    load: async () => (await import('./views/maintenance/maintenance.js')).maintenance,
  },
  'maintenance-form': {
    title: 'Maintenance window',
    load: async () => (await import('./views/maintenance-form/maintenance-form.js')).maintenanceForm,
  },
  admin: { title: 'Admin', load: async () => (await import('./views/admin/admin.js')).admin },
  about: { title: 'About', load: async () => (await import('./views/about/about.js')).about },
  'sign-in': { title: 'Sign in', load: async () => () => ({}) },
  'not-found': { title: 'Not found', load: async () => () => ({}) },
};

/** @typedef {keyof typeof VIEWS} ViewName */

/**
 * A loaded view. The styles of a view apply to `[data-view=NAME]`, which is its parent.
 * @typedef {{name: ViewName, markup: string, data: ViewData}} View
 */

/** @type {Map<ViewName, Promise<View>>} */
const views = new Map();
/** @type {ReturnType<typeof setTimeout> | undefined} */
let prefetching;

/** @param {ViewName} name */
export function titleOf(name) {
  return VIEWS[name].title;
}

/** The element of the page that shows one view at a time. */
export class Stage {
  #element = /** @type {HTMLElement} */ (document.querySelector('main'));
  #placeholder = /** @type {HTMLElement} */ (document.getElementById('boot'));
  /** @type {HTMLElement | null} */
  #shown = null;
  #isFirst = true;

  focus() {
    this.#element.focus({ preventScroll: true });
  }

  /**
   * Removes the shown view.
   * @param {string} text what to show instead
   */
  clear(text) {
    if (this.#shown) {
      Alpine.destroyTree(this.#shown);
      this.#shown = null;
    }
    this.#placeholder.textContent = text;
    Alpine.mutateDom(() => this.#element.replaceChildren(this.#placeholder));
  }

  /**
   * Shows a view at the position to which it was scrolled, and focuses it unless it is the first one.
   * @param {View} view
   * @param {App} app
   * @param {Route} route
   */
  mount({ name, markup, data }, app, route) {
    const template = document.createElement('template');
    template.innerHTML = markup;
    const view = /** @type {HTMLElement} */ (template.content.firstElementChild);
    Alpine.data('view', () => data(app, route));
    this.#element.dataset.view = name;
    Alpine.mutateDom(() => this.#element.replaceChildren(view));
    Alpine.initTree(view);
    this.#shown = view;
    const focus = !this.#isFirst;
    this.#isFirst = false;
    Alpine.nextTick(() => {
      scrollTo(0, history.state?.scroll ?? 0);
      if (focus) {
        this.focus();
      }
    });
  }
}

/**
 * Loads all views soon, while the browser is idle and the page is visible. Then they open at once, also while the server
 * does not respond. It may be called often, and tries again to load the views that could not be loaded.
 */
export function prefetchViews() {
  prefetching ??= setTimeout(async () => {
    for (const name of /** @type {ViewName[]} */ (Object.keys(VIEWS))) {
      await idle();
      if (!document.hidden) {
        await loadView(name).catch(() => {});
      }
    }
    prefetching = undefined;
  }, PREFETCH_DELAY);
}

/** Waits until the browser has nothing else to do. Safari can't report that. */
function idle() {
  return new Promise((resolve) => (window.requestIdleCallback ?? setTimeout)(resolve));
}

/**
 * Loads a view once. Rejects if the server does not answer; the next call then tries again.
 * @param {ViewName} name
 * @returns {Promise<View>}
 */
export function loadView(name) {
  const loaded = views.get(name);
  if (loaded) {
    return loaded;
  }
  const view = fetchView(name);
  views.set(name, view);
  view.catch(() => views.delete(name));
  return view;
}

/**
 * @param {ViewName} name
 * @returns {Promise<View>}
 */
async function fetchView(name) {
  const [data, markup] = await Promise.all([VIEWS[name].load(), loadPart(`${name}/${name}`)]);
  return { name, markup, data };
}

/**
 * Loads the styles of a view, or of a part of it, and returns the markup.
 * @param {string} path without the extension
 */
export async function loadPart(path) {
  return (await Promise.all([loadMarkup(path), loadStyles(path)]))[0];
}

/**
 * Loads the module of a view and the table of results that it shows.
 * @template T
 * @param {Promise<T>} module
 */
async function withTable(module) {
  const table = import('./result-table/listing.js').then(({ loadTable }) => loadTable());
  return (await Promise.all([module, table]))[0];
}

/** @param {string} path */
async function loadMarkup(path) {
  const response = await fetch(`./views/${path}.html`);
  if (!response.ok) {
    throw new Error(`${path}.html: ${response.status}`);
  }
  return response.text();
}

/**
 * @param {string} path
 * @returns {Promise<void>}
 */
function loadStyles(path) {
  const href = `./views/${path}.css`;
  if (document.querySelector(`link[rel=stylesheet][href="${href}"]`)) {
    return Promise.resolve();
  }
  return new Promise((resolve, reject) => {
    const link = document.createElement('link');
    link.rel = 'stylesheet';
    link.href = href;
    link.onload = () => resolve();
    link.onerror = () => {
      link.remove();
      reject(new Error(href));
    };
    document.head.append(link);
  });
}
