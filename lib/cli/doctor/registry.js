'use strict';

// The registry that modules on the bus look for: joined for a moment, and the
// members that it knows are asked.

const { connect } = require('../../bus/bus');
const { busOptions } = require('../../bus/config');
const { timeoutSignal } = require('../../common/compat/abort');
const { isOn } = require('../../common/environment');
const { isLoopback, parseHostPort, withoutBrackets, withoutPort } = require('../../common/host-port');
const { messageOf } = require('../../common/errors');
const { setLogger } = require('../../common/log');
const { standings } = require('../support/observer');
const { checkReached, checkStandings } = require('./members');
const { PATIENCE } = require('./network');
const { OTHER_NAME, isOtherName } = require('./places');
const { MEETING } = require('./secrets');

/** What an answer may take where nobody listens, in ms. */
const WHERE_REFUSED = 1_000;
/** Where the next member hosts the registry while its host is stopped: src/registry/places.rs. */
const FURTHER_ON = 10_000;

/** @typedef {import('./report').Report} Report */

/**
 * For the current directory: the secret is that of a module there.
 *
 * @param {{ about: import('./report').About | string, registry?: string, cluster?: string, stands: string }} place
 * @param {(host: string) => import('./hosts').Where} whereIs
 * @param {import('./network').Network} network
 * @param {Report} report
 */
async function checkRegistry({ about, registry, cluster, stands }, whereIs, network, report) {
  setLogger(null);
  let where = String(registry);
  let isNobody = false;
  try {
    const options = { host: false, ...(registry !== undefined && { registry }), ...(cluster !== undefined && { cluster }) };
    where = busOptions('owt-grpc', options).registry;
    const host = withoutBrackets(withoutPort(where));
    const mayHost = isLoopback(host) && isOn('OWT_GRPC_HOST_REGISTRY');
    isNobody = await isRefused(where, mayHost, network);
    if (isNobody) {
      if (mayHost) return report.note(about, `nobody is at ${where} yet${stands}: the first module that starts becomes the registry`, 'start the modules; where `owt-grpc registry` runs at another place, name that: OWT_GRPC_REGISTRY for all modules, or [rabbit]');
      if (whereIs(host) === 'here' && !isLoopback(host)) return report.error(about, ...ownAddress(host, where));
    }
    const bus = await connect({ ...options, signal: timeoutSignal(isNobody ? WHERE_REFUSED : PATIENCE) }, true);
    const { members } = await bus.status();
    const [said] = await Promise.all([standings(bus, PATIENCE), checkReached(bus, members, where, report)]);
    await bus.close();
    report.ok(about, `a registry of the bus answers at ${where}, with ${members.length} member${members.length === 1 ? '' : 's'}`);
    checkStandings(said, where, report);
  } catch (error) {
    const isTimeout = error instanceof Error && error.name === 'TimeoutError';
    const { reason } = /** @type {{ reason?: string | null }} */ (error);
    const why = isTimeout ? reason || (isNobody ? `the connection to ${where} was refused: nobody listens there` : `no answer from ${where} within ${PATIENCE / 1000} s`) : messageOf(error);
    report.error(about, why, adviceFor(why, where));
  }
}

/**
 * Whether nobody listens there, nor where a member would host the registry in its place.
 *
 * @param {string} where
 * @param {boolean} mayHost
 * @param {import('./network').Network} network
 */
async function isRefused(where, mayHost, network) {
  const parsed = parseHostPort(where);
  if (parsed === null || parsed.port === null) return false;
  const { host, port } = parsed;
  const ports = [port, ...(mayHost ? [port + FURTHER_ON, port + 2 * FURTHER_ON] : [])].filter((one) => one <= 65_535);
  const all = await Promise.all(ports.map((one) => network.isRefused(`${host}:${one}`)));
  return all.every(Boolean);
}

/**
 * @param {string} host
 * @param {string} where
 * @returns {[text: string, advice: string]}
 */
function ownAddress(host, where) {
  return [
    `${host} is an address of this machine, where no registry runs, and modules do not become it there: they do on loopback only`,
    `on a single host write localhost; for several, start \`owt-grpc registry --listen ${where}\` before the modules (docs/migrating-from-rabbitmq.md)`,
  ];
}

/**
 * @param {string} why
 * @param {string} where
 */
function adviceFor(why, where) {
  if (/^etcd at .*(refused|in time|leader)/.test(why)) return 'start etcd there, or correct the hosts in OWT_GRPC_REGISTRY';
  if (/etcd.*(password|keys)/.test(why)) return 'correct user and password in OWT_GRPC_REGISTRY, or the rights that etcd gives the user';
  if (/^the secret that this user/.test(why)) return 'do that: nobody joins the bus before';
  if (/\bsecret\b/.test(why)) return secretAdvice(why);
  if (/refused/.test(why)) return `start \`owt-grpc registry --listen ${where}\` there, or correct OWT_GRPC_REGISTRY or [rabbit]`;
  if (/cluster/.test(why)) return 'set OWT_GRPC_CLUSTER to the same name everywhere';
  if (/members would dial it at/.test(why)) return 'do one of these: `owt-grpc certs FOLDER --renew`, with --host for each name and address';
  if (isOtherName(why)) return OTHER_NAME;
  if (/plaintext/.test(why)) return 'docs/tls.md has the steps; OWT_GRPC_INSECURE=1 allows plaintext in a network you trust';
  if (/certificate|TLS/i.test(why)) return 'give both sides certificates of one CA, for the names that are dialed: docs/tls.md';
  return 'correct OWT_GRPC_REGISTRY or [rabbit], or look at the network between';
}

/** A registry reads its secret in the folder that it is started in, as a module does. @param {string} why */
function secretAdvice(why) {
  return /RabbitMQ's password in/.test(why) ? `start the registry in the folder of a module, where that password is stored, if it was started elsewhere; ${MEETING}` : MEETING;
}

module.exports = { checkRegistry };
