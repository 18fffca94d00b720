'use strict';

// Calls as OWT's modules make them: a client per address, kept for ever, two
// seconds for each call, and the result by callback.

const { startClient } = require('owt-grpc/grpcTools');
const { count } = require('./report');

const clients = new Map();

function clientOf(type, address) {
  const key = `${type} ${address}`;
  if (!clients.has(key)) clients.set(key, startClient(type, address));
  return clients.get(key);
}

/** One call; the promise is made of the callback, as in OWT's rpcRequest. */
function call(type, address, method, request) {
  return new Promise((resolve, reject) => {
    const startedAt = process.hrtime.bigint();
    const deadline = new Date(Date.now() + 2000);
    clientOf(type, address)[method](request, { deadline }, (error, reply) => {
      count(startedAt, error, `${type}.${method}`);
      if (error) reject(error);
      else resolve(reply);
    });
  });
}

/** Tries again until it works: processes start in any order. */
async function retry(attempt, pause = 200) {
  for (;;) {
    try {
      return await attempt();
    } catch (_error) {
      await new Promise((resolve) => setTimeout(resolve, pause));
    }
  }
}

module.exports = { call, clientOf, retry };
