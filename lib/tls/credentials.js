'use strict';

// Credentials in use, and what keeps them current: their files are looked at now
// and then, and read again when one has changed.

const crypto = require('node:crypto');
const fs = require('node:fs');
const { inspect } = require('node:util');
const { clearInterval, setInterval } = require('../common/clock');
const { native } = require('../crossing/addon');
const { SETTINGS } = require('../common/environment');
const { codeOf, messageOf } = require('../common/errors');
const { INFO, WARN, log } = require('../common/log');
const { TlsError } = require('./errors');
const { filesOf, readMaterial } = require('./material');
const { planForEtcd, planOfEnvironment, planOfOption } = require('./plan');

/** @typedef {import('./plan').Plan} Plan */

class Credentials {
  /** @param {Plan} plan */
  constructor(plan) {
    this.plan = plan;
    /** How many have it and have not ended. */
    this.users = 0;
    /** Of the files when they were read last. */
    this.stamp = stampOf(plan);
    /** They could be used then. */
    this.isUsable = true;
    const material = readMaterial(plan);
    /** What is shown, in PEM. */
    this.certificate = material.certificate;
    this.native = made(() => new (native().Credentials)(plan.role === 'server', material));
    warn(this.native.warnings());
  }

  /** Its user has ended, and needs its files to be looked at no more. */
  release() {
    this.users -= 1;
  }

  /** Whether these are no longer what the files have. */
  isStale() {
    return !this.isUsable || stampOf(this.plan) !== this.stamp;
  }

  /**
   * Reads the files again if one has changed. A pair that cannot be used changes
   * nothing, and the log says so.
   *
   * @returns {boolean} whether new connections are made with something new
   */
  reload() {
    const stamp = stampOf(this.plan);
    if (stamp === this.stamp) return false;
    // Before they are read: what changes meanwhile is seen the next time.
    this.stamp = stamp;
    this.isUsable = false;
    try {
      const material = readMaterial(this.plan);
      warn(made(() => this.native.replace(material)));
      this.certificate = material.certificate;
    } catch (error) {
      log(WARN, `new certificates for the ${this.plan.role} are not used, the former ones are: ${messageOf(error)}`);
      return false;
    }
    this.isUsable = true;
    log(INFO, `new certificates for the ${this.plan.role} are used from now on`);
    return true;
  }

  [inspect.custom]() {
    return `Credentials { role: '${this.plan.role}' }`;
  }
}

/**
 * @template T
 * @param {() => T} make
 * @returns {T}
 */
function made(make) {
  try {
    return make();
  } catch (error) {
    if (error instanceof TlsError) throw error;
    throw new TlsError('CERTIFICATE', messageOf(error));
  }
}

/**
 * Changes when a file does.
 *
 * @param {Plan} plan
 */
function stampOf(plan) {
  return filesOf(plan).map(stampOfFile).join(' ');
}

/** @param {string} file */
function stampOfFile(file) {
  try {
    const { ino, size, mtimeNs, ctimeNs } = fs.statSync(file, { bigint: true });
    // ctime: a file that becomes readable has the content that it had.
    return `${ino}:${size}:${mtimeNs}:${ctimeNs}`;
  } catch (error) {
    return codeOf(error);
  }
}

/** Both sides read the same CAs: what there is to say of them is said once. @type {Set<string>} */
const warned = new Set();

/** @param {string[]} warnings */
function warn(warnings) {
  for (const warning of warnings) {
    if (!warned.has(warning)) log(WARN, warning);
    warned.add(warning);
  }
}

/**
 * By what they are made of: clients of one kind share credentials, and so their
 * connections. Held by those who use them.
 *
 * @type {Map<string, WeakRef<Credentials>>}
 */
const known = new Map();

/** @param {Plan} plan */
function keyOf(plan) {
  const hash = crypto.createHash('sha256');
  const part = (/** @type {import('./plan').Source | null} */ source) => source && [source.file, source.pem?.toString('latin1')];
  const { role, ca, cert, key, passphrase, store, clientAuth, strict, pair } = plan;
  hash.update(JSON.stringify([role, part(ca), part(cert), part(key), passphrase?.reveal(), store, clientAuth, strict, pair]));
  return hash.digest('base64');
}

/** @param {Plan} plan */
function shared(plan) {
  const key = keyOf(plan);
  let credentials = known.get(key)?.deref();
  // Without users nobody depends on the former files: what is wrong with the new
  // ones is an error. What is as it was is used again, and what TLS remembers.
  if (credentials === undefined || (credentials.users === 0 && credentials.isStale())) {
    credentials = new Credentials(plan);
    known.set(key, new WeakRef(credentials));
    keepCurrent();
  } else {
    // Who begins now begins with the files of now, as the others go on with them.
    credentials.reload();
  }
  credentials.users += 1;
  return credentials;
}

/** @type {NodeJS.Timeout | undefined} */
let checking;

function keepCurrent() {
  if (checking !== undefined) return;
  const every = Number(process.env.OWT_GRPC_TLS_CHECK_MS) || SETTINGS.OWT_GRPC_TLS_CHECK_MS.default;
  checking = setInterval(reloadCredentials, Math.max(every, 50));
  checking.unref();
}

/**
 * Looks at the files of all certificates in use now, and not only at the next
 * interval.
 *
 * @returns {boolean} whether any was read anew
 */
function reloadCredentials() {
  let any = false;
  for (const [key, reference] of known) {
    const credentials = reference.deref();
    if (credentials === undefined) known.delete(key);
    else if (credentials.users > 0 && credentials.reload()) any = true;
  }
  if (known.size === 0) {
    clearInterval(checking);
    checking = undefined;
  }
  return any;
}

/**
 * What is shown to others now, by those that somebody uses.
 *
 * @returns {{ role: 'server' | 'client', file: string, notAfter: number }[]} the file is empty for what is no file; notAfter is in ms since 1970
 */
function certificatesInUse() {
  const all = [...known.values()].map((reference) => reference.deref());
  return all.flatMap((credentials) => {
    if (credentials === undefined || credentials.users === 0 || credentials.certificate === null) return [];
    const [first] = native().readCertificates(credentials.certificate);
    const { role, cert } = credentials.plan;
    return first === undefined ? [] : [{ role, file: cert?.file ?? '', notAfter: first.notAfter }];
  });
}

/**
 * The credentials of one side; null for plaintext, which nothing asks to be
 * encrypted.
 *
 * @param {string} owner whose option it is, for errors
 * @param {'server' | 'client'} role
 * @param {any} tls the option; the environment counts if there is none
 * @param {string} [option] what it is called where it is set
 * @returns {Credentials | null}
 * @throws {TlsError}
 */
function credentialsOf(owner, role, tls, option) {
  if (tls === false) return null;
  const plan = tls == null ? planOfEnvironment(role) : planOfOption(owner, role, tls, option);
  return plan === null ? null : shared(plan);
}

/**
 * What etcd is dialed with by the environment; null for plaintext.
 *
 * @returns {Credentials | null}
 * @throws {TlsError}
 */
function etcdCredentialsOfEnvironment() {
  const plan = planForEtcd();
  return plan === null ? null : shared(plan);
}

module.exports = { Credentials, certificatesInUse, credentialsOf, etcdCredentialsOfEnvironment, reloadCredentials };
