'use strict';

// The environment variables of this package: each with its kind, what it is where
// nobody has set it, what it can be, and what it is for, in Markdown that stands in
// docs. Whoever reads one asks here for these; the doctor knows by this table what is
// misspelt, and `npm run docs` makes the table of docs/operations.md of it. Errors
// name the variable.

/** @typedef {{ kind: 'text' | 'file' | 'switch' | 'number' | 'choice', default?: string | number | boolean, choices?: readonly string[], text: string }} Setting */

const SETTINGS = /** @type {const} */ ({
  OWT_GRPC_REGISTRY: { kind: 'text', default: 'localhost:5680', text: 'host:port of the registry; or an etcd cluster, `etcd://[user:password@]h1:2379,h2:2379/prefix` ([bus.md](bus.md))' },
  OWT_GRPC_ETCD_CA: { kind: 'file', text: 'TLS to that cluster: its CAs' },
  OWT_GRPC_ETCD_CERT: { kind: 'file', text: 'what members show to that cluster' },
  OWT_GRPC_ETCD_KEY: { kind: 'file', text: 'the key of that certificate' },
  OWT_GRPC_CLUSTER: { kind: 'text', default: 'owt', text: 'members and registries of another cluster are refused' },
  OWT_GRPC_CLUSTER_SECRET: { kind: 'text', text: 'the secret that members and registries prove to each other ([security.md](security.md)); an option of a program goes before it' },
  OWT_GRPC_CLUSTER_SECRET_FILE: { kind: 'file', text: 'the file with that secret' },
  OWT_GRPC_CLUSTER_SECRET_OLD: { kind: 'text', text: 'the secret that it replaces, as long as not all have the new one' },
  OWT_GRPC_SECRET_MODE: { kind: 'choice', default: 'required', choices: ['off', 'accepted', 'required'], text: 'what is done about those who do not prove it: nothing is asked, they are let in and named, or refused' },
  OWT_GRPC_AUTHORIZE: { kind: 'file', text: 'the rules by which certificates give rights on the bus ([security.md](security.md#rights-by-certificate))' },
  OWT_GRPC_OPERATOR_SECRET: { kind: 'text', text: 'the secret without which a member that has it shows nothing to `owt-grpc tap` and does not answer `owt-grpc rpc` ([security.md](security.md#the-operators-secret)); for modules and the operator\'s shell; an option of a program goes before it' },
  OWT_GRPC_OPERATOR_SECRET_FILE: { kind: 'file', text: 'the file with that secret' },
  OWT_GRPC_OPERATOR_SECRET_OLD: { kind: 'text', text: 'the secret that it replaces, as long as not all have the new one' },
  OWT_GRPC_ADVERTISE: { kind: 'text', text: 'the host that other members dial, else the address of the route to the registry; `host:7000` and `host:7000-7099` name the ports, too' },
  OWT_GRPC_PORTS: { kind: 'text', text: 'the ports that members listen on, `7000-7099` or one; else any free one ([Ports](#ports))' },
  OWT_GRPC_HOST_REGISTRY: { kind: 'switch', default: true, text: 'whether this process may become the registry; off for machines with an `owt-grpc registry`' },
  OWT_GRPC_INSECURE: { kind: 'switch', default: false, text: 'plaintext of the bus may leave this machine' },
  OWT_GRPC_MAX_BUFFERED_BYTES: { kind: 'number', default: 96 * 1024 * 1024, text: 'how much a process may hold for its peers, in bytes ([grpc.md](grpc.md#bounds))' },
  OWT_GRPC_LOG: { kind: 'choice', default: 'warn', choices: ['off', 'error', 'warn', 'info', 'debug'], text: 'the least urgent that is logged to stderr ([observability.md](observability.md#the-log))' },
  OWT_GRPC_STATUS_DIR: { kind: 'text', text: 'a folder in which each process with OWT\'s gRPC helper has a socket that `owt-grpc status --grpc` reads ([cli.md](cli.md#status)); without it, none' },
  OWT_GRPC_METRICS: { kind: 'text', text: 'host and ports, such as `127.0.0.1:9700-9799`: each process serves its metrics at the first of them that is free ([observability.md](observability.md#metrics-of-owts-modules))' },
  OWT_GRPC_SSL: { kind: 'switch', default: false, text: 'TLS; so does any of the next five, which then all have to be set' },
  OWT_GRPC_ROOT_CERT: { kind: 'file', text: 'the CAs that peers are checked with' },
  OWT_GRPC_SERVER_CERT: { kind: 'file', text: 'what this side shows when it is dialed' },
  OWT_GRPC_SERVER_KEY: { kind: 'file', text: 'the key of that certificate' },
  OWT_GRPC_CLIENT_CERT: { kind: 'file', text: 'what this side shows when it dials' },
  OWT_GRPC_CLIENT_KEY: { kind: 'file', text: 'the key of that certificate' },
  OWT_GRPC_CLIENT_AUTH: { kind: 'choice', choices: ['optional'], text: 'clients without a certificate are let in' },
  OWT_GRPC_TLS_STRICT: { kind: 'switch', default: false, text: 'certificates of the old kind are refused' },
  OWT_GRPC_TLS_CHECK_MS: { kind: 'number', default: 10_000, text: 'how often certificate files are looked at for changes, in ms' },
  OWT_GRPC_HEALTH: { kind: 'switch', default: false, text: 'servers answer health checks ([services.md](services.md))' },
  OWT_GRPC_REFLECTION: { kind: 'switch', default: false, text: 'servers describe themselves ([services.md](services.md))' },
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

/** @returns {{ bytes: number, by: 'environment' | 'default' }} what the process may hold, as far as the program says nothing, and who says so */
function maxBuffered() {
  const value = process.env.OWT_GRPC_MAX_BUFFERED_BYTES;
  if (!value) return { bytes: SETTINGS.OWT_GRPC_MAX_BUFFERED_BYTES.default, by: 'default' };
  if (isBufferedBound(Number(value))) return { bytes: Number(value), by: 'environment' };
  throw new TypeError(`OWT_GRPC_MAX_BUFFERED_BYTES must be a whole number of bytes, at least ${LEAST_BUFFERED}, not ${value}`);
}

module.exports = { LEAST_BUFFERED, SETTINGS, isBufferedBound, isOn, maxBuffered };
