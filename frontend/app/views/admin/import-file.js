/** @import {ImportPlan, PlannedMonitor} from '../../../types/model' */

/** The API takes no more than this. */
const MAX_SIZE = 16 << 20;
/** How many rows of a list are shown at a time. */
const ROWS = 100;

/** @typedef {{title: string, sign: string, monitors: PlannedMonitor[], shown: number}} PlanList */

/** @param {number} bytes */
export function formatSize(bytes) {
  return bytes < 1024
    ? `${bytes} B`
    : bytes < 1 << 20
      ? `${(bytes / 1024).toFixed(1)} KiB`
      : `${(bytes / (1 << 20)).toFixed(1)} MiB`;
}

/** @param {number} count */
export function countMonitors(count) {
  return `${count.toLocaleString('en')} ${count === 1 ? 'monitor' : 'monitors'}`;
}

/**
 * The monitors in a file, as they are. Rejects with an error that names the file when it doesn't hold an array.
 * @param {File} file
 * @returns {Promise<unknown[]>}
 */
export async function readMonitors(file) {
  if (file.size > MAX_SIZE) {
    throw new Error(
      `${file.name} is too large: it has ${formatSize(file.size)}, an import at most ${formatSize(MAX_SIZE)}.`,
    );
  }
  const content = parse(file.name, await file.text());
  if (!Array.isArray(content)) {
    const found = content === null ? 'null' : typeof content === 'object' ? 'one object' : `a ${typeof content}`;
    throw new Error(`${file.name} doesn’t hold a list of monitors: it must be an array, and is ${found}.`);
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
    throw new Error(`${name} is not JSON: ${reason}. Choose a file that an export made.`, { cause: error });
  }
}

/**
 * The faults in the API's refusal, one for each monitor.
 * @param {string} detail
 */
export function faultsIn(detail) {
  return detail.split(/; (?=monitor \d+ ")/);
}

/**
 * What an import would do, as lists that can be long.
 * @param {ImportPlan} plan
 * @returns {PlanList[]}
 */
export function listsOf({ added, changed, removed }) {
  return [
    { title: 'Removed', sign: '−', monitors: removed, shown: 0 },
    { title: 'Changed', sign: '±', monitors: changed, shown: 0 },
    { title: 'Added', sign: '+', monitors: added, shown: 0 },
  ].filter(({ monitors }) => monitors.length);
}

/** @param {PlanList} list */
export function showMore(list) {
  list.shown = Math.min(list.shown + ROWS, list.monitors.length);
}

/**
 * Has the browser save monitors as a file of the day.
 * @param {object[]} monitors
 * @returns {{name: string, size: string}}
 */
export function saveMonitors(monitors) {
  const file = new Blob([`${JSON.stringify(monitors, null, 2)}\n`], { type: 'application/json' });
  const now = new Date();
  const day = [now.getFullYear(), now.getMonth() + 1, now.getDate()]
    .map((part) => String(part).padStart(2, '0'))
    .join('-');
  const link = document.createElement('a');
  link.href = URL.createObjectURL(file);
  link.download = `nanomon-${day}.json`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href));
  return { name: link.download, size: formatSize(file.size) };
}
