'use strict';

// The environment variables, and what this machine is.

const { clusterOf, busOptions } = require('../../bus/config');
const { SETTINGS, isOn } = require('../../common/environment');
const { messageOf } = require('../../common/errors');
const { AddonError, native } = require('../../crossing/addon');
const { proxyFor } = require('../../grpc/proxy');
const { TlsError } = require('../../tls/errors');
const { hint } = require('../../common/did-you-mean');
const { printable } = require('../support/printable');

const KNOWN = Object.keys(SETTINGS);
const MEANING = { required: 'and others have to prove it', accepted: 'and those who do not prove it are let in and named', offered: 'and those who do not prove it are let in' };
/** @type {readonly string[]} */
const LEVELS = SETTINGS.OWT_GRPC_LOG.choices;

/** What names the port of RabbitMQ. */
const BROKER = /^[^/]*:5672$/;
/** Before this the package did not exist. */
const OLDEST = Date.UTC(2025, 0, 1);

/**
 * For the current directory, as a module that starts there has them.
 *
 * @param {import('./report').Report} report
 * @returns {{ loads: boolean, isUsable: boolean }} loads: the addon, without which no certificate is read and nothing dialed; isUsable: a member of the
 *   bus can start with these settings
 */
function checkSettings(report) {
  const { env } = process;
  const loads = checkMachine(report);
  for (const name of Object.keys(env).filter((name) => name.startsWith('OWT_GRPC_') && !KNOWN.includes(name)).sort()) {
    report.warn(printable(name), `is set and not known${hint(name, KNOWN)}`, 'correct its name, or remove it');
  }
  if (BROKER.test(env.OWT_GRPC_REGISTRY ?? '')) report.warn('OWT_GRPC_REGISTRY', 'names port 5672, which is the broker\'s: only in [rabbit] it stands for the registry\'s', 'name the port of the registry, such as 5680');
  const isUsable = checkBus(report);
  const level = env.OWT_GRPC_LOG;
  if (level && !LEVELS.includes(level)) report.warn('OWT_GRPC_LOG', 'is no level: warnings are logged, as without it', `set it to one of ${LEVELS.join(', ')}`);
  if (isOn('OWT_GRPC_INSECURE')) report.warn('OWT_GRPC_INSECURE', 'the bus may leave this machine in plaintext', 'set up TLS (docs/tls.md) and remove it, unless you trust the network');
  try {
    const { proxy } = proxyFor(undefined, env, 'a.example:1');
    if (proxy !== null) report.warn('GRPC_ARG_HTTP_PROXY', `gRPC calls go through the HTTP proxy ${proxy}`, 'unset it if the modules reach each other directly');
  } catch (error) {
    report.error('GRPC_ARG_HTTP_PROXY', messageOf(error), 'correct the variable, or unset GRPC_ARG_HTTP_PROXY');
  }
  return { loads, isUsable };
}

/** @param {import('./report').Report} report */
function checkMachine(report) {
  // On one that is too old the command says so, and none of this is read.
  report.ok('node', process.versions.node);
  if (Date.now() < OLDEST) report.error('clock', `it is ${new Date().toISOString()} here`, 'set the clock: certificates are judged by it');
  else report.ok('clock', new Date().toISOString());
  try {
    native();
    report.ok('addon', `loads on ${process.platform}-${process.arch}`);
    return true;
  } catch (error) {
    if (!(error instanceof AddonError)) throw error;
    report.error('addon', error.what, error.remedy);
    return false;
  }
}

/**
 * @param {import('./report').Report} report
 * @returns {boolean} whether they can be used, but for TLS, which is told where certificates are looked at
 */
function checkBus(report) {
  try {
    const { secret, operator } = busOptions('owt-grpc', undefined);
    if (secret !== null) report.ok('secret', `the cluster's is ${secret.source}, ${MEANING[secret.mode]}`);
    if (operator !== null) checkOperator(operator, secret, report);
    if (process.env.OWT_GRPC_CLUSTER) report.ok('OWT_GRPC_CLUSTER', `the bus is that of the cluster ${printable(clusterOf(undefined))}`);
    return true;
  } catch (error) {
    if (error instanceof TlsError) return true;
    const text = messageOf(error);
    // That one is in no setting: the text ends with those that would take its place.
    const setting = /^the secret that this user/.test(text) ? 'secret' : /OWT_GRPC_\w+/.exec(text)?.[0];
    report.error(setting ?? 'environment', text, 'correct it');
    return false;
  }
}

/**
 * @param {import('../../bus/secret').Found} operator
 * @param {import('../../bus/secret').ClusterSecret | null} secret
 * @param {import('./report').Report} report
 */
function checkOperator(operator, secret, report) {
  const [texts, others] = [operator, secret].map((one) => one?.texts.reveal() ?? []);
  if (texts.some((text) => others.includes(text))) {
    report.warn('operator', `the operator's secret (${operator.source}) is the cluster's, too: it keeps nobody out`, 'take another one: openssl rand -base64 24');
  } else report.ok('operator', `the operator's secret is ${operator.source}: \`tap\` and \`rpc\` have to prove it`);
}

module.exports = { checkSettings };
