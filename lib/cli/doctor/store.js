'use strict';

// The credential store of a folder. Nothing of what is in it is told.

const fs = require('node:fs');
const path = require('node:path');
const { STORE, StoreError, grpcPassphrases, readStore } = require('../../credentials/store');
const { checkMode } = require('./certificates');

/**
 * @param {string} folder
 * @param {import('./report').Report} report
 */
function checkStore(folder, report) {
  const file = path.join(folder, STORE);
  if (!fs.existsSync(file)) return;
  checkMode(file, file, report);
  try {
    const entries = readStore(file)?.reveal() ?? {};
    grpcPassphrases(folder);
    const names = Object.keys(entries).filter((name) => entries[name] !== null).sort();
    report.ok(file, names.length === 0 ? 'is empty' : `has ${names.join(', ')}`);
    if (entries.rabbit) report.ok(file, 'of the RabbitMQ account in it the password is the secret of the bus, where no other is set');
  } catch (error) {
    if (!(error instanceof StoreError)) throw error;
    report.error(file, error.message.replace(`${file}: `, ''), 'run `owt-grpc auth` there, as the user that runs the module');
  }
}

module.exports = { checkStore };
