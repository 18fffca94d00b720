'use strict';

const net = require('node:net');
const { once } = require('node:events');

/**
 * Stands in front of a port of 127.0.0.1, on the same port of another address of
 * this machine, and breaks as networks do. Who is told of that address alone has
 * no other way.
 */
class Proxy {
  /**
   * @param {import('node:test').TestContext} t
   * @param {string} host such as 127.0.0.2
   * @param {number} port
   */
  static async start(t, host, port) {
    const proxy = new Proxy(port);
    proxy.address = `${host}:${port}`;
    proxy.server.listen(port, host);
    await once(proxy.server, 'listening');
    t.after(() => {
      proxy.cut();
      proxy.server.close();
    });
    return proxy;
  }

  /** @param {number} port */
  constructor(port) {
    this.port = port;
    this.isCut = false;
    this.isSilent = false;
    this.former = 0;
    /** @type {Set<[net.Socket, net.Socket]>} */
    this.pairs = new Set();
    this.server = net.createServer((socket) => this.accept(socket));
  }

  accept(socket) {
    if (this.isCut) {
      socket.destroy();
      return;
    }
    /** @type {[net.Socket, net.Socket]} */
    const pair = [socket, net.connect(this.port, '127.0.0.1')];
    this.pairs.add(pair);
    for (const end of pair) {
      end.on('error', () => {});
      end.on('close', () => this.forget(pair));
    }
    if (!this.isSilent) join(pair);
  }

  forget(pair) {
    if (!this.pairs.delete(pair)) return;
    this.former += bytes(pair);
    for (const end of pair) end.destroy();
  }

  /** Bytes that went through, both ways. */
  get passed() {
    return [...this.pairs].reduce((sum, pair) => sum + bytes(pair), this.former);
  }

  /** Sockets are destroyed, new ones refused. */
  cut() {
    this.isCut = true;
    for (const pair of this.pairs) this.forget(pair);
  }

  /** Sockets stay, new ones are accepted, and nothing passes. */
  silence() {
    this.isSilent = true;
    for (const [one, other] of this.pairs) {
      one.unpipe(other).pause();
      other.unpipe(one).pause();
    }
  }

  /** All passes again; after a silence, also what was held back. */
  heal() {
    if (this.isSilent) this.pairs.forEach(join);
    this.isCut = false;
    this.isSilent = false;
  }
}

const bytes = ([one, other]) => one.bytesWritten + other.bytesWritten;
const join = ([one, other]) => one.pipe(other).pipe(one);

module.exports = { Proxy };
