/** @import {App} from '../../app.js' */
/** @import {Route} from '../../router.js' */
import { resultListing } from '../../result-table/listing.js';
import { monitorFilter } from '../../monitor-choices.js';
import { rememberSettings } from '../../router.js';

/**
 * The results of all monitors, or of a chosen one. The markup of the table uses this view's choices.
 * @param {App} app
 * @param {Route} route
 */
export function results(app, { params }) {
  const listing = resultListing(app, params);
  const { clearFilters } = listing;
  let release = () => {};

  return {
    listing,
    byMonitor: monitorFilter(app.monitors.state),

    init() {
      release = app.monitors.use();
      this.listing.init();
      this.listing.clearFilters = () => {
        this.byMonitor.clear();
        return clearFilters.call(this.listing);
      };
    },

    destroy() {
      release();
      this.listing.destroy();
    },

    /** @param {string} name the name of a choice, or empty for all monitors */
    choose(name) {
      const id = this.byMonitor.find(name);
      if (id !== null) {
        this.listing.monitor = id;
        this.listing.refilter();
      }
    },

    /** Stores the settings in the page's address. */
    remember() {
      rememberSettings('#results', this.listing.address);
    },
  };
}
