/** The theme of the page; system follows the setting of the operating system. @typedef {'system' | 'light' | 'dark'} Theme */

/** The next theme and the label of each theme, whose name is also the one of its icon. */
const THEMES = /** @type {const} */ ({
  system: { next: 'light', label: 'Theme: system' },
  light: { next: 'dark', label: 'Theme: light' },
  dark: { next: 'system', label: 'Theme: dark' },
});

const root = document.documentElement;
/** The elements with the colours of the browser around the page, in light and dark. They match the header of the page. */
const colors = /** @type {NodeListOf<HTMLMetaElement>} */ (document.querySelectorAll('meta[name=theme-color]'));
const [LIGHT, DARK] = [...colors].map(({ content }) => content);

setColor(currentTheme());

/** The data of the button that changes the theme. */
export function themeSwitch() {
  return {
    current: currentTheme(),

    next() {
      this.current = THEMES[this.current].next;
      setTheme(this.current);
    },

    get label() {
      return THEMES[this.current].label;
    },
  };
}

/** @returns {Theme} */
function currentTheme() {
  const { theme } = root.dataset;
  return theme === 'light' || theme === 'dark' ? theme : 'system';
}

/**
 * Applies a theme and stores it for later visits if the browser allows it.
 * @param {Theme} theme
 */
function setTheme(theme) {
  if (theme === 'system') {
    delete root.dataset.theme;
  } else {
    root.dataset.theme = theme;
  }
  setColor(theme);
  try {
    localStorage.setItem('theme', theme === 'system' ? '' : theme);
  } catch {
    // Storage is blocked: the theme lasts until the page is closed.
  }
}

/** @param {Theme} theme */
function setColor(theme) {
  const [light, dark] = { system: [LIGHT, DARK], light: [LIGHT, LIGHT], dark: [DARK, DARK] }[theme];
  [light, dark].forEach((color, i) => (colors[i].content = color));
}

/**
 * Calls the listener after the theme has changed, on the page or in the operating system.
 * @param {() => void} listener
 * @returns {() => void} stops listening
 */
export function onThemeChange(listener) {
  const system = matchMedia('(prefers-color-scheme: dark)');
  const observer = new MutationObserver(listener);
  system.addEventListener('change', listener);
  observer.observe(root, { attributeFilter: ['data-theme'] });
  return () => {
    system.removeEventListener('change', listener);
    observer.disconnect();
  };
}
