/**
 * Copies a text to the clipboard. If the browser does not allow it, selects the element that shows the text.
 * @param {string} text
 * @param {() => Promise<Element> | Element} show returns the element
 * @returns {Promise<string>} what to tell the user
 */
export async function copyText(text, show) {
  try {
    await navigator.clipboard.writeText(text);
    return 'Copied.';
  } catch {
    getSelection()?.selectAllChildren(await show());
    return 'The browser does not allow copying. Copy the selected text with the keyboard.';
  }
}
