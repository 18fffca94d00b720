'use strict';

// Who tells of processes that are gone, and who hears of it. Not scoped by the
// name of a cluster: one exchange for all.

const { TopicParticipant } = require('./topic-participant');

const EXCHANGE = 'owtMonitoring';

class Monitor {
  /**
   * @param {any} bus the client it belongs to
   * @param {any} onMessage
   */
  constructor(bus, onMessage) {
    this.bus = bus;
    this.onMessage = onMessage;
    /** @type {Promise<boolean>} */
    this.ready = new TopicParticipant(bus, EXCHANGE).listen(['exit.#'], (message) => this.onMessage?.(message));
  }
}

class MonitoringTarget {
  /** @param {any} bus the client it belongs to */
  constructor(bus) {
    this.bus = bus;
    this.exchange = new TopicParticipant(bus, EXCHANGE);
  }

  /**
   * @param {string} reason such as 'abnormal'
   * @param {any} message
   */
  notify(reason, message) {
    this.exchange.publish(`exit.${reason}`, { reason, message });
  }
}

module.exports = { Monitor, MonitoringTarget };
