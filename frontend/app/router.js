/** @import {ViewName} from './views.js' */

/**
 * A parsed page address. The id is empty if the address has none, and for a new monitor, maintenance window or status page.
 * @typedef {{view: ViewName, id: string, params: URLSearchParams, hash: string}} Route
 */

const ID = /^[0-9a-f]{24}$/i;
/** The views with an id in their address: the view for each path. */
const FORMS = /** @type {const} */ ({
  edit: 'monitor-form',
  maintenance: 'maintenance-form',
  'status-pages': 'status-page-form',
});
/** The views without an id in their address. */
const PLAIN = /** @type {const} */ ([
  'list',
  'wall',
  'compare',
  'incidents',
  'results',
  'report',
  'maintenance',
  'status-pages',
  'admin',
  'about',
]);
/** The paths of earlier versions and their replacements. */
const OLD_PATHS = /** @type {Record<string, string>} */ ({ home: 'list', dash: 'wall', window: 'maintenance' });

/**
 * Parses the hash of the page address.
 * @param {string} hash for example #monitor/0123456789abcdef01234567 or #list?status=failed
 * @returns {Route}
 */
export function parseRoute(hash) {
  const [path, query = ''] = hash.replace(/^#/, '').split('?');
  const [name, id = '', ...rest] = path.split('/');
  const params = new URLSearchParams(query);
  const plain = PLAIN.find((view) => view === (name || 'list'));
  if (rest.length === 0) {
    if (plain && id === '') {
      return { view: plain, id, params, hash };
    }
    if ((name === 'monitor' || name === 'report' || name === 'status-page') && ID.test(id)) {
      return { view: name, id, params, hash };
    }
    if ((name === 'edit' || name === 'maintenance' || name === 'status-pages') && (id === 'new' || ID.test(id))) {
      return { view: FORMS[name], id: id === 'new' ? '' : id, params, hash };
    }
  }
  return { view: 'not-found', id: '', params, hash };
}

/** Replaces an address of an earlier version with the current one. Adds no entry to the browser's history. */
export function redirectOldAddress() {
  const [, name, rest] = /^#(\w+)(.*)$/.exec(location.hash) ?? [];
  if (name && Object.hasOwn(OLD_PATHS, name)) {
    // location.replace would fire another hashchange and mount the view twice.
    history.replaceState(history.state, '', `#${OLD_PATHS[name]}${rest}`);
  }
}

/**
 * Stores a view's settings in the page address, without a new entry in the browser's history. Leaves out empty settings.
 * Does nothing if the address already belongs to another view.
 * @param {string} path for example #list
 * @param {Record<string, string>} settings
 */
export function rememberSettings(path, settings) {
  if ((location.hash.split('?')[0] || '#list') !== path) {
    return;
  }
  const query = new URLSearchParams(Object.entries(settings).filter(([, value]) => value !== ''));
  // Commas in an address are easier to read, and mean the same.
  const text = query.toString().replaceAll('%2C', ',');
  history.replaceState(history.state, '', text ? `${path}?${text}` : path);
}

/**
 * Adds an entry to the browser's history for a change of settings, so that the back button undoes it. rememberSettings then
 * stores the settings in the new entry.
 */
export function addEntry() {
  history.pushState(history.state, '');
}

/** Whether the page runs on a device of Apple, where shortcuts use Command instead of Control. */
export const IS_APPLE = /^(Mac|iP)/.test(navigator.platform);

/**
 * Opens a dialog for its key, in every view: the command palette or the list of shortcuts.
 * @param {KeyboardEvent} event
 * @param {(dialog: 'palette' | 'shortcuts') => void} open
 */
export function onDialogKey(event, open) {
  const { key = '', code, ctrlKey, metaKey, altKey, shiftKey } = event;
  const isK = /^[a-z]$/i.test(key) ? key.toLowerCase() === 'k' : code === 'KeyK'; // Other alphabets have no k.
  const isOther = altKey || shiftKey || (IS_APPLE ? ctrlKey : metaKey);
  const isPalette = isK && (IS_APPLE ? metaKey : ctrlKey) && !isOther;
  if (isPalette || (key === '?' && isSingleKey(event))) {
    event.preventDefault();
    open(isPalette ? 'palette' : 'shortcuts');
  }
}

/**
 * Reports whether a key was pressed without a modifier, and outside of fields and dialogs. Shift counts as a part of the key.
 * @param {KeyboardEvent} event
 */
export function isSingleKey({ target, ctrlKey, metaKey, altKey }) {
  const isTyping = /** @type {Element} */ (target).closest('input, select, textarea, dialog');
  return !isTyping && !ctrlKey && !metaKey && !altKey;
}
