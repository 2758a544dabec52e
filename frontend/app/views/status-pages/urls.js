/** @import {Config} from '../../../types/model' */

/** The formats in which a badge can be copied. */
const FORMATS = /** @type {const} */ (['Markdown', 'HTML', 'URL', 'shields.io']);

/** The badges of an entry. */
export const BADGES = /** @type {const} */ ([
  { kind: 'status', label: 'Status', windows: [] },
  { kind: 'uptime', label: 'Uptime', windows: ['24h', '7d', '30d', '90d'] },
  { kind: 'response', label: 'Response time', windows: [] },
]);

/** @typedef {typeof BADGES[number]['kind']} BadgeKind */

/**
 * Returns the origin at which the API serves status pages and badges.
 * @param {Pick<Config, 'API_ENDPOINT'>} config
 */
function originOf({ API_ENDPOINT }) {
  return new URL(API_ENDPOINT, location.href).origin;
}

/**
 * Returns the absolute URL of a status page.
 * @param {Pick<Config, 'API_ENDPOINT'>} config
 * @param {string} slug
 */
export function pageUrl(config, slug) {
  return `${originOf(config)}/status/${slug}`;
}

/**
 * Returns the absolute URL of a badge.
 * @param {Pick<Config, 'API_ENDPOINT'>} config
 * @param {string} slug
 * @param {string} entry the id of the entry
 * @param {BadgeKind} kind
 * @param {string} window the period of an uptime, for example 30d
 * @param {'svg' | 'json'} [format] json for shields.io
 */
export function badgeUrl(config, slug, entry, kind, window, format = 'svg') {
  const query = kind === 'uptime' ? `?window=${window}` : '';
  return `${originOf(config)}/badges/${slug}/${entry}/${kind}.${format}${query}`;
}

/**
 * Returns the texts to copy for a badge, which link to the status page.
 * @param {string} badge the URL of the image
 * @param {string} endpoint the URL of the JSON for shields.io
 * @param {string} page the URL of the status page
 * @param {string} name the public name of the entry
 */
export function badgeTexts(badge, endpoint, page, name) {
  const texts = {
    Markdown: `[![${escapeMarkdown(name)}](${badge})](${page})`,
    HTML: `<a href="${escapeHtml(page)}"><img src="${escapeHtml(badge)}" alt="${escapeHtml(name)}"></a>`,
    URL: badge,
    'shields.io': `https://img.shields.io/endpoint?url=${encodeURIComponent(endpoint)}`,
  };
  return FORMATS.map((format) => ({ format, text: texts[format] }));
}

/** @param {string} text */
function escapeMarkdown(text) {
  return text.replace(/[\\[\]*_`<>!]/g, '\\$&');
}

/** @param {string} text */
function escapeHtml(text) {
  const entities = /** @type {Record<string, string>} */ ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' });
  return text.replace(/[&<>"]/g, (character) => entities[character]);
}
