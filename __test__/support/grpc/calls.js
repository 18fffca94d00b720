'use strict';

// A server and a client of ours, ended with the test, and what tests of streams
// wait for.

const { finished, pipeline } = require('node:stream');
const { promisify } = require('node:util');
const { Server, createClient } = require('../../..');

/** A client of a server of ours with these handlers. */
async function serve(t, type, impl, { forServer, forClient } = {}) {
  const server = new Server(forServer).addService(type, impl);
  const port = await server.listen('127.0.0.1:0');
  const client = createClient(type, `127.0.0.1:${port}`, forClient);
  t.after(async () => {
    client.close();
    await server.stop({ graceMs: 0 });
  });
  return { client, port, server };
}

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** Waits until something is so; the test's own limit ends it. */
async function until(isSo) {
  while (!isSo()) await pause(5);
}

/** What a loop over a stream has been given, and what it threw. */
async function loop(stream, between = () => {}) {
  const messages = [];
  try {
    for await (const message of stream) {
      messages.push(message);
      await between(messages.length);
    }
  } catch (error) {
    return { messages, error };
  }
  return { messages, error: null };
}

/** The next time an event comes, whatever else does. */
const next = (emitter, event) => new Promise((resolve) => emitter.once(event, resolve));

module.exports = { finished: promisify(finished), loop, next, pause, pipeline: promisify(pipeline), serve, until };
