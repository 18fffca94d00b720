'use strict';

const assert = require('node:assert').strict;
const fc = require('fast-check');
const { objectOf, seed } = require('../support/grpc/arbitrary');
const { ask, inAllPairings, record } = require('../support/grpc/peers');
const { load, rootOf, typesWithService, wire } = require('../support/grpc/reference');

console.log(`SEED=${seed}`);

/** What a peer gets for an object: what proto-loader makes of its bytes. */
const received = (file, message, object) => {
  const { serialize, deserialize } = load(file)[`owt.${message}`] ?? definitionsElsewhere(message);
  return deserialize(serialize(object));
};

const definitionsElsewhere = (message) =>
  Object.keys(wire.files).map((file) => load(file)[`owt.${message}`]).find(Boolean);

const sample = (file, message, round) =>
  fc.sample(objectOf(rootOf(file).lookupType(`owt.${message}`)), { seed: seed + round, numRuns: 1 })[0];

for (const type of typesWithService) {
  const { file, service } = wire.types[type];
  const methods = wire.files[file].services[service];
  inAllPairings(`all ${methods.length} methods of ${type} carry requests and replies whole`, async ({ connect }) => {
    const seen = {};
    const replies = {};
    const impl = {};
    for (const [name, , reply, ...kinds] of methods) {
      replies[name] = [0, 1, 2].map((round) => sample(file, reply, round));
      if (kinds.includes('client-streaming')) {
        impl[name] = (call) => {
          seen[name] = [];
          call.on('data', (request) => {
            seen[name].push(request);
            call.write(replies[name][seen[name].length - 1]);
          });
          call.on('end', () => call.end());
        };
      } else if (kinds.includes('server-streaming')) {
        impl[name] = (call) => {
          seen[name] = call.request;
          for (const message of replies[name]) call.write(message);
          call.end();
        };
      } else {
        impl[name] = (call, callback) => {
          seen[name] = call.request;
          callback(null, replies[name][0]);
        };
      }
    }
    const { client } = await connect(type, impl);
    for (const [name, request, reply, ...kinds] of methods) {
      const camel = `${name[0].toLowerCase()}${name.slice(1)}`.replace(/VAD$/, 'Vad');
      const requests = [0, 1, 2].map((round) => sample(file, request, round + 10));
      const expected = replies[name].map((message) => received(file, reply, message));
      const sent = requests.map((message) => received(file, request, message));
      if (kinds.includes('client-streaming')) {
        const call = client[camel]();
        const recorded = record(call);
        for (const message of requests) call.write(message);
        call.end();
        assert.deepEqual((await recorded).messages, expected, name);
        assert.deepEqual(seen[name], sent, name);
      } else if (kinds.includes('server-streaming')) {
        assert.deepEqual((await record(client[camel](requests[0]))).messages, expected, name);
        assert.deepEqual(seen[name], sent[0], name);
      } else {
        const { error, reply: got } = await ask(client, camel, requests[0]);
        assert.equal(error, null, `${name}: ${error?.message}`);
        assert.deepEqual(got, expected[0], name);
        assert.deepEqual(seen[name], sent[0], name);
      }
    }
  });
}
