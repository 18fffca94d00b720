'use strict';

// A service with a method of each kind: OWT's have none whose requests alone are a
// stream. Its messages have one field, `message`.

const codec = require('../../../lib/codec');
const { messages } = require('../../../lib/codec/format');

const reply = messages['owt.SimpleReply'];
const method = (originalName, requestStream, responseStream) => {
  const name = `${originalName[0].toUpperCase()}${originalName.slice(1)}`;
  return { name, originalName, path: `/test.FourKinds/${name}`, requestStream, responseStream, request: reply, response: reply };
};
const methods = [method('unary', false, false), method('serverStream', false, true), method('clientStream', true, false), method('bidiStream', true, true)];

const type = 'fourKinds';
codec[type] = { ...codec.webrtc, type, service: { name: 'test.FourKinds', methods } };

/** How a call of each kind is made, with and without a callback. Each is ended, and gives a promise of its replies or its error. */
const callers = {
  'unary, promise': { method: 'unary', call: (client, request, ...args) => client.unary(request, ...args) },
  'unary, callback': { method: 'unary', call: (client, request, ...args) => byCallback((callback) => client.unary(request, ...args, callback)) },
  'server stream': { method: 'serverStream', call: async (client, request, ...args) => all(client.serverStream(request, ...args)) },
  'client stream': {
    method: 'clientStream',
    call: (client, request, ...args) => byCallback((callback) => client.clientStream(...args, callback).end(request)),
  },
  'bidirectional stream': {
    method: 'bidiStream',
    async call(client, request, ...args) {
      const stream = client.bidiStream(...args);
      stream.end(request);
      return all(stream);
    },
  },
};

/** A call that both throws and calls back, or calls back twice, has failed the test. */
function byCallback(start) {
  return new Promise((resolve, reject) => {
    let outcomes = 0;
    const tell = (error, reply) => {
      if (++outcomes > 1) throw new Error(`a second outcome: ${error}`);
      // What may still come has come by then.
      setTimeout(() => (error === null ? resolve(reply) : reject(error)), 20);
    };
    try {
      start(tell);
    } catch (error) {
      tell(error);
    }
  });
}

async function all(stream) {
  const replies = [];
  for await (const message of stream) replies.push(message);
  return replies;
}

/** Handlers of each kind that answer, and count what has reached them. */
function counting() {
  const count = { calls: 0, messages: 0 };
  const called = (message) => {
    count.calls++;
    if (message !== undefined) count.messages++;
  };
  const impl = {
    async unary({ request }) { called(request); return {}; },
    async *serverStream({ request }) { called(request); yield {}; },
    async clientStream(call) { called(); for await (const _ of call) count.messages++; return {}; },
    async *bidiStream(call) { called(); for await (const _ of call) count.messages++; yield {}; },
  };
  return { count, impl };
}

module.exports = { callers, counting, type };
