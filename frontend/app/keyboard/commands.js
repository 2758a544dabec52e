/** @import {ListedMonitor} from '../../types/model' */
/** @import {App} from '../app.js' */
import { canCheck } from '../status.js';
import { monitorActions } from '../views/list/actions.js';

/**
 * A command that needs no monitor. The search compares its text, in lower case: the name, and other words for it.
 * @typedef {{name: string, kind: 'View' | 'Command', text: string, run: () => void}} Command
 */

/**
 * An action on a monitor. Its words are what people may type for it.
 * @typedef {{
 *   name: string,
 *   detail: string,
 *   words: string[],
 *   fits: (monitor: ListedMonitor) => boolean,
 *   run: (monitor: ListedMonitor) => void,
 * }} Action
 */

/**
 * Returns the commands: the views of the navigation, and what creates something unless the user may only read.
 * @param {App} app
 * @returns {Command[]}
 */
export function commandsOf(app) {
  const links = /** @type {NodeListOf<HTMLAnchorElement>} */ (document.querySelectorAll('.bar nav a'));
  const views = [...links].map((link) => {
    const name = link.firstChild?.textContent?.trim() ?? '';
    return newCommand(name, 'View', '', () => goTo(link.hash));
  });
  const writes = [
    newCommand('Create monitor', 'Command', 'new add', () => goTo('#edit/new')),
    newCommand('Create maintenance window', 'Command', 'new add plan', () => goTo('#maintenance/new')),
    newCommand('Create status page', 'Command', 'new add public', () => goTo('#status-pages/new')),
  ];
  return [
    ...views,
    ...(canWrite(app) ? writes : []),
    newCommand('Keyboard shortcuts', 'Command', 'help keys', () => app.open('shortcuts')),
    newCommand('Documentation', 'Command', 'help manual docs', () => window.open('./docs/', '_blank', 'noopener')),
  ];
}

/**
 * Returns the actions on a monitor. Actions that change something are left out if the user may only read.
 * @param {App} app
 * @returns {Action[]}
 */
export function actionsOf(app) {
  const { run, setEnabled } = monitorActions(app);
  const isEnabled = (/** @type {ListedMonitor} */ { enabled }) => enabled;
  const writes = [
    { name: 'Check now', detail: '', words: ['check', 'run', 'now'], fits: canCheck, run },
    {
      name: 'Disable',
      detail: 'pauses its checks',
      words: ['disable', 'pause', 'stop'],
      fits: isEnabled,
      run: (/** @type {ListedMonitor} */ monitor) => setEnabled(monitor, false),
    },
    {
      name: 'Enable',
      detail: 'resumes its checks',
      words: ['enable', 'resume', 'start'],
      fits: (/** @type {ListedMonitor} */ monitor) => !isEnabled(monitor),
      run: (/** @type {ListedMonitor} */ monitor) => setEnabled(monitor, true),
    },
    newLink('Edit', ['edit', 'change'], (id) => `#edit/${id}`),
    newLink('Clone', ['clone', 'copy'], (id) => `#edit/new?from=${id}`),
  ];
  return [
    newLink('Open', ['open'], (id) => `#monitor/${id}`),
    ...(canWrite(app) ? writes : []),
    newLink('Incidents', ['incidents'], (id) => `#incidents?monitor=${id}`),
    newLink('Report', ['report'], (id) => `#report/${id}`),
  ];
}

/** @param {string} hash */
export function goTo(hash) {
  location.hash = hash;
}

/**
 * @param {string} name
 * @param {Command['kind']} kind
 * @param {string} words other words for it
 * @param {() => void} run
 * @returns {Command}
 */
function newCommand(name, kind, words, run) {
  return { name, kind, text: `${name}\n${words}`.toLowerCase(), run };
}

/**
 * @param {string} name
 * @param {string[]} words
 * @param {(id: string) => string} address
 * @returns {Action}
 */
function newLink(name, words, address) {
  return { name, detail: '', words, fits: () => true, run: ({ id }) => goTo(address(id)) };
}

/** @param {App} app */
function canWrite({ session }) {
  return session?.canWrite !== false;
}
