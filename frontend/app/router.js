/** @import {ViewName} from './views.js' */

/**
 * What the address asks for. The id is empty where there is none, and for a new monitor or maintenance window.
 * @typedef {{view: ViewName, id: string, params: URLSearchParams, hash: string}} Route
 */

const ID = /^[0-9a-f]{24}$/i;
/** The forms, each with the name under which the address has it. */
const FORMS = /** @type {const} */ ({ edit: 'edit', maintenance: 'window' });
const PLAIN = /** @type {const} */ (['home', 'dash', 'results', 'maintenance', 'admin', 'about']);

/**
 * @param {string} hash the part from # on, such as #monitor/0123456789abcdef01234567 or #home?status=failed
 * @returns {Route}
 */
export function parseRoute(hash) {
  const [path, query = ''] = hash.replace(/^#/, '').split('?');
  const [name, id = '', ...rest] = path.split('/');
  const params = new URLSearchParams(query);
  const plain = PLAIN.find((view) => view === (name || 'home'));
  if (rest.length === 0) {
    if (plain && id === '') {
      return { view: plain, id, params, hash };
    }
    if (name === 'monitor' && ID.test(id)) {
      return { view: name, id, params, hash };
    }
    if ((name === 'edit' || name === 'maintenance') && (id === 'new' || ID.test(id))) {
      return { view: FORMS[name], id: id === 'new' ? '' : id, params, hash };
    }
  }
  return { view: 'unknown', id: '', params, hash };
}

/**
 * Puts a view's settings into its address, without a new entry in the browser's history. What is empty is left out. Nothing is
 * done when the reader is on the way to another view.
 * @param {string} path such as #home
 * @param {Record<string, string>} settings
 */
export function rememberSettings(path, settings) {
  if ((location.hash.split('?')[0] || '#home') !== path) {
    return;
  }
  const query = new URLSearchParams(Object.entries(settings).filter(([, value]) => value !== ''));
  history.replaceState(history.state, '', query.size ? `${path}?${query}` : path);
}
