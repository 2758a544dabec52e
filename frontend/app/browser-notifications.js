/** @import {Incident} from '../types/model' */
/** @import {App} from './app.js' */
import { coalesce } from './coalesce.js';
import { NOTIFICATIONS, notificationsAreOn } from './events.js';
import { incidentAddress, lengthOf } from './incidents.js';

/**
 * A notification of the browser. One with the same tag replaces the one before. A click opens the address.
 * @typedef {{title: string, body: string, tag: string, address: string}} Notice
 */

/** How long changes are collected before they are shown together, in milliseconds. */
const DELAY = 1000;
/** Up to this many changes are shown one by one. More are shown as a summary. */
const MAX_SINGLE = 3;
/** The maximum number of open incidents that are compared. */
const MAX_OPEN = 1000;

/** @type {AbortController | null} */
let following = null;
let listensToTabs = false;

/**
 * Creates the data of the control. It turns the notifications of this browser on and off.
 * @param {App} app
 */
export function notificationControl(app) {
  return {
    isOn: isOn(),
    problem: problem(),

    get text() {
      return this.problem || 'When an incident opens or ends, while NanoMon is open in a tab, also in the background.';
    },

    /** @param {HTMLInputElement} control */
    async change(control) {
      const isWanted = control.checked;
      if (isWanted && !problem() && Notification.permission === 'default') {
        await Notification.requestPermission();
      }
      this.problem = problem();
      this.isOn = isWanted && !this.problem && remember('on');
      if (!this.isOn) {
        remember('');
      }
      control.checked = this.isOn;
      follow(app);
    },
  };
}

/**
 * Shows notifications as long as they are on. Of all tabs of a browser, only one does: the one with the lock. Its event
 * stream stays open while it is hidden.
 * @param {App} app
 */
export function follow(app) {
  if (!listensToTabs) {
    listensToTabs = true;
    addEventListener('storage', ({ key }) => key === NOTIFICATIONS && follow(app)); // Another tab turned them on or off.
  }
  if (!isOn()) {
    following?.abort();
    following = null;
  } else if (!following) {
    following = new AbortController();
    const { signal } = following;
    const show = () => showUntil(app, signal);
    (navigator.locks?.request(NOTIFICATIONS, { signal }, show) ?? show()).catch(() => {}); // Turned off before it had the lock.
  }
}

/**
 * Shows a notification for each incident that opens or ends, until the signal.
 * @param {App} app
 * @param {AbortSignal} signal
 */
async function showUntil({ api, live }, signal) {
  /** The open incidents at the last read; null before the first one. @type {Map<string, Incident> | null} */
  let known = null;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  const read = coalesce(async () => {
    /** @type {Incident[]} */
    const open = await api.json(`/incidents?open=true&max=${MAX_OPEN}`);
    const before = known;
    known = new Map(open.map((incident) => [incident.id, incident]));
    if (before && !signal.aborted) {
      const opened = open.filter(({ id }) => !before.has(id));
      const resolved = open.length < MAX_OPEN ? [...before.values()].filter(({ id }) => !known?.has(id)) : [];
      await Promise.all((await noticesOf(api, opened, resolved)).map(show));
    }
  });
  const readSoon = () => {
    timer ??= setTimeout(() => {
      timer = undefined;
      read().catch(() => {}); // The next event, or the next connection, causes another read.
    }, DELAY);
  };
  const unsubscribe = live.subscribe({ incident: readSoon, stale: readSoon });
  live.inBackground = true;
  readSoon();
  await new Promise((resolve) => (signal.aborted ? resolve(null) : signal.addEventListener('abort', resolve)));
  clearTimeout(timer);
  unsubscribe();
  live.inBackground = false;
}

/**
 * Returns the notifications for changes: one for each, except for silenced monitors, or a summary.
 * @param {App['api']} api
 * @param {Incident[]} opened
 * @param {Incident[]} resolved
 * @returns {Promise<Notice[]>}
 */
async function noticesOf(api, opened, resolved) {
  if (opened.length + resolved.length > MAX_SINGLE) {
    const parts = [describe(opened, 'opened'), describe(resolved, 'ended')].filter(Boolean);
    return [
      {
        title: `Incidents: ${parts.join(', ')}`,
        body: namesOf([...opened, ...resolved]),
        tag: NOTIFICATIONS,
        address: '#incidents',
      },
    ];
  }
  const now = api.now();
  const notices = [...opened, ...resolved].map(async (incident) => {
    const isOpen = opened.includes(incident);
    const { silencedUntil } = await api.listedMonitor(incident.monitor_id).catch(() => ({ silencedUntil: undefined }));
    return silencedUntil && Date.parse(silencedUntil) > now
      ? []
      : {
          title: `${incident.monitor_name}: ${isOpen ? 'incident opened' : 'incident ended'}`,
          body: isOpen ? incident.firstMessage : `After ${lengthOf(incident, now)}`,
          tag: incident.id,
          address: incidentAddress(incident, now),
        };
  });
  return (await Promise.all(notices)).flat();
}

/**
 * @param {Incident[]} incidents
 * @param {string} what
 */
function describe({ length }, what) {
  return length ? `${length} ${what}` : '';
}

/** @param {Incident[]} incidents */
function namesOf(incidents) {
  const names = incidents.slice(0, MAX_SINGLE).map(({ monitor_name }) => monitor_name);
  const more = incidents.length - names.length;
  return [...names, ...(more ? [`${more} more`] : [])].join(', ');
}

/**
 * Shows a notification, with the service worker if there is one: phones allow only that, and a click then works also after
 * the tab is closed.
 * @param {Notice} notice
 */
async function show({ title, body, tag, address }) {
  const options = { body, tag, icon: './icons/icon-192.png', data: address };
  const registration = await navigator.serviceWorker?.getRegistration('./');
  if (registration?.active) {
    await registration.showNotification(title, options);
    return;
  }
  const notification = new Notification(title, options);
  notification.addEventListener('click', () => {
    window.focus();
    location.hash = address;
    notification.close();
  });
}

/** Describes why the browser shows no notifications; empty if it does, or if the user has not been asked yet. */
function problem() {
  if (!window.isSecureContext) {
    return 'Browsers allow this only if the page is opened by HTTPS or on localhost.';
  }
  if (!('Notification' in window)) {
    return 'This browser can’t show notifications of this page. On an iPhone or iPad, add the page to the home screen first.';
  }
  return Notification.permission === 'denied'
    ? 'The browser blocks notifications of this page. Allow them in its settings for this site, and try again.'
    : '';
}

function isOn() {
  return notificationsAreOn() && !problem() && Notification.permission === 'granted';
}

/**
 * Stores the setting. Returns whether the browser allows it.
 * @param {string} setting
 */
function remember(setting) {
  try {
    localStorage.setItem(NOTIFICATIONS, setting);
    return true;
  } catch {
    return false;
  }
}
