'use strict';

// Whether a client goes through an HTTP proxy, and through which. The variables
// are read and matched as @grpc/grpc-js 1.14 does it; a value that names no
// proxy is an error here, where it is ignored there. No text has the password.

const { isIPv4 } = require('node:net');

/** The first that is set counts. */
const PROXY_VARIABLES = ['grpc_proxy', 'https_proxy', 'http_proxy'];
const EXCEPTION_VARIABLES = ['no_grpc_proxy', 'no_proxy'];

/**
 * What the native side is given: host:port, and `user:password` decoded. Null
 * for none.
 *
 * @typedef {{ proxy: string | null, proxyCredentials: string | null }} Proxy
 */

/** @type {Proxy} */
const STRAIGHT = { proxy: null, proxyCredentials: null };

/**
 * The proxy for a client: by its option, otherwise by the environment.
 *
 * @param {unknown} option a URL, `false` for none, or not set
 * @param {NodeJS.ProcessEnv} env
 * @param {string} target host:port
 */
function proxyFor(option, env, target) {
  if (option === false) return STRAIGHT;
  if (option == null) return proxyOfEnvironment(env, target);
  const what = 'client: option proxy';
  if (typeof option === 'string') return parseProxy(option, what);
  throw new TypeError(`${what} must be a URL such as http://10.0.0.1:3128, or false for no proxy, not ${typeof option}`);
}

/**
 * @param {NodeJS.ProcessEnv} env
 * @param {string} target host:port
 * @returns {Proxy}
 */
function proxyOfEnvironment(env, target) {
  if (!isWanted(env.GRPC_ARG_HTTP_PROXY)) return STRAIGHT;
  const name = PROXY_VARIABLES.find((variable) => env[variable]);
  if (name === undefined) return STRAIGHT;
  const proxy = parseProxy(String(env[name]), name);
  const exceptions = EXCEPTION_VARIABLES.map((variable) => env[variable]).find(Boolean);
  return exceptions !== undefined && isException(hostOf(target), exceptions) ? STRAIGHT : proxy;
}

/** @param {string | undefined} value */
function isWanted(value) {
  const number = Number(value ?? 0);
  if (!Number.isNaN(number)) return number !== 0;
  // Whoever has put a URL there has put a password there: it is not shown.
  throw new TypeError('GRPC_ARG_HTTP_PROXY must be a number: 1 to use the proxy variables, 0 to ignore them');
}

/**
 * @param {string} text
 * @param {string} what the variable or option, for the error
 * @returns {Proxy}
 */
function parseProxy(text, what) {
  /** @param {string} problem */
  const bad = (problem) => new TypeError(`${what} ${problem}: expected http://host:port or http://user:password@host:port`);
  const scheme = /^\s*([a-z][a-z0-9+.-]*):\/\//i.exec(text)?.[1];
  if (scheme === undefined) throw bad('does not begin with http://');
  if (scheme.toLowerCase() !== 'http') throw bad(`has the scheme ${scheme}, and only http proxies are supported`);
  let url;
  try {
    url = new URL(text);
  } catch {
    // Its error has the whole text, password included.
    throw bad('has no valid host and port');
  }
  if (url.port === '0') throw bad('has port 0');
  return { proxy: `${url.hostname}:${url.port || 80}`, proxyCredentials: credentialsOf(url, bad) };
}

/**
 * @param {URL} url
 * @param {(problem: string) => TypeError} bad
 */
function credentialsOf({ username, password }, bad) {
  if (username === '' && password === '') return null;
  try {
    return `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  } catch {
    throw bad('has a user or password whose percent-encoding is not valid');
  }
}

/**
 * Without a scheme of gRPC's and without the port. What is no target is refused
 * where it is opened.
 *
 * @param {string} target
 */
function hostOf(target) {
  const path = target.replace(/^(dns|ipv4|ipv6):/, '').replace(/^\/+/, '');
  return path.slice(0, path.lastIndexOf(':')).replace(/^\[(.*)\]$/, '$1');
}

/**
 * @param {string} host
 * @param {string} list entries with commas between: a suffix of host names, or an IPv4 range
 */
function isException(host, list) {
  return list.split(',').some((entry) => host.endsWith(entry) || (isIPv4(host) && isInRange(host, entry)));
}

/**
 * @param {string} address IPv4
 * @param {string} range such as 10.0.0.0/8
 */
function isInRange(address, range) {
  const [base, prefix, ...more] = range.split('/');
  const bits = parseInt(prefix, 10);
  if (more.length > 0 || !isIPv4(base) || !(bits >= 0 && bits <= 32)) return false;
  // A shift by 32 is one by 0: a range of /0 is its one address, as in grpc-js.
  const mask = -1 << (32 - bits);
  return (asNumber(address) & mask) === (asNumber(base) & mask);
}

/** @param {string} address IPv4 */
const asNumber = (address) => address.split('.').reduce((sum, part) => (sum << 8) + Number(part), 0);

module.exports = { proxyFor };
