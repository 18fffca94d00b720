'use strict';

// TLS as a module in a folder would have it: what is set, whether it can be read
// and used, how long it is valid, whom it is for.

const { X509Certificate } = require('node:crypto');
const fs = require('node:fs');
const { isIP } = require('node:net');
const { messageOf } = require('../../errors');
const { native } = require('../../native');
const { readMaterial } = require('../../tls/material');
const { planOfEnvironment } = require('../../tls/plan');
const { TlsError } = require('../../tls/errors');

const DAY = 86_400_000;
/** Days before the end of a certificate. */
const SOON = 30;
const BLOCK = /-----BEGIN CERTIFICATE-----[^]+?-----END CERTIFICATE-----/g;

const ADVICE = /** @type {Record<string, string>} */ ({
  HALF_SET: 'set all of them, or none for plaintext',
  INVALID: 'correct it',
  FILE: 'correct the path, or let the user that runs the modules read it',
  PASSPHRASE: 'run `owt-grpc auth --grpc` in the folder of the module',
  STORE: 'repair the store with `owt-grpc auth --grpc`, as the user that runs the module',
  CERTIFICATE: 'make a new one: docs/tls.md has the steps',
});

/** @typedef {import('./report').Report} Report @typedef {import('../../tls/plan').Plan} Plan */

/**
 * For the current directory: paths and the store of passphrases count from there.
 *
 * @param {Report} report
 * @param {{ setting: string, host: string }[]} names that others dial this side by
 * @returns {boolean} whether connections can be tried: TLS is not asked for, or can be used
 */
function checkCertificates(report, names) {
  let isUsable = true;
  for (const role of /** @type {const} */ (['server', 'client'])) {
    try {
      const plan = planOfEnvironment(role);
      if (plan === null) {
        report.ok('TLS', 'is not asked for: everything is plaintext');
        return true;
      }
      checkPlan(plan, report, names);
    } catch (error) {
      isUsable = false;
      const code = error instanceof TlsError ? error.code : 'CERTIFICATE';
      const text = messageOf(error);
      report.error(/OWT_GRPC_\w+/.exec(text)?.[0] ?? 'TLS', text, ADVICE[code]);
    }
  }
  return isUsable;
}

/**
 * @param {Plan} plan
 * @param {Report} report
 * @param {{ setting: string, host: string }[]} names
 */
function checkPlan(plan, report, names) {
  const { role, ca, cert, key } = plan;
  const roots = ca === null ? [] : dated(ca, report);
  const [leaf] = cert === null ? [] : dated(cert, report);
  if (key?.file) checkMode(key.file, key.name, report);
  const material = readMaterial(plan);
  let usable;
  try {
    usable = new (native().Credentials)(role === 'server', material);
  } catch (error) {
    throw new TlsError('CERTIFICATE', messageOf(error));
  }
  for (const warning of usable.warnings()) report.warn(`TLS of the ${role}`, warning, 'docs/tls.md says what it means');
  const isSigned = leaf === undefined || roots.length === 0 || roots.some((root) => leaf.checkIssued(root) && leaf.verify(root.publicKey));
  const isChain = String(material.certificate?.toString('latin1')).match(BLOCK)?.length !== 1;
  if (!isSigned && !isChain) {
    report.error(String(cert?.name), `is not signed by a CA of ${String(ca?.name)}: others do not accept it`, 'make one with that CA, or configure the CA that signed it');
  }
  if (role === 'server' && leaf !== undefined) checkNames(leaf, String(cert?.name), names, report);
}

/**
 * The certificates of a file, judged by the clock.
 *
 * @param {import('../../tls/plan').Source} source
 * @param {Report} report
 */
function dated({ name, file }, report) {
  if (file === null || !fs.existsSync(file)) return [];
  const blocks = fs.readFileSync(file, 'latin1').match(BLOCK) ?? [];
  const found = [];
  for (const block of blocks) {
    try {
      found.push(new X509Certificate(block));
    } catch (_error) {
      // The native side reads it as well, and says what is wrong.
    }
  }
  for (const { validFrom, validTo } of found) {
    const days = Math.floor((Date.parse(validTo) - Date.now()) / DAY);
    if (Date.parse(validFrom) > Date.now()) report.error(name, `is not valid before ${validFrom}`, 'look at the clock of this machine, and of the one that made it');
    else if (days < 0) report.error(name, `expired on ${validTo}`, ADVICE.CERTIFICATE);
    else if (days < SOON) report.warn(name, `expires on ${validTo}, in ${days} days`, 'make a new one in time; running modules read it by themselves');
    else report.ok(name, `valid until ${validTo}`);
  }
  return found;
}

/**
 * @param {X509Certificate} leaf
 * @param {string} setting
 * @param {{ setting: string, host: string }[]} names
 * @param {Report} report
 */
function checkNames(leaf, setting, names, report) {
  for (const { setting: source, host } of names) {
    if (host === '0.0.0.0' || host === '') continue;
    const isFor = isIP(host) ? leaf.checkIP(host) : leaf.checkHost(host);
    const names = leaf.subjectAltName ?? `the common name ${/^CN=(.*)$/m.exec(leaf.subject)?.[1] ?? '(none)'}`;
    if (isFor === undefined) {
      report.error(source, `others dial ${host}, and ${setting} is for ${names}`, `set it to a name that the certificate is for, or make one with subjectAltName=${isIP(host) ? 'IP' : 'DNS'}:${host}`);
    } else report.ok(source, `the server's certificate is for ${host}`);
  }
}

/**
 * @param {string} file
 * @param {string} setting
 * @param {Report} report
 */
function checkMode(file, setting, report) {
  const stat = fs.statSync(file, { throwIfNoEntry: false });
  if (process.platform === 'win32' || stat === undefined || (stat.mode & 0o077) === 0) return;
  report.warn(setting, `can be read or written by others than its owner (mode ${(stat.mode & 0o777).toString(8)})`, `chmod 600 ${file}`);
}

module.exports = { checkCertificates, checkMode };
