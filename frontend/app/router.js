/** @typedef {{view: 'home' | 'monitor' | 'edit' | 'unknown', id: string, hash: string}} Route */

const ID = /^[0-9a-f]{24}$/i;

/**
 * What the address asks for. The id is empty where there is none, and for a new monitor.
 * @param {string} hash the part from # on
 * @returns {Route}
 */
export function parseRoute(hash) {
  const [view, id = '', ...rest] = hash.replace(/^#/, '').split('/');
  if (rest.length === 0) {
    if ((view === '' || view === 'home') && id === '') {
      return { view: 'home', id: '', hash };
    }
    if ((view === 'monitor' || view === 'edit') && ID.test(id)) {
      return { view, id, hash };
    }
    if (view === 'edit' && id === 'new') {
      return { view, id: '', hash };
    }
  }
  return { view: 'unknown', id: '', hash };
}
