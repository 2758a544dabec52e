/** @import {ImportPlan, PlannedMonitor} from '../../../types/model' */
import { download } from '../../download.js';

/** The maximum size of an import that the API accepts, in bytes. */
const MAX_SIZE = 16 << 20;
/** The number of rows that showMore adds. */
const ROWS = 100;
const tenths = new Intl.NumberFormat(undefined, { minimumFractionDigits: 1, maximumFractionDigits: 1 });

/** @typedef {{title: string, icon: string, monitors: PlannedMonitor[], shown: number}} PlanList */

/** @param {number} bytes */
export function formatSize(bytes) {
  return bytes < 1024
    ? `${bytes} B`
    : bytes < 1 << 20
      ? `${tenths.format(bytes / 1024)} KiB`
      : `${tenths.format(bytes / (1 << 20))} MiB`;
}

/**
 * Reads the monitors in a file without validating them. Rejects with an error that names the file if it is not an
 * array, or an empty one.
 * @param {File} file
 * @returns {Promise<unknown[]>}
 */
export async function readMonitors(file) {
  if (file.size > MAX_SIZE) {
    throw new Error(`${file.name} is too large: ${formatSize(file.size)}. The maximum is ${formatSize(MAX_SIZE)}.`);
  }
  const content = parse(file.name, await file.text());
  if (!Array.isArray(content)) {
    const found = content === null ? 'null' : typeof content === 'object' ? 'one object' : `a ${typeof content}`;
    throw new Error(`${file.name} does not contain a list of monitors: expected an array, found ${found}.`);
  }
  if (content.length === 0) {
    throw new Error(`${file.name} contains no monitors.`);
  }
  return content;
}

/**
 * @param {string} name
 * @param {string} text
 * @returns {unknown}
 */
function parse(name, text) {
  try {
    return JSON.parse(text);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new Error(`${name} is not valid JSON: ${reason}. Choose an exported file.`, { cause: error });
  }
}

/**
 * Splits the API's error message into one message for each monitor.
 * @param {string} detail
 */
export function splitErrors(detail) {
  return detail.split(/; (?=monitor \d+ ")/);
}

/**
 * Returns the import plan as lists, without the empty ones.
 * @param {ImportPlan} plan
 * @returns {PlanList[]}
 */
export function listsOf({ added, changed, removed }) {
  return [
    { title: 'Removed', icon: 'minus', monitors: removed, shown: 0 },
    { title: 'Changed', icon: 'changed', monitors: changed, shown: 0 },
    { title: 'Added', icon: 'plus', monitors: added, shown: 0 },
  ].filter(({ monitors }) => monitors.length);
}

/** @param {PlanList} list */
export function showMore(list) {
  list.shown = Math.min(list.shown + ROWS, list.monitors.length);
}

/**
 * Downloads monitors as a file with the current date in its name.
 * @param {object[]} monitors
 * @returns {{name: string, size: string}}
 */
export function downloadMonitors(monitors) {
  const file = new Blob([`${JSON.stringify(monitors, null, 2)}\n`], { type: 'application/json' });
  const now = new Date();
  const day = [now.getFullYear(), now.getMonth() + 1, now.getDate()]
    .map((part) => String(part).padStart(2, '0'))
    .join('-');
  const name = `nanomon-${day}.json`;
  download(file, name);
  return { name, size: formatSize(file.size) };
}
