'use strict';

// Tries what is configured: dials it, and binds what is to be bound.

const net = require('node:net');
const { connect } = require('../../bus/bus');
const { busOptions } = require('../../bus/config');
const { createClient } = require('../../grpc/client/client');
const { timeoutSignal } = require('../../common/compat/abort');
const { isOn } = require('../../common/environment');
const { isLoopback, parseHostPort, withoutBrackets, withoutPort } = require('../../common/host-port');
const { messageOf } = require('../../common/errors');
const { status } = require('../../common/status');
const { RpcError } = require('../../grpc/rpc-error');
const { setLogger } = require('../../common/log');
const { operatorSecret } = require('../../bus/secret');
const { standings } = require('../support/observer');
const { MEETING } = require('./secrets');

/** What an answer may take, in ms. */
const PATIENCE = 3_000;
/** The same of a registry at whose place nobody listens: it may be at one of the two behind it. */
const WHERE_REFUSED = 1_000;

/** @typedef {import('./report').Report} Report */

/**
 * A gRPC server may not have the method: that it says so shows what it is.
 *
 * @param {string} target host:port
 * @returns {Promise<string>} empty if a gRPC server answers, otherwise why not
 */
async function probe(target) {
  let client;
  try {
    client = createClient('grpc.health.v1.Health', target);
    await client.check({}, { timeout: PATIENCE });
    return '';
  } catch (error) {
    const isAnswer = error instanceof RpcError && error.code !== status.UNAVAILABLE && error.code !== status.DEADLINE_EXCEEDED;
    if (isAnswer) return '';
    return error instanceof RpcError ? error.details : messageOf(error);
  } finally {
    client?.close();
  }
}

/**
 * @param {{ setting: string, target: string }[]} places
 * @param {Report} report
 */
async function checkDialed(places, report) {
  await Promise.all(places.map(async ({ setting, target }) => {
    const why = await probe(target);
    if (why === '') report.ok(setting, `a gRPC server answers at ${target}`);
    else report.error(setting, why, adviceFor(why, target));
  }));
}

/**
 * @param {string} why
 * @param {string} target
 */
function adviceFor(why, target) {
  if (/refused/.test(why)) return `start the module that serves ${target}, or correct the setting`;
  if (/certificate|TLS|handshake/i.test(why)) return 'give both sides certificates of one CA, for the names that are dialed; or plaintext to both';
  if (/expected host:port/.test(why)) return 'write it as host:port';
  if (/HTTP|speak/.test(why)) return 'another program has that port: correct the setting, or move it';
  return 'correct the setting, or look at the network between';
}

/**
 * @param {{ setting: string, port: number }[]} places
 * @param {Report} report
 */
async function checkListening(places, report) {
  for (const { setting, port } of places) {
    if (!Number.isInteger(port) || port < 1 || port > 65535) {
      report.error(setting, 'has no port from 1 to 65535', 'correct it');
      continue;
    }
    const code = await bindable(port);
    if (code === '') report.ok(setting, `port ${port} is free`);
    else if (code !== 'EADDRINUSE') report.error(setting, `port ${port} cannot be listened on: ${code}`, code === 'EACCES' ? 'use a port from 1024 on' : 'correct it');
    else {
      const why = await probe(`localhost:${port}`);
      if (why === '') report.ok(setting, `a gRPC server listens on port ${port} already`);
      else report.error(setting, `port ${port} is taken by another program: ${why}`, 'stop that program, or use another port in all files that name it');
    }
  }
}

/**
 * @param {number} port
 * @returns {Promise<string>} empty, or the error's code
 */
function bindable(port) {
  return new Promise((resolve) => {
    const server = net.createServer();
    server.once('error', (/** @type {NodeJS.ErrnoException} */ error) => resolve(error.code ?? 'unknown'));
    server.listen({ port, host: '0.0.0.0', exclusive: true }, () => server.close(() => resolve('')));
  });
}

/**
 * Whether nobody listens there, and the machine says so at once. Of etcd and of what is
 * no address it is not known.
 *
 * @param {string} where
 * @returns {Promise<boolean>}
 */
