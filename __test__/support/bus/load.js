'use strict';

// What runs while something breaks, and what is to be said of it afterwards:
// calls without pause, numbered casts and messages, and who has heard which.


const { promisify } = require('node:util');

const pause = promisify(setTimeout);

/** Calls one id until it is stopped. Each call is watched for what it must not do: end twice, or with another's reply. */
class Load {
  /**
   * @param {any} rpc what asRpcClient gave
   * @param {string} to
   * @param {{ method?: string, inFlight?: number, every?: number, timeout?: number }} [options] method replies with its
   *   argument; times in ms
   */
  constructor(rpc, to, { method = 'echo', inFlight = 2, every = 5, timeout = 2000 } = {}) {
    Object.assign(this, { rpc, to, method, every, timeout, isOn: true });
    Object.assign(this, { started: 0, settled: 0, replied: 0, repeated: 0, wrong: 0 });
    /** @type {string[]} */
    this.failures = [];
    this.running = Promise.all(Array.from({ length: inFlight }, () => this.run()));
  }

  async run() {
    while (this.isOn) {
      await this.call(this.started++);
      await pause(this.every);
    }
  }

  call(number) {
    let isSettled = false;
    return new Promise((resolve) => {
      const callback = (data, error) => {
        if (isSettled) this.repeated++;
        else this.end(number, data, error);
        isSettled = true;
        resolve();
      };
      this.rpc.remoteCall(this.to, this.method, [number], { callback }, this.timeout);
    });
  }

  end(number, data, error) {
    this.settled++;
    if (data === number) this.replied++;
    else if (data === 'timeout') this.failures.push('timeout');
    else if (data === 'error') this.failures.push(error);
    else this.wrong++;
  }

  summary() {
    const { started, settled, replied, repeated, wrong, failures } = this;
    return { to: this.to, unsettled: started - settled, started, replied, repeated, wrong, failures };
  }

  /** Waits for what is under way, as long as a call may take and a little more. */
  async stop() {
    this.isOn = false;
    await Promise.race([this.running, pause(this.timeout + 5000, undefined, { ref: false })]);
    return this.summary();
  }
}

/** Sends numbered casts to ids, and numbered messages to all, until it is stopped. */
class Sender {
  /**
   * @param {any} rpc
   * @param {any} channel
   * @param {string} from
   * @param {string[]} to ids that have `note`
   */
  constructor(rpc, channel, from, to) {
    this.sent = 0;
    this.timer = setInterval(() => {
      this.sent++;
      for (const id of to) rpc.remoteCast(id, 'note', [from, this.sent]);
      channel.publish('all.noted', { from, number: this.sent });
    }, 5);
  }

  stop() {
    clearInterval(this.timer);
    return this.sent;
  }
}

/** Which numbers have come from whom, and how. */
class Heard {
  constructor() {
    /** @type {Map<string, { seen: Set<number>, first: number, last: number, late: number, repeated: number }>} */
    this.senders = new Map();
  }

  note(from, number) {
    if (!this.senders.has(from)) this.senders.set(from, { seen: new Set(), first: number, last: number, late: 0, repeated: 0 });
    const heard = this.senders.get(from);
    if (heard.seen.has(number)) heard.repeated++;
    else if (number < heard.last) heard.late++;
    heard.seen.add(number);
    heard.first = Math.min(heard.first, number);
    heard.last = Math.max(heard.last, number);
  }

  summary() {
    const of = ({ seen, first, last, late, repeated }) => ({ first, last, missing: last - first + 1 - seen.size, late, repeated });
    return Object.fromEntries([...this.senders].map(([from, heard]) => [from, of(heard)]));
  }
}

module.exports = { Heard, Load, Sender };
