/** @import {App} from './app.js' */
/** @import {Route} from './router.js' */

/**
 * Creates the data of a view. Alpine calls its init and destroy.
 * @typedef {(app: App, route: Route) => object} ViewData
 */

/** The views. Each has a folder with its module, markup and styles, all of the same name. They load when the view is first shown. */
const VIEWS = {
  list: { title: 'Monitors', load: async () => (await import('./views/list/list.js')).list },
  wall: { title: 'Wall', load: async () => (await import('./views/wall/wall.js')).wall },
  monitor: { title: 'Monitor', load: async () => (await import('./views/monitor/monitor.js')).monitor },
  'monitor-form': {
    title: 'Edit monitor',
    load: async () => (await import('./views/monitor-form/monitor-form.js')).monitorForm,
  },
  results: { title: 'Results', load: async () => (await import('./views/results/results.js')).results },
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
 * @typedef {{name: ViewName, title: string, markup: string, data: ViewData}} View
 */

/** @type {Map<ViewName, Promise<View>>} */
const views = new Map();

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
  const { title, load } = VIEWS[name];
  const [data, markup] = await Promise.all([load(), loadMarkup(name), loadStyles(name)]);
  return { name, title, markup, data };
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
