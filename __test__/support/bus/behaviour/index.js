'use strict';

// What OWT's modules rely on, as one body of tests for several back-ends: RabbitMQ
// and this package's registries. Each test has an id, a group and clients of its own.
// The promises stand in the files beside this one, by what they are about.

const { test } = require('node:test');
const { connected } = require('..');

/**
 * Tells the promises of one subject: each is tested with clients that `join` makes.
 *
 * @typedef {(promise: (name: string, body: (join: () => Promise<any>, t: any) => Promise<void>) => void) => void} Promises
 */

const SUBJECTS = [require('./calls'), require('./bodies'), require('./endings'), require('./ids'), require('./order'), require('./topics')];

/**
 * @param {string} backEnd its name
 * @param {() => any} makeClient
 * @param {any} options for connect
 */
function behaviour(backEnd, makeClient, options) {
  const promise = (name, body) =>
    test(`${backEnd}: ${name}`, async (t) => {
      const clients = [];
      t.after(() => Promise.all(clients.map((client) => client.disconnect())));
      const join = async () => {
        const client = makeClient();
        clients.push(client);
        return connected(client, await options);
      };
      await body(join, t);
    });
  for (const promises of SUBJECTS) promises(promise);
}

module.exports = { behaviour };
