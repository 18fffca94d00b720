'use strict';

// A peer that speaks HTTP/2 frame by frame and keeps to no rule that its test does
// not keep. Header lists are written without Huffman's code, and read not at all.

const { once } = require('node:events');
const net = require('node:net');

const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
const Type = { DATA: 0, HEADERS: 1, RST_STREAM: 3, SETTINGS: 4, PING: 6, GOAWAY: 7, WINDOW_UPDATE: 8, CONTINUATION: 9 };
const Flag = { ACK: 1, END_STREAM: 1, END_HEADERS: 4 };
const Setting = { INITIAL_WINDOW_SIZE: 4, MAX_HEADER_LIST_SIZE: 6 };

function frame(type, flags, stream, payload = Buffer.alloc(0)) {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head[3] = type;
  head[4] = flags;
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}

/** @param {Record<number, number>} values by identifier */
function settings(values = {}) {
  const entries = Object.entries(values).map(([identifier, value]) => {
    const entry = Buffer.alloc(6);
    entry.writeUInt16BE(Number(identifier), 0);
    entry.writeUInt32BE(value, 2);
    return entry;
  });
  return frame(Type.SETTINGS, 0, 0, Buffer.concat(entries));
}

/** A length as HPACK writes it, behind seven bits' room. */
function hpackLength(length) {
  if (length < 127) return Buffer.from([length]);
  const bytes = [127];
  let rest = length - 127;
  for (; rest >= 128; rest >>>= 7) bytes.push((rest & 127) | 128);
  return Buffer.from([...bytes, rest]);
}

const hpackText = (text) => Buffer.concat([hpackLength(text.length), Buffer.from(text)]);

/** One entry: 0x00 is kept in no table, 0x40 in the peer's, where its newest is entry 62. */
const entry = (name, value, kind = 0x00) => Buffer.concat([Buffer.from([kind]), hpackText(name), hpackText(value)]);

/** What a call of gRPC begins with. */
const requestHeaders = (path) =>
  Buffer.concat([
    entry(':method', 'POST'),
    entry(':scheme', 'http'),
    entry(':path', path),
    entry(':authority', 'localhost'),
    entry('content-type', 'application/grpc'),
    entry('te', 'trailers'),
  ]);

/** What its answer begins with. */
const responseHeaders = Buffer.concat([entry(':status', '200'), entry('content-type', 'application/grpc')]);

/** A message with gRPC's prefix. */
function message(bytes, { compressed = false, promised = bytes.length } = {}) {
  const prefix = Buffer.alloc(5);
  prefix[0] = compressed ? 1 : 0;
  prefix.writeUInt32BE(promised, 1);
  return Buffer.concat([prefix, bytes]);
}

/** One end of a connection. */
class RawPeer {
  /** @param {import('node:net').Socket} socket @param {number} [preface] how many bytes come before the first frame */
  constructor(socket, preface = 0) {
    this.socket = socket;
    this.preface = preface;
    this.unread = Buffer.alloc(0);
    /** Ends of streams: by their number, how. */
    this.ended = new Map();
    this.isClosed = false;
    socket.on('data', (bytes) => this.read(bytes));
    socket.on('error', () => {});
    socket.setMaxListeners(0);
    this.closed = new Promise((resolve) => socket.once('close', resolve)).then(() => (this.isClosed = true));
  }

  /** Waits until the system has taken it, or the connection is gone. */
  async send(...frames) {
    if (this.isClosed || this.socket.write(Buffer.concat(frames))) return;
    await Promise.race([new Promise((resolve) => this.socket.once('drain', resolve)), this.closed]);
  }

  /** A header list, in as many frames as it takes. */
  async headers(stream, block, { end = false } = {}) {
    const parts = [];
    for (let at = 0; at < block.length || at === 0; at += 16384) parts.push(block.subarray(at, at + 16384));
    const frames = parts.map((part, n) => {
      const last = n === parts.length - 1 ? Flag.END_HEADERS : 0;
      return n === 0 ? frame(Type.HEADERS, last | (end ? Flag.END_STREAM : 0), stream, part) : frame(Type.CONTINUATION, last, stream, part);
    });
    await this.send(...frames);
  }

