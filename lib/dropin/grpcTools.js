'use strict';

// OWT's gRPC helper, call for call, on the native core. Translates; decides
// nothing that the modules could notice.

require('../common/compat/node-version').demandNode();

const { createOwtClient } = require('../grpc/client/client');
const { Writer } = require('../codec-runtime');
const { packAny, unpackAny } = require('../codec-runtime/any');
const { hasOwn } = require('../common/compat/objects');
const { contractOf } = require('../grpc/contract');
const { OwtServer } = require('./owt-server');
const { tellStatus } = require('./own-status');

const KEEPALIVE = { keepaliveMs: 10000, keepaliveTimeoutMs: 5000 };

const OPTION = 'owt.RequestOption';

/** What a notification carries, by its name. */
const NOTIFICATIONS = /** @type {Record<string, string>} */ ({
  onMediaUpdate: 'owt.MediaUpdateData',
  onTrackUpdate: 'owt.TrackUpdateData',
  onTransportProgress: 'owt.TransportProgressData',
  onAudioActiveness: 'owt.AudioActivenessData',
  onSessionProgress: 'owt.SessionProgressData',
  onVideoLayoutChange: 'owt.VideoLayoutChangeData',
  onStreamAdded: 'owt.StreamAddedData',
  onStreamRemoved: 'owt.StreamAddedData',
});

/** @type {Map<number, OwtServer>} the servers that listen, by port */
const servers = new Map();

/**
 * Serves a type on all addresses of the machine.
 *
 * @param {string} type OWT's name of the service
 * @param {Record<string, any>} impl its handlers
 * @param {number} [port] 0 for any free one
 * @returns {Promise<number>} the port
 */
async function startServer(type, impl, port = 0) {
  tellStatus(servers);
  const server = new OwtServer(KEEPALIVE);
  server.addService(type, impl);
  const bound = await server.listen(Number(port));
  servers.set(bound, server);
  return bound;
}

/**
 * Stops a server that `startServer` started. An addition to OWT's helper.
 *
 * @param {number} port what `startServer` gave
 * @param {{ graceMs?: number }} [options] what calls under way are given to end
 * @returns {Promise<void>}
 */
async function stopServer(port, options) {
  const server = servers.get(port);
  if (server === undefined) throw new Error(`No server of startServer listens on port ${port}`);
  try {
    await server.stop(options);
  } finally {
    if (servers.get(port) === server) servers.delete(port);
  }
}

/**
 * A client of a type. Connects at its first call.
 *
 * @param {string} type
 * @param {string} address host:port
 * @returns {any}
 */
function startClient(type, address) {
  tellStatus(servers);
  return createOwtClient(type, address);
}

/**
 * Packs a request's option for the type's requests.
 *
 * @param {string} type
 * @param {object} option
 */
function packOption(type, option) {
  return pack(codecOf(type, OPTION), option);
}

/**
 * @param {string} type
 * @param {{ type_url: string, value: Uint8Array }} packed
 * @returns {any} the option, or null for something else
 */
function unpackOption(type, packed) {
  const codec = codecOf(type, OPTION);
  if (packed.type_url !== OPTION) {
    console.log(`Type url is ${packed.type_url}, not ${OPTION}`);
    return null;
  }
  return unpackAny(codec, packed.value);
}

/**
 * Packs a notification's data by its name.
 *
 * @param {{ type: string, name: string, data: any }} notification
 */
function packNotification({ type, name, data }) {
  if (!hasOwn(NOTIFICATIONS, name)) {
    throw new Error(`Invalid notification name:${name} (known: ${Object.keys(NOTIFICATIONS).join(', ')})`);
  }
  return { type, name, data: pack(codecOf(type, NOTIFICATIONS[name]), data) };
}

/**
 * @param {{ type: string, name: string, data: { type_url: string, value: Uint8Array } }} notification
 * @returns {{ type: string, name: string, data: any }}
 */
function unpackNotification({ type, name, data }) {
  return { type, name, data: unpackAny(codecOf(type, data.type_url), data.value) };
}

/**
 * @param {string} type
 * @param {string} message
 */
function codecOf(type, message) {
  const codec = contractOf(type).lookup(message);
  if (codec === undefined) throw new Error(`no such type: ${message} in the proto of ${type}`);
  return codec;
}

/**
 * Never throws for what is in the object: an event emitter of OWT calls this,
 * and a field of the wrong kind must not end its process. Such a field is left
 * out.
 *
 * @param {import('../codec-runtime').Codec} codec
 * @param {any} object
 */
function pack(codec, object) {
  try {
    return packAny(codec, object == null ? {} : object);
  } catch (_error) {
    return packAny(codec, fitting(codec, object));
  }
}

/**
 * The object without the members that cannot be encoded: they are tried one by
 * one, at every depth.
 *
 * @param {import('../codec-runtime').Codec} codec
 * @param {any} object
 */
function fitting(codec, object) {
  const writer = new Writer(512);
  /** @type {(value: any) => boolean} */
  const fits = (value) => {
    writer.pos = 0;
    try {
      codec.encode(value, writer);
      return true;
    } catch (_error) {
      return false;
    }
  };
  /** @type {(part: any, place: (part: any) => any) => any} */
  const clean = (part, place) => {
    const kept = Array.isArray(part) ? [] : /** @type {any} */ ({});
    for (const [key, value] of Object.entries(part)) {
      /** @type {(inner: any) => any} */
      const at = (inner) => place(Array.isArray(part) ? [...kept, inner] : { ...kept, [key]: inner });
      let fit = value;
      if (!fits(at(value))) {
        if (value === null || typeof value !== 'object') continue;
        fit = clean(value, at);
        if (!fits(at(fit))) continue;
      }
      if (Array.isArray(part)) kept.push(fit);
      else kept[key] = fit;
    }
    return kept;
  };
  return object !== null && typeof object === 'object' ? clean(object, (part) => part) : {};
}

module.exports = {
  startServer,
  startClient,
  stopServer,
  packOption,
  unpackOption,
  packNotification,
  unpackNotification,
};
