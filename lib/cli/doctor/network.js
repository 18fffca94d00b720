'use strict';

// What the doctor asks of this machine and of the network. What follows from the
// answers is said elsewhere.

const dns = require('node:dns');
const net = require('node:net');
const os = require('node:os');
const { createClient } = require('../../grpc/client/client');
const { parseHostPort, withoutBrackets } = require('../../common/host-port');
const { messageOf } = require('../../common/errors');
const { status } = require('../../common/status');
const { RpcError } = require('../../grpc/rpc-error');

/** What an answer may take, in ms. */
const PATIENCE = 3_000;
/** The same of a name's look-up, and of a connection's first packet. */
const BRIEFLY = 1_000;

/**
 * @typedef {object} Network
 * @property {() => string[]} addresses of this machine, those of loopback left out
 * @property {(host: string) => Promise<string[]>} lookup none if the name is not found in time
 * @property {(target: string) => Promise<boolean>} isRefused whether nobody listens there, and its machine says so at once
 * @property {(target: string) => Promise<string>} probe empty if a gRPC server answers, otherwise why not
 * @property {(port: number) => Promise<string>} bindable empty, or the error's code
 */

/** @type {Network} */
const network = {
  addresses: () => Object.values(os.networkInterfaces()).flatMap((all) => all ?? []).filter(({ internal }) => !internal).map(({ address }) => address),

  lookup: (host) => new Promise((resolve) => {
    const timer = setTimeout(resolve, BRIEFLY, []);
    dns.lookup(host, { all: true }, (error, found) => {
      clearTimeout(timer);
      resolve(error ? [] : found.map(({ address }) => address));
    });
  }),

  isRefused: (target) => new Promise((resolve) => {
    const parsed = parseHostPort(target);
    if (parsed === null || parsed.port === null) return resolve(false);
    const socket = net.connect({ host: withoutBrackets(parsed.host), port: parsed.port, timeout: BRIEFLY });
    const done = (/** @type {boolean} */ is) => {
      socket.destroy();
      resolve(is);
    };
    socket.on('connect', () => done(false)).on('timeout', () => done(false)).on('error', (/** @type {NodeJS.ErrnoException} */ error) => done(error.code === 'ECONNREFUSED'));
  }),

  probe: async (target) => {
    let client;
    try {
      client = createClient('grpc.health.v1.Health', target);
      await client.check({}, { timeout: PATIENCE });
      return '';
    } catch (error) {
      // A gRPC server may not have the method: that it says so shows what it is.
      const isAnswer = error instanceof RpcError && error.code !== status.UNAVAILABLE && error.code !== status.DEADLINE_EXCEEDED;
      if (isAnswer) return '';
      return error instanceof RpcError ? error.details : messageOf(error);
    } finally {
      client?.close();
    }
  },

  bindable: (port) => new Promise((resolve) => {
    const server = net.createServer();
    server.once('error', (/** @type {NodeJS.ErrnoException} */ error) => resolve(error.code ?? 'unknown'));
    server.listen({ port, host: '0.0.0.0', exclusive: true }, () => server.close(() => resolve('')));
  }),
};

module.exports = { PATIENCE, network };
