/** @import {App} from '../../app.js' */
/** @import {Route} from '../../router.js' */
import { resultListing } from './listing.js';
import { rememberSettings } from '../../router.js';

/**
 * The results of all monitors, or of one that the reader chooses: the table's markup asks this view for the choices.
 * @param {App} app
 * @param {Route} route
 */
export function results(app, { params }) {
  let release = () => {};

  return {
    list: app.monitors.state,
    listing: resultListing(app, params),
    /** Whether what was typed is no monitor's name. */
    unknown: false,

    init() {
      release = app.monitors.use();
      this.listing.init();
    },

    destroy() {
      release();
      this.listing.destroy();
    },

    /** The monitors by names of which no two are the same. */
    get choices() {
      const byName = Map.groupBy(this.list.items, (monitor) => monitor.name);
      return this.list.items.map(({ id, name }) => ({
        id,
        name: byName.get(name)?.length === 1 ? name : `${name} (${id})`,
      }));
    },

    get shownName() {
      const { monitor } = this.listing;
      return this.choices.find((choice) => choice.id === monitor)?.name ?? monitor;
    },

    /** @param {string} name one of the choices, or empty for all monitors */
    choose(name) {
      const chosen = this.choices.find((choice) => choice.name === name);
      this.unknown = name !== '' && !chosen;
      if (!this.unknown) {
        this.listing.monitor = chosen?.id ?? '';
        this.listing.refilter();
      }
    },

    /** Keeps the settings in the address. */
    remember() {
      rememberSettings('#results', this.listing.address);
    },
  };
}
