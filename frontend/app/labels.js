/** @import {Monitor} from '../types/model' */

/**
 * A label of a monitor. The search and the filter of the list compare the text, which is key:value; no key contains a colon.
 * The hue is the color of the key, in degrees.
 * @typedef {{text: string, hue: number, href: string}} Label
 */

/** The number of different colors. */
const HUES = 12;

/** The labels by the object of the monitor that contains them, which stays the same with each new result. */
const known = /** @type {WeakMap<object, readonly Label[]>} */ (new WeakMap());

/** @type {readonly Label[]} */
const NONE = Object.freeze([]);

/**
 * Returns the labels of a monitor, by key. Monitors with the same object of labels get the same list.
 * @param {Pick<Monitor, 'labels'>} monitor
 */
export function labelsOf({ labels }) {
  if (!labels) {
    return NONE;
  }
  let list = known.get(labels);
  if (!list) {
    list = Object.freeze(Object.entries(labels).map(newLabel));
    known.set(labels, list);
  }
  return list;
}

/**
 * @param {[string, string]} label
 * @returns {Label}
 */
function newLabel([key, value]) {
  const text = `${key}:${value}`;
  return Object.freeze({ text, hue: hueOf(key), href: `#list?${new URLSearchParams({ label: text })}` });
}

/** @param {string} key */
function hueOf(key) {
  const hash = [...key].reduce((sum, character) => (sum * 31 + character.charCodeAt(0)) >>> 0, 0);
  return (hash % HUES) * (360 / HUES);
}
