import { linesOf, shortened } from './names.js';

/** The sizes of a text in its box, as a share of the size that the styles set. */
const SCALES = [1, 0.85, 0.7];
/** A text is not made smaller than this, in pixels. */
const SMALLEST = 12;
/** The height of a line, as in tiles.css. */
const LINE_HEIGHT = 1.25;
/** The space at the end of a line for small differences between the measured and the drawn text, in pixels. */
const SPARE = 1;
/** A narrower element is hidden and only for screen readers, in pixels. */
const HIDDEN = 8;

/**
 * The size of a box and of its text, in pixels, and the spaces between letters and words, with their unit.
 * @typedef {{width: number, height: number, size: number, font: string, letterSpacing: string, wordSpacing: string}} Box
 */

/** Shows texts in boxes of a fixed size: wrapped, smaller, or shortened, but never cut off. */
export class FittedTexts {
  #context = /** @type {CanvasRenderingContext2D} */ (document.createElement('canvas').getContext('2d'));
  /** The complete texts. @type {WeakMap<HTMLElement, string>} */
  #texts = new WeakMap();
  /** The texts and boxes after they were fitted, as JSON. @type {WeakMap<HTMLElement, string>} */
  #fitted = new WeakMap();
  /** The elements to fit before the browser paints. @type {Set<HTMLElement>} */
  #changed = new Set();

  /**
   * Shows a text.
   * @param {HTMLElement} element
   * @param {string} text
   */
  show(element, text) {
    if (this.#texts.get(element) !== text) {
      this.#texts.set(element, text);
      element.textContent = text;
    }
    this.fit([element]);
  }

  /**
   * Fits texts, because the sizes of their boxes may have changed.
   * @param {Iterable<HTMLElement>} elements
   */
  fit(elements) {
    if (this.#changed.size === 0) {
      requestAnimationFrame(() => this.#fitChanged());
    }
    for (const element of elements) {
      this.#changed.add(element);
    }
  }

  /**
   * Fits the texts that are new or have another box. Reads all sizes before it changes a text, so that the browser computes
   * the layout only once, and reads the new sizes from the layout that the browser then paints.
   */
  #fitChanged() {
    const elements = [...this.#changed].filter(
      (element) => element.isConnected && this.#stateOf(element) !== this.#fitted.get(element),
    );
    this.#changed.clear();
    elements.filter(({ style }) => style.fontSize).forEach(({ style }) => style.removeProperty('font-size'));
    const boxes = elements.map(boxOf);
    elements.forEach((element, i) => this.#draw(element, boxes[i]));
    elements.forEach((element) => this.#fitted.set(element, this.#stateOf(element)));
  }

  /**
   * Returns what the lines of a text depend on. A fitted text may have its own font size, so that of its parent is included.
   * @param {HTMLElement} element
   */
  #stateOf(element) {
    const parent = getComputedStyle(/** @type {HTMLElement} */ (element.parentElement));
    return JSON.stringify([this.#texts.get(element), boxOf(element), parent.fontSize]);
  }

  /**
   * @param {HTMLElement} element
   * @param {Box} box
   */
  #draw(element, { width, height, size, font, letterSpacing, wordSpacing }) {
    const text = this.#texts.get(element) ?? '';
    /** @type {string[] | null} */
    let lines = width < HIDDEN ? [text] : null;
    for (let i = 0; !lines && i < SCALES.length; i++) {
      const scaled = size * SCALES[i];
      const isLast = !(size * SCALES[i + 1] >= SMALLEST);
      this.#context.font = font.replace('SIZE', `${scaled}px`);
      Object.assign(this.#context, { letterSpacing, wordSpacing });
      const box = {
        width: width - SPARE,
        lines: Math.max(1, Math.floor(height / (scaled * LINE_HEIGHT) + 0.01)),
        measure: (/** @type {string} */ part) => this.#context.measureText(part).width,
      };
      lines = isLast ? shortened(text, box) : linesOf(text, box);
      element.style.fontSize = lines && i > 0 ? `${scaled}px` : '';
    }
    write(element, lines ?? [text]);
  }
}

/**
 * @param {HTMLElement} element
 * @returns {Box}
 */
function boxOf(element) {
  const { clientWidth, clientHeight } = element;
  const style = getComputedStyle(element);
  return {
    width: clientWidth - parseFloat(style.paddingInlineStart) - parseFloat(style.paddingInlineEnd),
    height: parseFloat(style.maxHeight) || clientHeight,
    size: parseFloat(style.fontSize),
    font: `${style.fontWeight} SIZE ${style.fontFamily}`,
    letterSpacing: style.letterSpacing.replace('normal', '0px'),
    wordSpacing: style.wordSpacing.replace('normal', '0px'),
  };
}

/**
 * @param {HTMLElement} element
 * @param {string[]} lines
 */
function write(element, lines) {
  const text = lines.join('\n');
  if (element.textContent !== text) {
    element.textContent = text;
  }
  if (element.dataset.lines !== String(lines.length)) {
    element.dataset.lines = String(lines.length);
  }
}
