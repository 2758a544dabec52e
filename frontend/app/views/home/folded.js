const KEY = 'folded-groups';

/**
 * The groups of which the reader wants to see the heading only.
 * @returns {readonly string[]}
 */
export function readFolded() {
  try {
    const names = JSON.parse(localStorage.getItem(KEY) ?? '[]');
    return Object.freeze(Array.isArray(names) ? names.map(String) : []);
  } catch {
    return Object.freeze([]);
  }
}

/** @param {readonly string[]} names */
export function rememberFolded(names) {
  try {
    localStorage.setItem(KEY, JSON.stringify(names));
  } catch {
    // Without storage they are remembered until the view is left.
  }
}
