/**
 * The content of a tooltip: a title, values with the colours of their lines (CSS variables), and notes, each with the kind of
 * its mark.
 * @typedef {{
 *   title: string,
 *   rows: {name: string, value: string, colour?: string}[],
 *   notes: {kind: string, text: string}[],
 * }} Tip
 */

/** The distance from the pointer, in pixels. */
const DISTANCE = 14;

/** A tooltip at the pointer, within an element. Screen readers get the same values from the table below the chart. */
export class Tooltip {
  #box;
  #element = document.createElement('div');

  /** @param {HTMLElement} box */
  constructor(box) {
    this.#box = box;
    this.#element.className = 'tip';
    this.#element.ariaHidden = 'true';
    this.#element.hidden = true;
    box.append(this.#element);
  }

  /**
   * Shows the tooltip beside a point of the box.
   * @param {Tip} tip
   * @param {number} x in pixels
   * @param {number} y
   */
  show({ title, rows, notes }, x, y) {
    this.#element.replaceChildren(
      textElement('p', 'tip-title', title),
      listOf(
        'tip-rows',
        rows.map(({ name, value, colour }) => [textElement('i', '', '', colour), name, textElement('b', '', value)]),
      ),
      ...notes.map(({ kind, text }) => textElement('p', `tip-note ${kind}`, text)),
    );
    this.#element.hidden = false;
    const { offsetWidth: width, offsetHeight: height } = this.#element;
    const right = x + DISTANCE;
    const left = right + width <= this.#box.clientWidth ? right : x - DISTANCE - width;
    const top = Math.min(y + DISTANCE, this.#box.clientHeight - height);
    this.#element.style.translate = `${Math.max(0, left)}px ${Math.max(0, top)}px`;
  }

  hide() {
    this.#element.hidden = true;
  }

  destroy() {
    this.#element.remove();
  }
}

/**
 * @param {string} tag
 * @param {string} className
 * @param {string} text
 * @param {string} [colour] a CSS variable
 */
function textElement(tag, className, text, colour) {
  const element = document.createElement(tag);
  element.className = className;
  element.textContent = text;
  if (colour) {
    element.style.background = `var(--${colour})`;
  }
  return element;
}

/**
 * @param {string} className
 * @param {(Node | string)[][]} items
 */
function listOf(className, items) {
  const list = document.createElement('ul');
  list.className = className;
  list.append(
    ...items.map((content) => {
      const item = document.createElement('li');
      item.append(...content);
      return item;
    }),
  );
  return list;
}
