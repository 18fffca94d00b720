'use strict';

// TLS as a module in a folder would have it: what is set, whether it can be read
// and used, how long it is valid, whom it is for.

const fs = require('node:fs');
const { isIP } = require('node:net');
const path = require('node:path');
const { messageOf } = require('../../common/errors');
const { native } = require('../../crossing/addon');
const { readMaterial, readSource } = require('../../tls/material');
const { planOfEnvironment } = require('../../tls/plan');
const { TlsError } = require('../../tls/errors');

const DAY = 86_400_000;
/** Days before the end of a certificate. */
const SOON = 30;

const ADVICE = /** @type {Record<string, string>} */ ({
  HALF_SET: 'set all of them, or none for plaintext',
  INVALID: 'correct it',
  FILE: 'correct the path, or let the user that runs the modules read it',
  PASSPHRASE: 'run `owt-grpc auth --grpc --dir FOLDER`, with the folder of the module, and the passphrase that the key was made with',
  STORE: 'repair the store with `owt-grpc auth --grpc`, as the user that runs the module',
  CERTIFICATE: 'make a new one: docs/tls.md has the steps',
});

/**
 * @typedef {import('./report').Report} Report
 * @typedef {import('../../tls/plan').Plan} Plan
 * @typedef {import('../../crossing/native').CertificateFacts} CertificateFacts
 */

/**
 * For the current directory: paths and the store of passphrases count from there.
 *
 * @param {Report} report
 * @param {import('./stores').Store} store of that folder
 * @param {import('./addresses').Name[]} names that others dial this side by
 * @returns {{ isUsable: boolean, lacksPassphrase: boolean }} isUsable: connections can be tried, since TLS is not asked for or can be used;
 *   lacksPassphrase: they cannot, and that is said for all folders at once
 */
function checkCertificates(report, store, names) {
  const found = { isUsable: true, lacksPassphrase: false };
  for (const role of /** @type {const} */ (['server', 'client'])) {
    try {
      const plan = planOfEnvironment(role);
      if (plan === null) {
        report.ok('TLS', 'is not asked for: everything is plaintext');
        return found;
      }
      checkPlan(plan, report, names);
    } catch (error) {
      found.isUsable = false;
      const code = error instanceof TlsError ? error.code : 'CERTIFICATE';
      if (code === 'PASSPHRASE' && !store.passphrases[role]) found.lacksPassphrase = true;
      else {
        const text = messageOf(error);
        // Where each module has the same fault, it is one finding.
        const shared = text.split(`${store.folder}${path.sep}`).join('').split(store.folder).join('.');
        report.error(/OWT_GRPC_\w+/.exec(text)?.[0] ?? 'TLS', shared, ADVICE[code]);
      }
    }
  }
  return found;
}

/**
 * @param {Plan} plan
 * @param {Report} report
 * @param {import('./addresses').Name[]} names
 */
function checkPlan(plan, report, names) {
  const { role, ca, cert, key } = plan;
  if (ca !== null) checkDates(ca, report);
  const leaf = cert === null ? undefined : checkDates(cert, report);
  if (key?.file) checkMode(key.file, key.name, report);
  const material = readMaterial(plan);
  let usable;
  let judgement;
  try {
    usable = new (native().Credentials)(role === 'server', material);
    judgement = native().judgeCertificate(role === 'server', material);
  } catch (error) {
    throw new TlsError('CERTIFICATE', messageOf(error));
  }
  for (const warning of usable.warnings()) report.warn(`TLS of the ${role}`, warning, 'docs/tls.md says what it means');
  if (judgement?.ofIssuer) {
    report.error(String(cert?.name), `is not signed by a CA of ${String(ca?.name)}: others do not accept it (${judgement.text})`, 'make one with that CA, or configure the CA that signed it');
  } else if (judgement) report.error(String(cert?.name), `others do not accept it: ${judgement.text}`, ADVICE.CERTIFICATE);
  if (role === 'server' && leaf !== undefined && material.certificate !== null) checkNames(leaf, material.certificate, String(cert?.file), names, report);
}

/**
 * The certificates of a file by the clock.
 *
 * @param {import('../../tls/plan').Source} source
 * @param {Report} report
 * @returns {CertificateFacts | undefined} what the first one says
 */
function checkDates(source, report) {
  const { name } = source;
  // What is no certificate is told when it is to be used.
  const found = native().readCertificates(readSource(source));
  for (const { notBefore, notAfter } of found) {
    const days = Math.floor((notAfter - Date.now()) / DAY);
    if (notBefore > Date.now()) report.error(name, `is not valid before ${day(notBefore)}`, 'look at the clock of this machine, and of the one that made it');
    else if (days < 0) report.error(name, `expired on ${day(notAfter)}`, ADVICE.CERTIFICATE);
    else if (days < SOON) report.warn(name, `expires on ${day(notAfter)}, in ${days} days`, 'make a new one in time; running modules read it by themselves');
    else report.ok(name, `valid until ${day(notAfter)}`);
  }
  return found[0];
}

/** @param {number} time in ms since 1970; a certificate may name a year that Date does not know */
function day(time) {
  const date = new Date(time);
  return Number.isNaN(date.getTime()) ? `${time / 1000} s after 1970` : date.toISOString().replace('T', ' ').replace('.000Z', ' UTC');
}

/**
 * @param {CertificateFacts} leaf
 * @param {Buffer} chain the leaf is the first of it
 * @param {string} file
 * @param {import('./addresses').Name[]} names
 * @param {Report} report
 */
function checkNames(leaf, chain, file, names, report) {
  for (const { about, host, orAnyName = false } of names) {
    if (host === '0.0.0.0' || host === '') continue;
    const isFor = (/** @type {string} */ one) => native().isCertificateFor(chain, one);
    if (orAnyName && !isFor(host) && (isFor('127.0.0.1') || hostNamesOf(leaf).length > 0)) continue;
    if (isFor(host)) report.ok(about, `the server's certificate is for ${host}`);
    else report.error(about, `others dial ${host}, and OWT_GRPC_SERVER_CERT ${file} is for ${namesOf(leaf)}`, `set it to a name that the certificate is for, or ${renewal(leaf, file, host)}`);
  }
}

/**
 * How to come to a certificate that is for a host, too.
 *
 * @param {CertificateFacts} leaf
 * @param {string} file
 * @param {string} host
 */
function renewal({ dnsNames, addresses }, file, host) {
  const folder = path.dirname(file);
  if (!fs.existsSync(path.join(folder, 'ca.key'))) return `make one with subjectAltName=${isIP(host) ? 'IP' : 'DNS'}:${host}`;
  const hosts = [...dnsNames, ...addresses, host].map((one) => `--host ${one}`).join(' ');
  return `make one that is for it, too: \`owt-grpc certs ${folder} --renew ${hosts}\``;
}

/** @param {CertificateFacts} leaf */
function hostNamesOf({ hasAlternativeNames, commonNames, dnsNames }) {
  return (hasAlternativeNames ? dnsNames : commonNames).filter((name) => !name.includes('*') && isIP(name) === 0);
}

/** @param {CertificateFacts} leaf */
function namesOf({ hasAlternativeNames, commonNames, dnsNames, addresses }) {
  if (!hasAlternativeNames) return `the common name ${commonNames.join(', ') || '(none)'}`;
  return [...dnsNames.map((name) => `DNS:${name}`), ...addresses.map((address) => `IP Address:${address}`)].join(', ') || 'no name';
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
