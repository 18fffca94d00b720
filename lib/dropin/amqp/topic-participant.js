'use strict';

// A member of a topic exchange, as OWT's cluster managers are.

const { decode, encode } = require('../../bus/body');
const { WARN, log } = require('../../common/log');
const { messageOf } = require('../../common/errors');
const { call } = require('./callbacks');

/** @typedef {{ number: number, patterns: string[] }} Entry */

class TopicParticipant {
  /**
   * @param {any} bus the client it belongs to
   * @param {string} name the exchange
   */
  constructor(bus, name) {
    this.bus = bus;
    this.name = name;
    this.connection = bus.connection;
    /** @type {Entry[]} */
    this.subscriptions = [];
  }

  /**
   * @param {string[]} patterns
   * @param {(message: any, routingKey: string) => void} onMessage
   * @param {() => void} [onOk] once every publisher knows
   */
  subscribe(patterns, onMessage, onOk) {
    void this.listen(patterns, onMessage).then((isReady) => isReady && call('subscribe', onOk));
  }

  /**
   * @param {string[]} patterns
   * @param {(message: any, routingKey: string) => void} onMessage
   * @returns {Promise<boolean>} true once every publisher knows, false if this client is, or gets, disconnected
   */
  async listen(patterns, onMessage) {
    const list = [patterns].flat().map(String);
    if (!this.connection.isOpen) return false;
    /** @type {import('../../bus/connection').Subscriber} */
    const subscriber = { arrived: (key, body) => call(`message of ${this.name}`, onMessage, decode(body), key) };
    try {
      const { number, done } = this.connection.subscribe(this.name, list, subscriber);
      const entry = { number, patterns: list };
      this.subscriptions.push(entry);
      return await done.catch((/** @type {unknown} */ error) => {
        this.subscriptions = this.subscriptions.filter((other) => other !== entry);
        void this.connection.unsubscribe(number, this.name, entry.patterns, true);
        throw error;
      });
    } catch (error) {
      log(WARN, `${this.name}: cannot subscribe: ${messageOf(error)}`);
      return false;
    }
  }

  /**
   * @param {string[]} patterns
   * @returns {Promise<void>}
   */
  async unsubscribe(patterns) {
    const list = [patterns].flat().map(String);
    const under = [];
    for (const subscription of this.subscriptions) {
      const gone = subscription.patterns.filter((pattern) => list.includes(pattern));
      if (gone.length === 0) continue;
      subscription.patterns = subscription.patterns.filter((pattern) => !list.includes(pattern));
      const isLast = subscription.patterns.length === 0;
      under.push(this.connection.unsubscribe(subscription.number, this.name, gone, isLast));
    }
    this.subscriptions = this.subscriptions.filter(({ patterns: left }) => left.length > 0);
    await Promise.all(under);
  }

  /**
   * @param {string} topic
   * @param {any} data
   */
  publish(topic, data) {
    if (!this.connection.isOpen) return;
    try {
      const body = encode(data);
      if (body === undefined) throw new TypeError('JSON has no form for it');
      this.connection.publish(this.name, String(topic), body);
    } catch (error) {
      log(WARN, `a message for ${topic} cannot be sent: ${messageOf(error)}`);
    }
  }
}

module.exports = { TopicParticipant };
