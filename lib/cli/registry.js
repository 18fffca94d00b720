'use strict';

// `owt-grpc registry`: a registry of the bus that stands alone.

const { startRegistry } = require('../bus/registry');
const { messageOf } = require('../common/errors');
const { withoutPort } = require('../common/host-port');
const { WARN, log } = require('../common/log');
const { CommandError, UsageError } = require('./support/errors');
const { parseOptions } = require('./support/arguments');
const { whenNpxEnds } = require('./support/npx');
const { printJson, untilAsked } = require('./support/output');

const summary = 'Runs a registry of the bus, for members on several machines';

const help = `Usage: owt-grpc registry [options]

Tells members of the bus who is there, who serves which id and who listens to
what; no traffic passes through it. Runs until SIGINT or SIGTERM, or, started by
npx, until that has ended. When it is started again members come back, and calls
between them do not notice.

  --listen H:P     Where to listen; default 127.0.0.1:5680. 0.0.0.0:5680 is every
                   address of this machine; port 0 is any free one
  --cluster NAME   Members of other clusters are refused; default OWT_GRPC_CLUSTER,
                   or owt
  --json           Prints one line of JSON where it listens
  --help           This text

TLS is set up by OWT's environment variables (OWT_GRPC_ROOT_CERT and its like).
Beyond this machine it is needed, unless OWT_GRPC_INSECURE=1 says that plaintext
may be used there. Members are told where it is by OWT_GRPC_REGISTRY=host:port;
those on its own machine need OWT_GRPC_HOST_REGISTRY=0 if they use a loopback
address, so that none of them takes its place while it is away.

Members have to prove that they have the cluster's secret: that of
OWT_GRPC_CLUSTER_SECRET, or RabbitMQ's password in the store of this folder. On
loopback it is else the one that this user's processes share (docs/security.md).

Exit code: 0 stopped; 1 it cannot listen; 2 wrong options.
`;

/**
 * @param {string[]} args
 * @returns {Promise<number>}
 */
async function run(args) {
  const { listen, cluster, json } = parseOptions(args, { listen: 'value', cluster: 'value', json: 'flag' });
  if (cluster !== undefined) process.env.OWT_GRPC_CLUSTER = cluster;
  const end = untilAsked();
  const forgetNpx = whenNpxEnds(() => {
    log(WARN, 'npx, which has started this registry, has ended, and so does it');
    end.ask();
  });
  const registry = await started({ listen });
  const host = withoutPort(listen ?? '127.0.0.1:5680');
  if (json) printJson({ listening: `${host}:${registry.port}`, port: registry.port });
  else process.stdout.write(`registry of the bus: listening on ${host}:${registry.port}\n`);
  await end.asked;
  forgetNpx();
  await registry.stop();
  return 0;
}

/** @param {{ listen?: string }} options */
async function started(options) {
  try {
    return await startRegistry(options);
  } catch (error) {
    const text = messageOf(error).replace('startRegistry: option listen', 'option --listen');
    throw error instanceof TypeError ? new UsageError(text) : new CommandError(text);
  }
}

module.exports = { help, logs: true, run, summary };
