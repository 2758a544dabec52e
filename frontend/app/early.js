// Sets the stored theme before the first paint, so that the page does not flash in the other theme.
try {
  const theme = localStorage.getItem('theme');
  if (theme) {
    document.documentElement.dataset.theme = theme;
  }
} catch {
  // Storage is blocked: use the theme of the system.
}
