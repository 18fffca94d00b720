'use strict';

// A member of the bus that looks on: it never becomes the registry, and it asks
// members for what they know of themselves.

const { performance } = require('node:perf_hooks');
const { connect } = require('../../bus/bus');
const { busOptions } = require('../../bus/config');
const { BusError, describe } = require('../../bus/errors');
const { timeoutSignal } = require('../../common/compat/abort');
const { messageOf } = require('../../common/errors');
const { setLogger } = require('../../common/log');
const { TlsError } = require('../../tls/errors');
const { CommandError, UsageError } = require('./errors');

const BUS_OPTIONS = /** @type {const} */ ({ registry: 'value', cluster: 'value' });

const BUS_HELP = `  --registry H:P   Where the registry is, or etcd://…, in place of OWT_GRPC_REGISTRY and of localhost:5680
  --cluster NAME   Its cluster, in place of OWT_GRPC_CLUSTER and of owt`;

/** What finding the registry may take, in ms. */
const PATIENCE = 5_000;

/**
 * @param {Record<string, any>} options of the command line; they go before the environment
 * @param {{ patience?: number }} [how]
 * @returns {Promise<{ bus: import('../../bus/bus').Bus, registry: string, named: string }>} where the registry is, and what says so
 */
async function observe({ registry, cluster }, { patience = PATIENCE } = {}) {
  const named = registry !== undefined ? '--registry' : process.env.OWT_GRPC_REGISTRY ? 'OWT_GRPC_REGISTRY' : 'the default';
  if (registry !== undefined) process.env.OWT_GRPC_REGISTRY = registry;
  if (cluster !== undefined) process.env.OWT_GRPC_CLUSTER = cluster;
  // Nothing but the command's own words; why there is no registry, the error knows.
  setLogger(null);
  const where = checked();
  try {
    const bus = await connect({ host: false, signal: timeoutSignal(patience) }, true);
    return { bus, registry: where, named };
  } catch (error) {
    if (error instanceof BusError) throw new CommandError(error.message);
    const { reason } = /** @type {{ reason?: string | null }} */ (error);
    const why = reason ? `: ${reason}` : '';
    throw new CommandError(`no registry of the bus at ${where} (${named}) within ${patience / 1000} s${why}. ${adviceFor(where)} --registry${named === 'the default' ? ' or OWT_GRPC_REGISTRY' : ''} names another place`);
  }
}

/** @param {string} where */
const adviceFor = (where) => (where.startsWith('etcd:') ? 'Has that etcd a majority, and is it reached from here?' : 'Does a member run, or `owt-grpc registry`?');

/** Where the registry is. What is wrong with the settings is said as it is everywhere. */
function checked() {
  try {
    return busOptions('owt-grpc', undefined).registry;
  } catch (error) {
    if (error instanceof TlsError) throw new CommandError(error.message);
    throw new UsageError(messageOf(error));
  }
}

/**
 * One call, with all that its last reply has: OWT's handlers put a failure into
 * a reply.
 *
 * @param {import('../../bus/bus').Bus} bus
 * @param {string} id
 * @param {string} method
 * @param {any[]} args
 * @param {number} timeout ms
 * @returns {Promise<{ data: any, err: any, failed: boolean }>} rejects with a BusError
 */
function ask(bus, id, method, args, timeout) {
  const about = { to: id, method, since: performance.now() };
  return new Promise((resolve, reject) => {
    bus.connection.call(id, method, args, timeout, {
      many: false,
      onReply: (_, data, err, failed) => resolve({ data, err, failed }),
      onFailed: (why, detail) => {
        const { code, message } = describe(why, detail, about);
        reject(Object.assign(new BusError(code, message, { id, method }), { detail }));
      },
    });
  });
}

/**
 * What a member knows of itself, and of others the links to them. Its native side
 * answers, so also while its JavaScript is blocked. Releases before this one do not
 * know that it can be brief.
 *
 * @param {import('../../bus/bus').Bus} bus
 * @param {string} member
 * @param {number} timeout ms
 * @returns {Promise<any>} see src/bus/member/status.rs
 */
async function statusOf(bus, member, timeout) {
  const { data, err, failed } = await ask(bus, `!${member}`, 'status', ['brief'], timeout);
  if (failed) throw new BusError('HANDLER', String(err));
  return data;
}

/** The exchange of copies: see src/bus/member/tap.rs. */
const TAP = 'owt-grpc.tap';

/**
 * What a member says of the operator's secret.
 *
 * @typedef {object} Standing
 * @property {string} member
 * @property {boolean} asks it asks for the secret
 * @property {string | null} refusal why this command may not look nor call there
 */

/**
 * What members say of the operator's secret that have something to be seen. Of a release that knows of none, they ask for none;
 * those that do not answer in time are left out.
 *
 * @param {import('../../bus/bus').Bus} bus
 * @param {number} timeout ms
 * @returns {Promise<Standing[]>}
 */
async function standings(bus, timeout) {
  const { members } = await bus.status();
  const isHandedAnything = (/** @type {any} */ { ids, subscriptions }) => ids.length > 0 || subscriptions.some((/** @type {any} */ { exchange }) => exchange !== TAP);
  const all = members.filter(isHandedAnything).map(async (/** @type {any} */ { member }) => {
    try {
      const { data, failed } = await ask(bus, `!${member}`, 'operator', [], timeout);
      return { member, asks: !failed && data?.asks === true, refusal: null };
    } catch (error) {
      const { code, detail } = /** @type {any} */ (error);
      return code === 'REFUSED' ? { member, asks: true, refusal: String(detail) } : null;
    }
  });
  return (await Promise.all(all)).filter((one) => one !== null);
}

module.exports = { BUS_HELP, BUS_OPTIONS, TAP, ask, observe, standings, statusOf };
