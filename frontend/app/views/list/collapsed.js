/** The local storage key. */
const KEY = 'folded-groups';

/**
 * Returns the names of the collapsed groups.
 * @returns {readonly string[]}
 */
export function readCollapsed() {
  try {
    const names = JSON.parse(localStorage.getItem(KEY) ?? '[]');
    return Object.freeze(Array.isArray(names) ? names.map(String) : []);
  } catch {
    return Object.freeze([]);
  }
}

/** @param {readonly string[]} names */
export function storeCollapsed(names) {
  try {
    localStorage.setItem(KEY, JSON.stringify(names));
  } catch {
    // Storage is blocked: the groups stay collapsed until the user opens another view.
  }
}