function isRefused(where) {
  const parsed = parseHostPort(where);
  if (parsed === null || parsed.port === null) return Promise.resolve(false);
  const { host, port } = parsed;
  return new Promise((resolve) => {
    const socket = net.connect({ host: withoutBrackets(host), port, timeout: WHERE_REFUSED });
    const done = (/** @type {boolean} */ is) => {
      socket.destroy();
      resolve(is);
    };
    socket.on('connect', () => done(false)).on('timeout', () => done(false)).on('error', (/** @type {NodeJS.ErrnoException} */ error) => done(error.code === 'ECONNREFUSED'));
  });
}

/**
 * Joins the bus for a moment, never as its registry.
 *
 * @param {{ setting: string, registry?: string }} place
 * @param {Report} report
 */
async function checkRegistry({ setting, registry }, report) {
  setLogger(null);
  let where = String(registry);
  let patience = PATIENCE;
  try {
    const options = { host: false, ...(registry !== undefined && { registry }) };
    where = busOptions('owt-grpc', options).registry;
    patience = (await isRefused(where)) ? WHERE_REFUSED : PATIENCE;
    const bus = await connect({ ...options, signal: timeoutSignal(patience) }, true);
    const { members } = await bus.status();
    const said = await standings(bus, PATIENCE);
    await bus.close();
    report.ok(setting, `a registry of the bus answers at ${where}, with ${members.length} members`);
    checkStandings(said, where, report);
  } catch (error) {
    const isTimeout = error instanceof Error && error.name === 'TimeoutError';
    const { reason } = /** @type {{ reason?: string | null }} */ (error);
    const why = isTimeout ? reason || `no answer from ${where} within ${patience / 1000} s` : messageOf(error);
    const isHere = isLoopback(withoutPort(where));
    if (isTimeout && isHere && isOn('OWT_GRPC_HOST_REGISTRY') && /refused/.test(why)) report.ok(setting, `nobody is at ${where} yet: the first member becomes the registry`);
    else report.error(setting, why, registryAdvice(why));
  }
}

/**
 * Whether the members that run have the operator's secret that is set here.
 *
 * @param {import('../support/observer').Standing[]} all
 * @param {string} where their registry
 * @param {Report} report
 */
function checkStandings(all, where, report) {
  const of = (/** @type {{ length: number }} */ some) => `${some.length} of ${all.length} members at ${where}`;
  const refusing = all.filter(({ refusal }) => refusal !== null);
  const open = all.filter(({ asks }) => !asks);
  if (refusing.length > 0) report.warn('operator', `${of(refusing)} refuse \`tap\` and \`rpc\` from here: ${refusing[0].refusal}`, 'set it to the same here and there');
  else if (open.length === 0 && all.length > 0) report.ok('operator', `${of(all)} have the operator's secret that is set here`);
  if (open.length > 0 && (open.length < all.length || operatorSecret('owt-grpc', undefined) !== null)) {
    report.warn('operator', `${of(open)} ask for no operator's secret: whoever is a member may look at what they are handed`, 'set OWT_GRPC_OPERATOR_SECRET for all of them, and start them anew');
  }
}

/** @param {string} why */
function registryAdvice(why) {
  if (/^etcd at .*(refused|in time|leader)/.test(why)) return 'start etcd there, or correct the hosts in OWT_GRPC_REGISTRY';
  if (/etcd.*(password|keys)/.test(why)) return 'correct user and password in OWT_GRPC_REGISTRY, or the rights that etcd gives the user';
  if (/^the secret that this user/.test(why)) return 'do that: nobody joins the bus before';
  if (/\bsecret\b/.test(why)) return MEETING;
  if (/refused/.test(why)) return 'start `owt-grpc registry` there, or correct OWT_GRPC_REGISTRY';
  if (/cluster/.test(why)) return 'set OWT_GRPC_CLUSTER to the same name everywhere';
  if (/plaintext|certificate|TLS/i.test(why)) return 'docs/tls.md has the steps; OWT_GRPC_INSECURE=1 allows plaintext in a network you trust';
  return 'correct OWT_GRPC_REGISTRY or [rabbit], or look at the network between';
}

module.exports = { checkDialed, checkListening, checkRegistry };
