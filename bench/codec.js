'use strict';

// The generated codec against protobufjs with proto-loader's options, on one
// thread: `node bench/codec.js`.

const path = require('node:path');
const { performance } = require('node:perf_hooks');
const loader = require('@grpc/proto-loader');
const { Writer } = require('../lib/codec-runtime');
const { contractOf } = require('../lib/grpc/contract');
const { subscribeRequest } = require('./workload');

const ROUNDS = 21;
const MESSAGES = 20_000;

function ours() {
  const codec = contractOf('quic').lookup('owt.SubscribeRequest');
  const writer = new Writer(1024);
  return {
    encode(message) {
      writer.pos = 0;
      codec.encode(message, writer);
      return writer.buf.subarray(0, writer.pos);
    },
    decode: (bytes) => codec.decode(bytes, 0, bytes.length),
  };
}

function theirs() {
  const folder = path.join(__dirname, '..', 'proto', 'owt');
  const options = { keepCase: true, longs: String, enums: String, defaults: true, oneofs: true };
  const loaded = loader.loadSync('quic_agent.proto', { ...options, includeDirs: [folder] });
  const { requestSerialize, requestDeserialize } = loaded['owt.QuicAgent'].Subscribe;
  return { encode: requestSerialize, decode: requestDeserialize };
}

/** The request as bytes. */
const encodedRequest = () => Buffer.from(ours().encode(subscribeRequest));

function micros({ encode, decode }) {
  const started = performance.now();
  for (let n = 0; n < MESSAGES; n++) decode(encode(subscribeRequest));
  return ((performance.now() - started) * 1000) / MESSAGES;
}

function main() {
  const codecs = { ours: ours(), protobufjs: theirs() };
  const samples = [];
  for (let round = -2; round < ROUNDS; round++) {
    const order = round % 2 ? ['ours', 'protobufjs'] : ['protobufjs', 'ours'];
    const sample = {};
    for (const name of order) sample[name] = micros(codecs[name]);
    if (round >= 0) samples.push(sample);
  }
  const middle = (of) => samples.map(of).sort((a, b) => a - b)[ROUNDS >> 1];
  console.log(
    `encode + decode, ${encodedRequest().length} bytes: protobufjs ${middle((s) => s.protobufjs).toFixed(2)} µs, ` +
      `ours ${middle((s) => s.ours).toFixed(2)} µs, ${middle((s) => s.protobufjs / s.ours).toFixed(1)} times faster`
  );
}

if (require.main === module) main();

module.exports = { encodedRequest };
