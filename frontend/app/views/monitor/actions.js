/** @import {ListedMonitor} from '../../../types/model' */
/** @import {App} from '../../app.js' */
import { messageOf } from '../../api.js';
import { comparisonAddress } from '../../comparison.js';
import { setEnabled } from '../../documents.js';

/**
 * The actions on the shown monitor, and the addresses of its other views.
 * @param {App} app
 * @param {string} id
 * @param {() => Promise<void>} reload
 */
export function actionPanel({ api, notify }, id, reload) {
  return {
    busy: false,
    hrefs: {
      monitor: `#monitor/${id}`,
      edit: `#edit/${id}`,
      clone: `#edit/new?from=${id}`,
      report: `#report/${id}`,
      compare: comparisonAddress([id]),
      incidents: `#incidents?monitor=${id}`,
      plan: `#maintenance/new?monitor=${id}`,
    },

    /** @param {ListedMonitor['notChecked']} notChecked why the monitor is not checked; undefined if it is */
    checkNow(notChecked) {
      return this.act(async () => {
        await api.run(id);
        if (notChecked) {
          notify(`Check requested. The last one was not made: ${notChecked.reason}.`, 'failed');
        } else {
          notify('Check requested. The result appears here soon.');
        }
      });
    },

    /** @param {boolean} enabled */
    enable(enabled) {
      return this.act(async () => {
        await setEnabled(api, id, enabled);
        notify(enabled ? 'Monitor enabled' : 'Monitor disabled');
        await reload();
      });
    },

    /** @param {() => Promise<void>} action */
    async act(action) {
      this.busy = true;
      try {
        await action();
      } catch (error) {
        notify(messageOf(error), 'failed');
      } finally {
        this.busy = false;
      }
    },
  };
}
