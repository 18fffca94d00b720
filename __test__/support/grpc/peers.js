'use strict';

// The two implementations behind one face, and tests that run in all pairings.

const { test } = require('node:test');
const grpc = require('@grpc/grpc-js');
const { Server, createClient } = require('../../..');
const { definitionOf } = require('./reference');

/** Without the options that only grpc-js has. */
const ownOptions = (options) => Object.fromEntries(Object.entries(options).filter(([name]) => /^(max|keep)/.test(name)));

const ours = {
  name: 'ours',
  async serve(type, impl, options = {}) {
    const server = new Server(ownOptions(options));
    server.addService(type, impl);
    const port = await server.listen(`127.0.0.1:${options.port ?? 0}`);
    return { port, stop: () => server.stop({ graceMs: 0 }), drain: () => server.stop({ graceMs: 10_000 }) };
  },
  client: (type, port, options = {}) => createClient(type, `127.0.0.1:${port}`, ownOptions(options)),
};

const LIMITS = {
  maxMessageBytes: ['grpc.max_receive_message_length', 'grpc.max_send_message_length'],
};

function grpcOptions(options) {
  const mapped = {};
  for (const [name, value] of Object.entries(options)) {
    for (const key of LIMITS[name] ?? (name.startsWith('grpc.') ? [name] : [])) mapped[key] = value;
  }
  return mapped;
}

const theirs = {
  name: 'grpc-js',
  async serve(type, impl, options = {}) {
    const server = new grpc.Server(grpcOptions(options));
    server.addService(definitionOf(type), impl);
    const port = await new Promise((resolve, reject) => {
      const credentials = grpc.ServerCredentials.createInsecure();
      const bound = (error, found) => (error ? reject(error) : resolve(found));
      server.bindAsync(`127.0.0.1:${options.port ?? 0}`, credentials, bound);
    });
    return {
      port,
      stop: async () => server.forceShutdown(),
      drain: () => new Promise((resolve) => server.tryShutdown(resolve)),
    };
  },
  client(type, port, options = {}) {
    const Client = grpc.makeGenericClientConstructor(definitionOf(type), type);
    return new Client(`127.0.0.1:${port}`, grpc.credentials.createInsecure(), {
      ...grpcOptions(options),
      // Every client its own connection, as a process of OWT has.
      'grpc.use_local_subchannel_pool': 1,
    });
  },
};

const PAIRINGS = [
  [ours, ours],
  [ours, theirs],
  [theirs, ours],
  [theirs, theirs],
];

/**
 * One body, four pairings of client and server: grpc-js with itself shows that
 * the body is right. `body` gets `connect(type, impl, options)`, which gives a
 * client and its server, both ended with the test.
 */
function inAllPairings(name, body, { skip = () => false } = {}) {
  for (const [client, server] of PAIRINGS) {
    if (skip(client, server)) continue;
    test(`${name} (${client.name} calls ${server.name})`, { timeout: 20_000 }, async (t) => {
      const connect = async (type, impl, { forServer = {}, forClient = {} } = {}) => {
        const serving = await server.serve(type, impl, forServer);
        const made = client.client(type, serving.port, forClient);
        t.after(async () => {
          made.close();
          await serving.stop();
        });
        return { client: made, server: serving };
      };
      await body({ t, connect, clientSide: client, serverSide: server });
    });
  }
}

/** A unary call as a promise; the error is part of the result. */
function ask(client, method, request, options = {}) {
  return new Promise((resolve) => {
    const call = client[method](request, new Metadata(client, options.metadata), without(options), (error, reply) =>
      resolve({ error, reply, call })
    );
  });
}

/** Metadata of the client's own implementation. */
function Metadata(client, entries = {}) {
  const metadata = client instanceof grpc.Client ? new grpc.Metadata() : new (require('../../..').Metadata)();
  for (const [key, values] of Object.entries(entries)) {
    for (const value of [values].flat()) metadata.add(key, value);
  }
  return metadata;
}

const without = ({ metadata: _, ...options }) => options;

/** What a stream emitted, in order, until 'close'. */
function record(stream) {
  return new Promise((resolve) => {
    const events = [];
    const messages = [];
    let status;
    stream.on('data', (message) => {
      if (events.slice(-1)[0] !== 'data') events.push('data');
      messages.push(message);
    });
    for (const event of ['metadata', 'error', 'end']) stream.on(event, () => events.push(event));
    stream.on('error', () => {});
    stream.on('status', (ended) => {
      events.push('status');
      status = ended;
    });
    stream.on('close', () => {
      events.push('close');
      resolve({ events, messages, status });
    });
  });
}

module.exports = { ask, grpc, inAllPairings, Metadata, ours, record, theirs };
