'use strict';

// Where etcd is, if the registry is on it, and who this member is there:
// `etcd://user:password@h1:2379,h2:2379/prefix`, and options.

const { Secret } = require('../credentials/secret');
const { checkedOptions } = require('../common/options');
const { credentialsOf, etcdCredentialsOfEnvironment } = require('../tls/credentials');
const { hostAndPort } = require('../common/host-port');

const DEFAULT_PORT = 2379;
const DEFAULT_PREFIX = '/owt-grpc';
const SCHEME = 'etcd://';
const EXAMPLE = 'etcd://10.0.0.5:2379,10.0.0.6:2379/owt-grpc';

const OPTIONS = ['user', 'password', 'tls'];

/** @typedef {{ user?: string, password?: string, tls?: any }} EtcdOptions */

/**
 * Where a registry on etcd is.
 *
 * @typedef {object} EtcdAddress
 * @property {string[]} endpoints host:port
 * @property {string} prefix begins with a slash and does not end with one
 * @property {string | null} user
 * @property {Secret<string> | null} password
 */

/** @param {string} text */
const isEtcd = (text) => /^etcds?:/i.test(text);

/**
 * @param {string} owner for errors
 * @param {string} text the URL; what goes into an error has no password
 * @param {string} what whose setting it is
 * @param {EtcdOptions | undefined} given
 * @returns {{ etcd: EtcdAddress, registry: string, registryName: null }} registry for people
 */
function etcdAddress(owner, text, what, given) {
  // All that may be a password is hidden, however the rest is written.
  const shown = `${what} ${JSON.stringify(text.replace(/\/\/.*@/s, '//…@'))}`;
  const fail = (/** @type {string} */ problem) => new TypeError(`${shown} ${problem}, such as ${EXAMPLE}`);
  if (!text.startsWith(SCHEME)) throw fail('must begin with etcd:// (it is certificates that make it TLS)');
  const [, authority, path] = /** @type {RegExpExecArray} */ (/^([^/]*)(.*)$/s.exec(text.slice(SCHEME.length)));
  if (path.includes('@')) throw fail('has an @ behind a slash: write / in a user or password as %2F');
  const at = authority.lastIndexOf('@');
  const [login, hosts] = at === -1 ? ['', authority] : [authority.slice(0, at), authority.slice(at + 1)];
  if (/[?#\s]/.test(hosts + path)) throw fail('has a ?, # or blank in it: it is hosts and a prefix');
  if (hosts === '') throw fail('names no host');
  const endpoints = hosts.split(',').map((host) => {
    if (host === '') throw fail('has a comma without a host');
    const endpoint = hostAndPort(host, `${shown}: its host`, DEFAULT_PORT);
    return `${endpoint.host}:${endpoint.port ?? DEFAULT_PORT}`;
  });
  const prefix = path.replace(/\/+$/, '') || DEFAULT_PREFIX;
  const etcd = { endpoints, prefix, ...loginOf(owner, login, shown, given) };
  return { etcd, registry: `${SCHEME}${endpoints.join(',')}${prefix}`, registryName: null };
}

/**
 * The URL goes before the options, as all that may come from the environment.
 *
 * @param {string} owner
 * @param {string} login user:password, percent-encoded, or empty
 * @param {string} shown
 * @param {EtcdOptions | undefined} given
 */
function loginOf(owner, login, shown, given) {
  const options = checkedOptions(`${owner}: option etcd`, given, OPTIONS);
  for (const name of ['user', 'password']) {
    // Its value is not shown: it may be a password of the wrong type.
    if (options[name] != null && typeof options[name] !== 'string') throw new TypeError(`${owner}: option etcd.${name} must be a text`);
  }
  let { user = null, password = null } = options;
  if (login !== '') {
    const colon = login.indexOf(':');
    const parts = colon === -1 ? [login] : [login.slice(0, colon), login.slice(colon + 1)];
    try {
      [user, password = null] = parts.map(decodeURIComponent);
    } catch {
      throw new TypeError(`${shown} has a user or password that is not percent-encoded: write % as %25`);
    }
  }
  if (password !== null && !user) throw new TypeError(`${shown} has a password for etcd and no user`);
  if (user && password === null) throw new TypeError(`${shown} has a user for etcd and no password: write etcd://user:password@host, or set option etcd.password`);
  return { user, password: password === null ? null : new Secret(password) };
}

/**
 * TLS to etcd: by the option, or by the environment; null for plaintext.
 *
 * @param {string} owner
 * @param {EtcdOptions | undefined} given
 */
function etcdCredentials(owner, given) {
  if (given?.tls != null) return credentialsOf(`${owner}: option etcd`, 'client', given.tls, 'etcd.tls');
  return etcdCredentialsOfEnvironment();
}

/**
 * As the native side takes it: the one place where the password is seen.
 *
 * @param {EtcdAddress | null} etcd
 */
const revealed = (etcd) => etcd && { ...etcd, password: etcd.password?.reveal() ?? null };

module.exports = { etcdCredentials, etcdAddress, isEtcd, revealed };
