/** The types of images that a logo may have. */
export const LOGO_TYPES = ['image/png', 'image/jpeg', 'image/gif', 'image/webp'];
/** The maximum size of a logo in bytes. */
const MAX_LOGO = 64 * 1024;

/**
 * Returns why an image can't be a logo; empty if it can.
 * @param {{type: string, size: number}} file
 */
export function logoProblem({ type, size }) {
  if (!LOGO_TYPES.includes(type)) {
    return 'Choose a PNG, JPEG, GIF or WebP image';
  }
  return size > MAX_LOGO ? `The image has ${Math.ceil(size / 1024)} KB. Choose one of at most 64 KB` : '';
}

/**
 * Reads a file as a data URL.
 * @param {Blob} file
 * @returns {Promise<string>}
 */
export function readDataUrl(file) {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(String(reader.result));
    reader.onerror = () => reject(reader.error);
    reader.readAsDataURL(file);
  });
}
