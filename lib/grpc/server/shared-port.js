'use strict';

// One port for all workers of `node:cluster`, of pm2's cluster mode, too. Node's
// primary process listens, as it does for every server of a worker: it knows which
// workers share which port, also one that was asked for as 0, and deals connections
// out. A worker's connections go on to the network thread, which has them alone.

const cluster = require('node:cluster');
const net = require('node:net');
const { WARN, log } = require('../../common/log');
const { messageOf } = require('../../common/errors');

/** Only Node.js itself deals connections out; Windows has no descriptors to pass them on by. */
const CAN = process.platform !== 'win32' && process.versions.bun === undefined && process.versions.deno === undefined;

/** Whether this process is a worker that shares its ports, and reaches its primary. */
const sharesPorts = () => CAN && cluster.isWorker && process.connected;

/** What is added where a port is taken and might be another worker's. */
const WHY_NOT = cluster.isWorker && !CAN ? '; workers of node:cluster do not share ports here: give each its own' : '';

class SharedPort {
  /**
   * @param {string} host
   * @param {number} port
   * @param {(descriptor: number) => void} take duplicates it
   * @param {() => void} onEnd the primary has ended it: `worker.disconnect()`
   * @returns {Promise<SharedPort>}
   */
  static async open(host, port, take, onEnd) {
    const shared = new SharedPort(take);
    const { server } = shared;
    await new Promise((resolve, reject) => {
      server.once('error', reject);
      server.listen({ host, port }, () => {
        server.removeListener('error', reject);
        resolve(undefined);
      });
    });
    server.on('error', (error) => log(WARN, `accept: ${messageOf(error)}`));
    server.on('close', () => {
      if (!shared.isClosed) onEnd();
    });
    return shared;
  }

  /**
   * @param {(descriptor: number) => void} take
   */
  constructor(take) {
    this.isClosed = false;
    // Not a byte is read here.
    this.server = net.createServer({ pauseOnConnect: true }, (socket) => {
      try {
        take(/** @type {any} */ (socket)._handle.fd);
      } catch (error) {
        log(WARN, `a connection was not taken: ${messageOf(error)}`);
      } finally {
        // Closes this side's descriptor; the connection has another one now.
        socket.destroy();
      }
    });
  }

  get port() {
    return /** @type {net.AddressInfo} */ (this.server.address()).port;
  }

  /** Takes no more. */
  close() {
    this.isClosed = true;
    this.server.close();
  }
}

module.exports = { SharedPort, WHY_NOT, sharesPorts };
