// Runs before the first paint, so that a theme that was set doesn't flash.
try {
  const theme = localStorage.getItem('theme');
  if (theme) {
    document.documentElement.dataset.theme = theme;
  }
} catch {
  // Without storage the page follows the system.
}
