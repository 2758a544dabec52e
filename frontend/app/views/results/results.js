/** @import {App} from '../../app.js' */
/** @import {Route} from '../../router.js' */
import { resultListing } from '../../result-table/listing.js';
import { monitorChoices } from '../../monitor-choices.js';
import { rememberSettings } from '../../router.js';

/**
 * The results of all monitors, or of a chosen one. The markup of the table uses this view's choices.
 * @param {App} app
 * @param {Route} route
 */
export function results(app, { params }) {
  let release = () => {};
  /** The name in the field, before something else is typed. */
  let written = '';

  return {
    list: app.monitors.state,
    listing: resultListing(app, params),
    /** Whether the typed name belongs to no monitor. */
    unknown: false,

    init() {
      release = app.monitors.use();
      this.listing.init();
    },

    destroy() {
      release();
      this.listing.destroy();
    },

    get choices() {
      return monitorChoices(this.list.items);
    },

    get shownName() {
      const { monitor } = this.listing;
      return this.choices.find((choice) => choice.id === monitor)?.name ?? monitor;
    },

    /**
     * Shows the name of the chosen monitor, which may be known later or change. Keeps what the user types. What is not the
     * default counts as typed.
     * @param {HTMLInputElement} field
     */
    showName(field) {
      const { shownName } = this;
      if (field.value === written) {
        field.value = shownName;
      }
      field.defaultValue = written = shownName;
    },

    /** @param {string} name the name of a choice, or empty for all monitors */
    choose(name) {
      const chosen = this.choices.find((choice) => choice.name === name);
      this.unknown = name !== '' && !chosen;
      if (!this.unknown) {
        this.listing.monitor = chosen?.id ?? '';
        this.listing.refilter();
      }
    },

    /** Stores the settings in the page's address. */
    remember() {
      rememberSettings('#results', this.listing.address);
    },
  };
}
