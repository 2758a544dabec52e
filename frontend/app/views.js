/** @import {App} from './app.js' */
/** @import {Route} from './router.js' */

/**
 * Makes the data of a view; Alpine calls its init and destroy.
 * @typedef {(app: App, route: Route) => object} ViewData
 */

/** The views: each is a module, its markup and its styles, of one name in a folder of that name, loaded when the view is first shown. */
const VIEWS = {
  home: { title: 'Monitors', load: async () => (await import('./views/home/home.js')).home },
  dash: { title: 'Wall', load: async () => (await import('./views/dash/dash.js')).dash },
  monitor: { title: 'Monitor', load: async () => (await import('./views/monitor/monitor.js')).monitor },
  edit: { title: 'Edit', load: async () => (await import('./views/edit/edit.js')).edit },
  results: { title: 'Results', load: async () => (await import('./views/results/results.js')).results },
  maintenance: {
    title: 'Maintenance',
    load: async () => (await import('./views/maintenance/maintenance.js')).maintenance,
  },
  window: {
    title: 'Maintenance window',
    load: async () => (await import('./views/window/window.js')).maintenanceWindow,
  },
  admin: { title: 'Admin', load: async () => (await import('./views/admin/admin.js')).admin },
  about: { title: 'About', load: async () => (await import('./views/about/about.js')).about },
  closed: { title: 'Sign in', load: async () => () => ({}) },
  unknown: { title: 'Not found', load: async () => () => ({}) },
};

/** @typedef {keyof typeof VIEWS} ViewName */

/** @typedef {{title: string, markup: string, data: ViewData}} View */

/** @type {Map<ViewName, Promise<View>>} */
const views = new Map();

/**
 * @param {ViewName} name
 * @returns {Promise<View>} rejects when a part of it can't be fetched; the next call then tries again
 */
export function loadView(name) {
  const known = views.get(name);
  if (known) {
    return known;
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
  const { title, load } = VIEWS[name];
  const [data, markup] = await Promise.all([load(), loadMarkup(name), loadStyles(name)]);
  return { title, markup, data };
}

/** @param {string} name */
async function loadMarkup(name) {
  const response = await fetch(`./views/${name}/${name}.html`);
  if (!response.ok) {
    throw new Error(`${name}.html: ${response.status}`);
  }
  return response.text();
}

/**
 * @param {string} name
 * @returns {Promise<void>}
 */
function loadStyles(name) {
  const href = `./views/${name}/${name}.css`;
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