  async data(stream, bytes, { end = false } = {}) {
    for (let at = 0; at < bytes.length; at += 16384) {
      const part = bytes.subarray(at, at + 16384);
      const isLast = at + 16384 >= bytes.length;
      await this.send(frame(Type.DATA, end && isLast ? Flag.END_STREAM : 0, stream, part));
    }
  }

  async widen(stream, bytes) {
    const payload = Buffer.alloc(4);
    payload.writeUInt32BE(bytes, 0);
    await this.send(frame(Type.WINDOW_UPDATE, 0, stream, payload));
  }

  read(bytes) {
    this.unread = Buffer.concat([this.unread, bytes]);
    if (this.preface > 0) {
      if (this.unread.length < this.preface) return;
      this.unread = this.unread.subarray(this.preface);
      this.preface = 0;
    }
    while (this.unread.length >= 9) {
      const size = 9 + this.unread.readUIntBE(0, 3);
      if (this.unread.length < size) return;
      const [type, flags] = [this.unread[3], this.unread[4]];
      this.got(type, flags, this.unread.readUInt32BE(5), this.unread.subarray(9, size));
      this.unread = this.unread.subarray(size);
    }
  }

  /** Waits until something that a frame changes is so, or the connection is gone. */
  async has(isSo) {
    while (!isSo() && !this.isClosed) await new Promise((resolve) => this.socket.once('data', resolve).once('close', resolve));
  }

  got(type, flags, stream, payload) {
    if (type === Type.SETTINGS && (flags & Flag.ACK) === 0) this.send(frame(Type.SETTINGS, Flag.ACK, 0));
    if (type === Type.PING && (flags & Flag.ACK) === 0) this.send(frame(Type.PING, Flag.ACK, 0, payload));
    if (type === Type.GOAWAY) this.goaway = payload.readUInt32BE(4);
    if (type === Type.RST_STREAM && !this.ended.has(stream)) this.ended.set(stream, 'reset');
    if ((type === Type.HEADERS || type === Type.DATA) && (flags & Flag.END_STREAM) !== 0) {
      this.ended.set(stream, 'whole');
      this.onEnd(stream);
    }
  }

  /** The other side has ended a stream of its own accord. @param {number} _stream */
  onEnd(_stream) {}

  close() {
    this.socket.destroy();
  }
}

/** A client's connection. */
class RawClient extends RawPeer {
  nextStream = 1;

  /** @param {number} port @param {Record<number, number>} [values] its settings */
  static async connect(port, values) {
    const socket = net.connect(port, '127.0.0.1');
    await once(socket, 'connect');
    const client = new RawClient(socket);
    await client.send(PREFACE, settings(values));
    return client;
  }

  /** Opens a stream. @returns {Promise<number>} its number */
  async open(path, { more = Buffer.alloc(0), end = false } = {}) {
    const stream = this.nextStream;
    this.nextStream += 2;
    await this.headers(stream, Buffer.concat([requestHeaders(path), more]), { end });
    return stream;
  }
}

/**
 * A server whose calls `onCall` answers, frame by frame.
 *
 * @param {(peer: RawPeer, stream: number) => void} onCall a request has ended
 * @returns {Promise<{ port: number, close: () => void }>}
 */
async function rawServer(onCall) {
  const sockets = new Set();
  const server = net.createServer((socket) => {
    sockets.add(socket);
    const peer = new RawPeer(socket, PREFACE.length);
    peer.onEnd = (stream) => onCall(peer, stream);
    peer.send(settings());
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const close = () => {
    server.close();
    for (const socket of sockets) socket.destroy();
  };
  return { port: server.address().port, close };
}

module.exports = { RawClient, Setting, entry, message, rawServer, responseHeaders };
