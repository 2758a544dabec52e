/** @import {App} from './app.js' */
/** @import {Route} from './router.js' */
import Alpine from './lib/alpine.js';
import { mountMarkup } from './load-state.js';

/**
 * Creates the data of a view. Alpine calls its init and destroy.
 * @typedef {(app: App, route: Route) => object} ViewData
 */

/** How long the page waits after a response of the API before it loads the other views, in milliseconds. */
const PREFETCH_DELAY = 5000;

/** The dot in the icon of the page while an incident is open, encoded for a data URL. */
const ICON_DOT = encodeURIComponent(
  "<circle cx='17.5' cy='6.5' r='6' fill='#dc2626' stroke='#fff' stroke-width='1.5'/>",
);

/** The views. Each has a folder with its module, markup and styles, all of the same name. */
const VIEWS = {
  list: { title: 'Monitors', load: async () => (await import('./views/list/list.js')).list },
  wall: { title: 'Wall', load: async () => (await import('./views/wall/wall.js')).wall },
  incidents: {
    title: 'Incidents',
    load: async () => (await withParts(import('./views/incidents/incidents.js'), incidentDialogs())).incidents,
  },
  monitor: {
    title: 'Monitor',
    load: async () =>
      (
        await withParts(
          import('./views/monitor/monitor.js'),
          table(),
          incidentDialogs(),
          monitorParts(),
          rangeBar(),
          chartTables(),
        )
      ).monitor,
  },
  'monitor-form': {
    title: 'Edit monitor',
    load: async () => (await import('./views/monitor-form/parts.js')).loadForm(),
  },
  compare: {
    title: 'Compare monitors',
    load: async () => (await withParts(import('./views/compare/compare.js'), rangeBar(), chartTables())).compare,
  },
  results: {
    title: 'Results',
    load: async () => (await withParts(import('./views/results/results.js'), table())).results,
  },
  report: { title: 'Report', load: async () => (await import('./views/report/report.js')).report },
  maintenance: {
    title: 'Maintenance',
    load: async () => (await import('./views/maintenance/maintenance.js')).maintenance,
  },
  'maintenance-form': {
    title: 'Maintenance window',
    load: async () => (await import('./views/maintenance-form/maintenance-form.js')).maintenanceForm,
  },
  'status-pages': {
    title: 'Status pages',
    load: async () => (await import('./views/status-pages/status-pages.js')).statusPages,
  },
  'status-page': {
    title: 'Status page',
    load: async () => (await import('./views/status-page/parts.js')).loadPage(),
  },
  'status-page-form': {
    title: 'Edit status page',
    load: async () => (await import('./views/status-page-form/parts.js')).loadForm(),
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
/** @type {Promise<typeof import('./keyboard/keyboard.js')> | null} */
let keyboard = null;

/** @param {ViewName} name */
export function titleOf(name) {
  return VIEWS[name].title;
}

/** The title and the icon of the page in the browser. Both show the number of open incidents. */
export class Tab {
  #icon = /** @type {HTMLLinkElement} */ (document.querySelector('link[rel=icon]'));
  #plainIcon = this.#icon.href;
  #title = '';
  #open = 0;

  /** @param {string} title */
  setTitle(title) {
    this.#title = title;
    this.#showTitle();
  }

  /** @param {number} count */
  setOpenIncidents(count) {
    this.#open = count;
    this.#showTitle();
    const href = count ? this.#plainIcon.replace(/%3C\/svg%3E$/, `${ICON_DOT}%3C/svg%3E`) : this.#plainIcon;
    if (this.#icon.href !== href) {
      this.#icon.href = href;
    }
  }

  #showTitle() {
    const title = this.#title ? `${this.#title} · NanoMon` : 'NanoMon';
    document.title = this.#open ? `(${this.#open}) ${title}` : title;
  }
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
    Alpine.data('view', () => data(app, route));
    this.#element.dataset.view = name;
    mountMarkup(this.#element, markup);
    this.#shown = /** @type {HTMLElement} */ (this.#element.firstElementChild);
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
 * Loads all views and the command palette soon, while the browser is idle and the page is visible. Then they open at once,
 * also while the server does not respond. It may be called often, and tries again to load the views that could not be loaded.
 * @param {() => void} done called when all views have been loaded
 */
export function prefetchViews(done) {
  prefetching ??= setTimeout(async () => {
    for (const name of /** @type {ViewName[]} */ (Object.keys(VIEWS))) {
      await idle();
      if (!document.hidden) {
        await loadView(name).catch(() => {});
      }
    }
    if (!document.hidden) {
      await loadKeyboard().catch(() => {});
    }
    prefetching = undefined;
    if (views.size === Object.keys(VIEWS).length) {
      done();
    }
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
  return (await Promise.all([loadMarkup(`./views/${path}.html`), loadStyles(`./views/${path}.css`)]))[0];
}

/**
 * Loads the module of a view and the parts that it shares with other views.
 * @template T
 * @param {Promise<T>} module
 * @param {...Promise<void>} parts
 */
async function withParts(module, ...parts) {
  return (await Promise.all([module, ...parts]))[0];
}

const table = async () => (await import('./result-table/listing.js')).loadTable();
const monitorParts = async () => (await import('./views/monitor/parts.js')).loadMonitorParts();
const rangeBar = async () => (await import('./range/range-bar.js')).loadRangeBar();
const chartTables = async () => (await import('./charts/table.js')).loadTables();
const incidentDialogs = async () => (await import('./incident-dialogs/incident-dialogs.js')).loadDialogs();

/**
 * Loads the command palette and the list of shortcuts once. Rejects if the server does not answer.
 * @returns {Promise<typeof import('./keyboard/keyboard.js')>}
 */
export function loadKeyboard() {
  keyboard ??= Promise.all([import('./keyboard/keyboard.js'), loadStyles('./keyboard/keyboard.css')])
    .then(([module]) => module.load().then(() => module))
    .catch((error) => {
      keyboard = null;
      throw error;
    });
  return keyboard;
}

/**
 * Loads markup. Rejects if the server does not answer.
 * @param {string} path
 */
export async function loadMarkup(path) {
  const response = await fetch(path);
  if (!response.ok) {
    throw new Error(`${path}: ${response.status}`);
  }
  return response.text();
}

/**
 * @param {string} href
 * @returns {Promise<void>}
 */
function loadStyles(href) {
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
