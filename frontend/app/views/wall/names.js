/** The characters after which a name may be divided. */
const BORDER = /(?<=[\s\-_/:|·–—])(?![\s\-_/:|·–—])/u;
/** The spaces and signs at the end of a prefix. */
const SEPARATORS = /[\s\-_/:|·–—]+$/u;
const ELLIPSIS = '…';
const words = new Intl.Segmenter(undefined, { granularity: 'word' });
const graphemes = new Intl.Segmenter(undefined, { granularity: 'grapheme' });

/**
 * Returns the words with which all names begin. It is empty for a single name, and no name consists only of it.
 * @param {string[]} names
 */
export function commonPrefix(names) {
  if (names.length < 2) {
    return '';
  }
  const [first, ...others] = names.map((name) => name.split(BORDER));
  let count = Math.min(first.length, ...others.map(({ length }) => length)) - 1;
  for (const other of others) {
    const different = other.findIndex((word, i) => word !== first[i]);
    count = different < 0 ? count : Math.min(count, different);
  }
  return first.slice(0, Math.max(0, count)).join('');
}

/**
 * Returns a name without the prefix of its group.
 * @param {string} name
 * @param {string | undefined} prefix
 */
export function withoutPrefix(name, prefix) {
  return prefix && name.startsWith(prefix) ? name.slice(prefix.length) : name;
}

/**
 * Returns the heading of a group whose tiles show the names without the prefix.
 * @param {string} group
 * @param {string} prefix
 */
export function headingOf(group, prefix) {
  const rest = prefix.replace(SEPARATORS, '');
  const isRepeated = rest.toLowerCase().startsWith(group.toLowerCase());
  if (!rest || (rest.length === group.length && isRepeated)) {
    return group;
  }
  return isRepeated && SEPARATORS.test(rest.slice(0, group.length + 1)) ? rest : `${group} · ${rest}`;
}

/**
 * A box for text. The function returns the width of a text in pixels.
 * @typedef {{width: number, lines: number, measure: (text: string) => number}} Box
 */

/**
 * Divides a text into lines that fit into a box.
 * @param {string} text
 * @param {Box} box
 * @returns {string[] | null} null if the text needs more lines
 */
export function linesOf(text, box) {
  const { width, lines, measure } = box;
  if (measure(text) <= width) {
    return lines > 0 ? [text] : null;
  }
  /** @type {string[]} */
  const done = [];
  let line = '';
  for (const word of wordsOf(text)) {
    if (measure((line + word).trimEnd()) <= width) {
      line += word;
      continue;
    }
    if (line) {
      done.push(line.trimEnd());
    }
    const pieces = piecesOf(word, box, lines - done.length);
    done.push(...pieces.slice(0, -1));
    line = pieces[pieces.length - 1];
    if (done.length >= lines) {
      return null;
    }
  }
  return [...done, line.trimEnd()];
}

/** The words of the latest texts, because each text is fitted several times. @type {Map<string, string[]>} */
const divided = new Map();
const MAX_DIVIDED = 1000;

/**
 * Returns the words of a text. Each contains the spaces and signs that follow it.
 * @param {string} text
 */
function wordsOf(text) {
  const found = divided.get(text) ?? divide(text);
  if (divided.size >= MAX_DIVIDED) {
    divided.clear();
  }
  divided.set(text, found);
  return found;
}

/** @param {string} text */
function divide(text) {
  /** @type {string[]} */
  const found = [];
  for (const { segment } of words.segment(text)) {
    if (found.length && /^[\s\p{P}\p{S}\p{M}]+$/u.test(segment) && !/\p{Extended_Pictographic}/u.test(segment)) {
      found[found.length - 1] += segment;
    } else {
      found.push(segment);
    }
  }
  return found;
}

/** @param {string} text */
const graphemesOf = (text) => Array.from(graphemes.segment(text), ({ segment }) => segment);

/**
 * Divides a word that is longer than a line.
 * @param {string} word
 * @param {Box} box
 * @param {number} most the number of pieces that the caller can use
 */
function piecesOf(word, { width, measure }, most) {
  const pieces = [];
  let rest = word;
  while (pieces.length < most && measure(rest.trimEnd()) > width) {
    const letters = graphemesOf(rest);
    const count = Math.max(
      1,
      largest(letters.length, (n) => measure(letters.slice(0, n).join('')) <= width),
    );
    pieces.push(letters.slice(0, count).join(''));
    rest = letters.slice(count).join('');
  }
  return [...pieces, rest];
}

/**
 * Returns the lines of a text. A text that is too long is shortened in its middle: by whole words if possible.
 * @param {string} text
 * @param {Box} box
 */
export function shortened(text, box) {
  const whole = linesOf(text, box);
  if (whole) {
    return whole;
  }
  for (const parts of [wordsOf(text), graphemesOf(text)]) {
    const most = largest(parts.length - 1, (n) => n < 2 || linesOf(without(parts, n), box) !== null);
    const lines = most > 1 ? linesOf(without(parts, most), box) : null;
    if (lines) {
      return lines;
    }
  }
  return [ELLIPSIS];
}

/**
 * Returns a text with an ellipsis in place of its middle.
 * @param {string[]} parts
 * @param {number} count the number of parts to keep
 */
function without(parts, count) {
  const start = parts.slice(0, Math.ceil(count / 2)).join('');
  const end = parts.slice(parts.length - Math.floor(count / 2)).join('');
  return `${start}${ELLIPSIS}${/\s$/.test(start) ? ' ' : ''}${end}`;
}

/**
 * Returns the largest number up to a limit for which a condition is true. It is true for all smaller numbers too.
 * @param {number} limit
 * @param {(n: number) => boolean} isTrue
 */
function largest(limit, isTrue) {
  let [low, high] = [0, limit];
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (isTrue(middle)) {
      low = middle;
    } else {
      high = middle - 1;
    }
  }
  return low;
}
