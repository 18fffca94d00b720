'use strict';

// What this process tells of itself to who asks on its machine: a socket in a folder that the operator names, by the
// process's number. Whoever connects is told at once; nothing is read. It never holds the process.

const fs = require('node:fs');
const net = require('node:net');
const path = require('node:path');
const { threadId } = require('node:worker_threads');
const { codeOf, messageOf } = require('../common/errors');
const { WARN, log } = require('../common/log');

const END = '.sock';
/** Those who look are few. */
const MOST = 16;

/**
 * A failure is logged: a module does not end for that.
 *
 * @param {string} folder made if it is not there, for this user alone
 * @param {() => object} tell
 */
function openStatusSocket(folder, tell) {
  const file = path.join(folder, `${process.pid}${threadId === 0 ? '' : `-${threadId}`}${END}`);
  /** @param {unknown} error */
  const failed = (error) => log(WARN, `OWT_GRPC_STATUS_DIR: nobody can be told of this process at ${file}: ${messageOf(error)}`);
  try {
    fs.mkdirSync(folder, { recursive: true, mode: 0o700 });
    tidy(folder);
    fs.rmSync(file, { force: true });
  } catch (error) {
    failed(error);
    return;
  }
  const server = net.createServer((socket) => {
    socket.unref();
    // Whoever looks may have gone.
    socket.on('error', () => {}).resume().end(JSON.stringify(tell()));
  });
  server.maxConnections = MOST;
  server.on('error', failed);
  // A worker of node:cluster would share it with the others.
  server.listen({ path: file, exclusive: true }, () => fs.chmod(file, 0o600, (error) => error && failed(error)));
  server.unref();
  process.once('exit', () => fs.rmSync(file, { force: true }));
}

/** @param {string} folder what processes have left that were killed */
function tidy(folder) {
  for (const name of fs.readdirSync(folder)) {
    const pid = pidOf(name);
    if (pid !== null && !isAlive(pid)) fs.rmSync(path.join(folder, name), { force: true });
  }
}

/** @param {string} name of a file @returns {number | null} whose socket it is, if it is one */
function pidOf(name) {
  const match = /^(\d+)(?:-\d+)?\.sock$/.exec(name);
  return match === null ? null : Number(match[1]);
}

/** @param {number} pid */
function isAlive(pid) {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    // It may be another user's.
    return codeOf(error) === 'EPERM';
  }
}

module.exports = { isAlive, openStatusSocket, pidOf };
