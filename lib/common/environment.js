'use strict';

// The environment variables of this package: each with its kind, what it is where
// nobody has set it, and what it can be. Whoever reads one asks here for these; the
// doctor knows by this table what is misspelt, and a test holds docs/operations.md
// to it. Errors name the variable.

/** @typedef {{ kind: 'text' | 'file' | 'switch' | 'number' | 'choice', default?: string | number | boolean, choices?: readonly string[] }} Setting */

const SETTINGS = /** @type {const} */ ({
  OWT_GRPC_REGISTRY: { kind: 'text', default: 'localhost:5680' },
  OWT_GRPC_ETCD_CA: { kind: 'file' },
  OWT_GRPC_ETCD_CERT: { kind: 'file' },
  OWT_GRPC_ETCD_KEY: { kind: 'file' },
  OWT_GRPC_CLUSTER: { kind: 'text', default: 'owt' },
  OWT_GRPC_CLUSTER_SECRET: { kind: 'text' },
  OWT_GRPC_CLUSTER_SECRET_FILE: { kind: 'file' },
  OWT_GRPC_CLUSTER_SECRET_OLD: { kind: 'text' },
  OWT_GRPC_SECRET_MODE: { kind: 'choice', default: 'required' },
  OWT_GRPC_AUTHORIZE: { kind: 'file' },
  OWT_GRPC_OPERATOR_SECRET: { kind: 'text' },
  OWT_GRPC_OPERATOR_SECRET_FILE: { kind: 'file' },
  OWT_GRPC_OPERATOR_SECRET_OLD: { kind: 'text' },
  OWT_GRPC_ADVERTISE: { kind: 'text' },
  OWT_GRPC_PORTS: { kind: 'text' },
  OWT_GRPC_HOST_REGISTRY: { kind: 'switch', default: true },
  OWT_GRPC_INSECURE: { kind: 'switch', default: false },
  // The default is that of src/grpc/budget/mod.rs.
  OWT_GRPC_MAX_BUFFERED_BYTES: { kind: 'number', default: 96 * 1024 * 1024 },
  OWT_GRPC_LOG: { kind: 'choice', choices: ['error', 'warn', 'info', 'debug'] },
  OWT_GRPC_SSL: { kind: 'switch', default: false },
  OWT_GRPC_ROOT_CERT: { kind: 'file' },
  OWT_GRPC_SERVER_CERT: { kind: 'file' },
  OWT_GRPC_SERVER_KEY: { kind: 'file' },
  OWT_GRPC_CLIENT_CERT: { kind: 'file' },
  OWT_GRPC_CLIENT_KEY: { kind: 'file' },
  OWT_GRPC_CLIENT_AUTH: { kind: 'choice', choices: ['optional'] },
  OWT_GRPC_TLS_STRICT: { kind: 'switch', default: false },
  OWT_GRPC_TLS_CHECK_MS: { kind: 'number', default: 10_000 },
  OWT_GRPC_HEALTH: { kind: 'switch', default: false },
  OWT_GRPC_REFLECTION: { kind: 'switch', default: false },
});

/** @typedef {{ [Name in keyof typeof SETTINGS]: (typeof SETTINGS)[Name] extends { kind: 'switch' } ? Name : never }[keyof typeof SETTINGS]} Switch */

/** How a switch is turned off; anything else turns it on. */
const OFF = ['', '0', 'false'];

/**
 * @param {Switch} name
 * @param {NodeJS.ProcessEnv} [env]
 */
function isOn(name, env = process.env) {
  const value = env[name];
  return value === undefined ? SETTINGS[name].default : !OFF.includes(value);
}

/** The least that a process may be allowed to hold for its peers, in bytes: less would refuse what is no flood. */
const LEAST_BUFFERED = 1024 * 1024;

/** @param {unknown} bytes */
const isBufferedBound = (bytes) => typeof bytes === 'number' && Number.isSafeInteger(bytes) && bytes >= LEAST_BUFFERED;

/** @returns {number | null} what the environment says that the process may hold, if it says something */
function maxBufferedOfEnvironment() {
  const value = process.env.OWT_GRPC_MAX_BUFFERED_BYTES;
  if (!value) return null;
  if (isBufferedBound(Number(value))) return Number(value);
  throw new TypeError(`OWT_GRPC_MAX_BUFFERED_BYTES must be a whole number of bytes, at least ${LEAST_BUFFERED}, not ${value}`);
}

module.exports = { LEAST_BUFFERED, SETTINGS, isBufferedBound, isOn, maxBufferedOfEnvironment };
