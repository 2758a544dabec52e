/** @import {Alert, ApiKey, ImportPlan} from '../../../types/model' */
/** @import {Api} from '../../api.js' */

/** For what takes long, in milliseconds. */
const LONG = { timeout: 90_000 };

/** What this view alone asks of the API. Every method rejects with an ApiError. */
export class AdminApi {
  #api;

  /** @param {Api} api */
  constructor(api) {
    this.#api = api;
  }

  /**
   * Tells what an import would do, and changes nothing.
   * @param {unknown} monitors
   * @returns {Promise<ImportPlan>}
   */
  planImport(monitors) {
    return this.#api.json('/monitors/import?dryRun=true', { method: 'POST', body: monitors, ...LONG });
  }

  /**
   * Makes monitors the whole set.
   * @param {unknown} monitors
   */
  async importMonitors(monitors) {
    await this.#api.send('/monitors/import', { method: 'POST', body: monitors, ...LONG });
  }

  /** All monitors, with all that is known of them. */
  async removeMonitors() {
    await this.#api.send('/monitors', { method: 'DELETE', ...LONG });
  }

  /** All results, and the statistics over them. */
  async removeResults() {
    await this.#api.send('/results', { method: 'DELETE', ...LONG });
  }

  /**
   * Has a runner send a test message by every channel.
   * @returns {Promise<Alert>} with what became of each delivery
   */
  testAlert() {
    return this.#api.json('/notifications/test', { method: 'POST', ...LONG });
  }

  /** @returns {Promise<ApiKey[]>} */
  keys() {
    return this.#api.json('/keys');
  }

  /**
   * @param {Pick<ApiKey, 'name' | 'scope'>} key
   * @returns {Promise<ApiKey & {key: string}>} with the key itself, which is never told again
   */
  createKey(key) {
    return this.#api.json('/keys', { method: 'POST', body: key });
  }

  /** @param {string} id */
  async revokeKey(id) {
    await this.#api.send(`/keys/${id}`, { method: 'DELETE' });
  }
}
