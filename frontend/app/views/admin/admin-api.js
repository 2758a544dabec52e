/** @import {Notification, ApiKey, ImportPlan} from '../../../types/model' */
/** @import {Api} from '../../api.js' */

/** The options of requests that may take long, in milliseconds. */
const LONG = { timeout: 90_000 };

/** The part of the API that only this view uses. Every method rejects with an ApiError. */
export class AdminApi {
  #api;

  /** @param {Api} api */
  constructor(api) {
    this.#api = api;
  }

  /**
   * Returns the changes that an import would make, without making them.
   * @param {unknown} monitors
   * @returns {Promise<ImportPlan>}
   */
  planImport(monitors) {
    return this.#api.json('/monitors/import?dryRun=true', { method: 'POST', body: monitors, ...LONG });
  }

  /**
   * Replaces all monitors.
   * @param {unknown} monitors
   */
  async importMonitors(monitors) {
    await this.#api.send('/monitors/import', { method: 'POST', body: monitors, ...LONG });
  }

  /** Deletes all monitors with their results and statistics. */
  async deleteMonitors() {
    await this.#api.send('/monitors', { method: 'DELETE', ...LONG });
  }

  /** Deletes all results and statistics. */
  async deleteResults() {
    await this.#api.send('/results', { method: 'DELETE', ...LONG });
  }

  /**
   * Has a runner send a test notification through every channel.
   * @returns {Promise<Notification>} the notification with all deliveries
   */
  testNotification() {
    return this.#api.json('/notifications/test', { method: 'POST', ...LONG });
  }

  /** @returns {Promise<ApiKey[]>} */
  keys() {
    return this.#api.json('/keys');
  }

  /**
   * @param {Pick<ApiKey, 'name' | 'scope'>} key
   * @returns {Promise<ApiKey & {key: string}>} including the key itself, which the API returns only once
   */
  createKey(key) {
    return this.#api.json('/keys', { method: 'POST', body: key });
  }

  /** @param {string} id */
  async revokeKey(id) {
    await this.#api.send(`/keys/${id}`, { method: 'DELETE' });
  }
}
