'use strict';

// Metrics of modules that ask for none: where OWT_GRPC_METRICS names ports, each thread
// that has a client, a server or a member serves its own at the first of them that is
// free. A range, not one endpoint for a machine: it needs nobody between Prometheus and
// a process, tells of processes in gRPC mode, too, and agents hand their environment to
// their nodes, so that one setting is for all of a host.

const { codeOf, messageOf } = require('../common/errors');
const { hostAndPorts, withoutBrackets } = require('../common/host-port');
const { INFO, WARN, log } = require('../common/log');
const { timing } = require('./call-recorder');
const { served } = require('./metrics-server');

const SETTING = 'OWT_GRPC_METRICS';
const EXAMPLE = 9700;

let isDecided = false;

/**
 * Begins, once for each thread, where the environment says so.
 *
 * @throws {TypeError} what it says cannot be
 */
function serveByEnvironment() {
  if (isDecided) return;
  const text = process.env[SETTING];
  if (!text) {
    isDecided = true;
    return;
  }
  const { host, ports } = hostAndPorts(text, SETTING, EXAMPLE);
  if (ports === null) throw new TypeError(`${SETTING} ${JSON.stringify(text)} has no port: it is the host to listen on and a range, such as 127.0.0.1:${EXAMPLE}-${EXAMPLE + 99}, which has one for each process`);
  isDecided = true;
  // What happens until it listens is timed, too.
  timing.isOn = true;
  void serveAtFirstFree(withoutBrackets(host), ports);
}

/**
 * @param {string} host
 * @param {import('../common/host-port').PortRange} ports
 */
async function serveAtFirstFree(host, { first, last }) {
  for (let port = first; port <= last; port++) {
    try {
      const { url } = await served(host, port);
      return log(INFO, `metrics are served at ${url}`);
    } catch (error) {
      if (codeOf(error) === 'EADDRINUSE') continue;
      return log(WARN, `no metrics: ${SETTING} names ${host}:${port}, and it cannot be listened on: ${messageOf(error)}`);
    }
  }
  log(WARN, `no metrics: none of the ports ${first}-${last} on ${host}, which ${SETTING} names, is free. Each process needs one: name more there`);
}

module.exports = { serveByEnvironment };
