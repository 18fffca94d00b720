'use strict';

// One process of the startup bench: `startup.js <back-end> <options> <id>`.
// Prints how many ms it took from `require` to the served id.

const began = performance.now();
const [backEnd, options, id] = process.argv.slice(2);
const { performance } = require('node:perf_hooks');
const client = (backEnd === 'ours' ? require('../../lib/dropin/amqpClient') : require('../../__test__/support/bus/rabbit-client'))();
const required = performance.now();

/** @param {unknown} error */
const fail = (error) => {
  throw error;
};

client.connect(
  JSON.parse(options),
  () => client.asRpcServer(id, { ping: (reply) => reply('callback', 'pong') }, () => {
    const served = performance.now();
    console.log(JSON.stringify({ served: served - began, required: required - began, node: began }));
  }, fail),
  fail
);
process.stdin.on('end', () => client.disconnect()).resume();
