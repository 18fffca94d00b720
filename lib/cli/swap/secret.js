'use strict';

// What modules on the bus are to prove to each other, as far as their folders tell.

const path = require('node:path');
const { STORE, StoreError, readStore } = require('../../credentials/store');

const SETTING = 'OWT_GRPC_CLUSTER_SECRET';

/** @param {import('./find').Module} module */
function hasPassword({ folder }) {
  try {
    return Boolean(readStore(path.join(folder, STORE))?.reveal().rabbit?.password);
  } catch (error) {
    if (error instanceof StoreError) return false;
    throw error;
  }
}

/**
 * RabbitMQ's password is the secret where it is stored, and then all have to have it.
 *
 * @param {import('./find').Module[]} modules
 * @returns {string[]}
 */
function secretNotes(modules) {
  const lacking = modules.filter((module) => !hasPassword(module));
  if (lacking.length === 0 || lacking.length === modules.length) return [];
  const names = lacking.map(({ name }) => name).join(', ');
  return [`others have RabbitMQ's password in ${STORE} and ask for it on the bus, which has no other secret: ${names} would be refused without it (\`owt-grpc auth --rabbitmq\`), unless all have ${SETTING}`];
}

/**
 * @param {import('./find').Module[]} modules
 * @returns {string} what there is to know of several machines: a line, or nothing
 */
const onSeveralMachines = (modules) => (modules.some(hasPassword) ? '' : `On several machines, without TLS, set ${SETTING} to the same text for all modules: on one they share a secret by themselves.\n`);

module.exports = { onSeveralMachines, secretNotes };
