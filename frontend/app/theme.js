/** What the page's colours follow: the system's choice, or the reader's. @typedef {'system' | 'light' | 'dark'} Theme */

const root = document.documentElement;

/** @returns {Theme} */
export function currentTheme() {
  const { theme } = root.dataset;
  return theme === 'light' || theme === 'dark' ? theme : 'system';
}

/**
 * Sets the theme for this page at once, and for later ones where the browser stores it.
 * @param {Theme} theme
 */
export function setTheme(theme) {
  if (theme === 'system') {
    delete root.dataset.theme;
  } else {
    root.dataset.theme = theme;
  }
  try {
    localStorage.setItem('theme', theme === 'system' ? '' : theme);
  } catch {
    // It holds until the page is closed.
  }
}

/**
 * Calls listener whenever the colours have changed, for whatever reason.
 * @param {() => void} listener
 * @returns {() => void} ends it
 */
export function onThemeChange(listener) {
  const system = matchMedia('(prefers-color-scheme: dark)');
  const set = new MutationObserver(listener);
  system.addEventListener('change', listener);
  set.observe(root, { attributeFilter: ['data-theme'] });
  return () => {
    system.removeEventListener('change', listener);
    set.disconnect();
  };
}
