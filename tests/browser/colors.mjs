// Contrast and distance of colors, and how people with a color deficiency see them.

/** @param {number[]} color */
function linear(color) {
  return color.map((value) => (value / 255 <= 0.04045 ? value / 255 / 12.92 : ((value / 255 + 0.055) / 1.055) ** 2.4));
}

/** The contrast of WCAG. @param {number[]} a @param {number[]} b */
export function contrast(a, b) {
  const [light, dark] = [a, b]
    .map((color) => linear(color).reduce((sum, value, i) => sum + value * [0.2126, 0.7152, 0.0722][i], 0.05))
    .sort((x, y) => y - x);
  return light / dark;
}

/** The distance in OKLab. @param {number[]} a @param {number[]} b */
export function distance(a, b) {
  const [x, y] = [a, b].map((color) => {
    const [r, g, bl] = linear(color);
    const l = Math.cbrt(0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * bl);
    const m = Math.cbrt(0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * bl);
    const s = Math.cbrt(0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * bl);
    return [
      0.2104542553 * l + 0.793617785 * m - 0.0040720468 * s,
      1.9779984951 * l - 2.428592205 * m + 0.4505937099 * s,
      0.0259040371 * l + 0.7827717662 * m - 0.808675766 * s,
    ];
  });
  return Math.hypot(...x.map((value, i) => value - y[i]));
}

/** How people with a color deficiency see linear red, green and blue (Machado, Oliveira and Fernandes, 2009). */
const DEFICIENCIES = {
  protanopia: [
    [0.152286, 1.052583, -0.204868],
    [0.114503, 0.786281, 0.099216],
    [-0.003882, -0.048116, 1.051998],
  ],
  deuteranopia: [
    [0.367322, 0.860646, -0.227968],
    [0.280085, 0.672501, 0.047413],
    [-0.01182, 0.04294, 0.968881],
  ],
  tritanopia: [
    [1.255528, -0.076749, -0.178779],
    [-0.078411, 0.930809, 0.147602],
    [0.004733, 0.691367, 0.3039],
  ],
};

/**
 * Returns a color as people with each color deficiency see it.
 * @param {number[]} color
 */
export function asSeen(color) {
  const rgb = linear(color);
  return Object.fromEntries(
    Object.entries(DEFICIENCIES).map(([name, matrix]) => [
      name,
      matrix.map((row) => gamma(row.reduce((sum, factor, i) => sum + factor * rgb[i], 0))),
    ]),
  );
}

/** @param {number} value linear, perhaps out of range */
function gamma(value) {
  const clamped = Math.min(1, Math.max(0, value));
  return 255 * (clamped <= 0.0031308 ? 12.92 * clamped : 1.055 * clamped ** (1 / 2.4) - 0.055);
}

/**
 * Returns the values of CSS variables in the current theme.
 * @param {import('../../frontend/playwright-test.js').Locator} element in which they are defined
 * @param {string[]} names
 * @returns {Promise<Record<string, number[]>>} red, green and blue from 0 to 255
 */
export function variables(element, names) {
  return element.evaluate((parent, names) => {
    const sample = parent.appendChild(document.createElement('i'));
    const read = (/** @type {string} */ name) => {
      sample.style.color = `var(--${name})`;
      return (getComputedStyle(sample).color.match(/\d+/g) ?? []).map(Number);
    };
    const values = Object.fromEntries(names.map((name) => [name, read(name)]));
    sample.remove();
    return values;
  }, names);
}
