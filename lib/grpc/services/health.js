'use strict';

// gRPC's health service of one server: the state of what it serves, and who
// watches it.

const { status } = require('../../common/status');
const { STOPPING, quoted } = require('./texts');

const HEALTH = 'grpc.health.v1.Health';

/** What a service can be set to. */
const STATES = ['SERVING', 'NOT_SERVING', 'UNKNOWN'];

/** The server as a whole. */
const OVERALL = '';

class Health {
  constructor() {
    /** @type {Map<string, string>} by full service name */
    this.states = new Map([[OVERALL, 'SERVING']]);
    /** @type {Map<any, () => void>} open Watch calls, and what tells each its state */
    this.watchers = new Map();
    this.stopped = false;
  }

  /** @param {string} service its full name; serving, unless something else has been said of it */
  add(service) {
    if (!this.states.has(service)) this.set(service, 'SERVING');
  }

  /**
   * @param {string} service
   * @param {string} state
   */
  set(service, state) {
    if (!STATES.includes(state)) {
      throw new TypeError(`setHealth('${service}'): the state must be one of ${STATES.join(', ')}, not ${String(state)}`);
    }
    if (this.stopped) return;
    this.states.set(service, state);
    for (const tell of this.watchers.values()) tell();
  }

  /** Nothing serves from here on, whatever is set later: watchers are told, and let go. */
  stop() {
    for (const service of this.states.keys()) this.set(service, 'NOT_SERVING');
    this.stopped = true;
    for (const call of this.watchers.keys()) call.emit('error', STOPPING);
  }

  // Handlers.

  /** @param {any} call @param {(error: any, reply?: any) => void} callback */
  check({ request: { service } }, callback) {
    const state = this.states.get(service);
    if (state !== undefined) callback(null, { status: state });
    else callback({ code: status.NOT_FOUND, details: `This server knows of no service ${quoted(service)}` });
  }

  list() {
    return { statuses: Object.fromEntries([...this.states].map(([service, state]) => [service, { status: state }])) };
  }

  /** @param {any} call */
  watch(call) {
    const { service } = call.request;
    /** @type {string | undefined} */
    let told;
    let full = false;
    // A client that does not read is told the latest state when it does.
    const tell = () => {
      const state = this.states.get(service) ?? 'SERVICE_UNKNOWN';
      if (full || state === told) return;
      told = state;
      full = !call.write({ status: state });
    };
    call.on('drain', () => {
      full = false;
      tell();
    });
    call.on('close', () => this.watchers.delete(call));
    if (this.stopped) {
      tell();
      call.emit('error', STOPPING);
      return;
    }
    this.watchers.set(call, tell);
    tell();
  }
}

module.exports = { HEALTH, Health };
