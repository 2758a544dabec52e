/** @import {Delivery} from '../../../types/model' */
/** @import {AdminApi} from './admin-api.js' */
import { messageOf } from '../../api.js';
import { badgeOfDelivery, channelOf } from '../../deliveries.js';
import { formatCount } from '../../format.js';

/**
 * Sends a test notification through every channel and holds the deliveries.
 * @param {AdminApi} api
 */
export function notificationTest(api) {
  return {
    busy: false,
    error: '',
    summary: '',
    noChannels: false,
    /** @type {readonly Delivery[]} */
    deliveries: [],

    async send() {
      this.busy = true;
      this.error = this.summary = '';
      this.noChannels = false;
      this.deliveries = [];
      try {
        const { deliveries } = await api.testNotification();
        this.deliveries = Object.freeze(deliveries);
        this.noChannels = deliveries.length === 0;
        this.summary = summarize(deliveries);
      } catch (error) {
        this.error = messageOf(error);
      } finally {
        this.busy = false;
      }
    },

    badge: badgeOfDelivery,
    channel: channelOf,
  };
}

/** @param {Delivery[]} deliveries */
function summarize(deliveries) {
  const sent = deliveries.filter((delivery) => delivery.status === 'sent').length;
  return deliveries.length
    ? `Sent to ${sent} of ${formatCount(deliveries.length, 'recipient')}.`
    : 'Not sent: no channel is configured.';
}
