'use strict';

// A number of calls or messages in one process, for who counts its instructions:
// `node counted.js <folder of the package> <kind> <how many>`.

const path = require('node:path');
const { freePort } = require('../../examples/demo/common/port');
const { notification, subscribeRequest } = require('../workload');

// Where calls are made is looked at so many times a second: of calls that are as slow
// as here that would be each, of others it is few.
Error.stackTraceLimit = 0;

const [folder, kind, count] = process.argv.slice(2);
const { Server, connectBus, createClient } = require(path.resolve(folder));

/** A client of a server with these handlers, `run` with it, and the end of both. */
async function served(handlers, run) {
  const server = new Server().addService('quic', handlers);
  const client = createClient('quic', `localhost:${await server.listen('127.0.0.1:0')}`);
  return { run: (many) => run(client, many), end: () => (client.close(), server.stop()) };
}

/** Two members of a bus, `run` with them, and the end of both. */
async function joined(run) {
  const registry = `127.0.0.1:${await freePort()}`;
  const one = await connectBus({ registry });
  const other = await connectBus({ registry });
  return { run: await run(one, other), end: () => Promise.all([other.close(), one.close()]) };
}

/** The same again and again, each when the one before has ended. */
const inTurn = (call) => async (many) => {
  for (let n = 0; n < many; n++) await call();
};

/** What a handler does that sends `many` messages, as fast as they are taken. */
function write(call, many) {
  let sent = 0;
  const more = () => {
    while (sent++ < many) if (!call.write(notification)) return;
    call.end();
  };
  call.on('drain', more);
  more();
}

/** @type {Record<string, () => Promise<{ run: (many: number) => Promise<unknown>, end: () => Promise<unknown> }>>} */
const kinds = {
  unary() {
    const call = (client) => new Promise((resolve, reject) => client.subscribe(subscribeRequest, (error, reply) => (error ? reject(error) : resolve(reply))));
    return served({ subscribe: ({ request }, callback) => callback(null, { id: request.id }) }, (client, many) => inTurn(() => call(client))(many));
  },
  promise() {
    const subscribe = async ({ request }) => ({ id: request.id });
    return served({ subscribe }, (client, many) => inTurn(() => client.subscribe(subscribeRequest))(many));
  },
  stream() {
    const read = (client, many) =>
      new Promise((resolve, reject) => {
        client.listenToNotifications({ id: String(many) }).on('data', () => {}).on('error', reject).on('end', resolve);
      });
    return served({ listenToNotifications: (call) => write(call, Number(call.request.id)) }, read);
  },
  /** One message under way: how many cross together is a matter of chance, and what each costs goes by it. */
  bidi() {
    const echo = (call) => {
      call.on('data', ({ tokenId }) => call.write({ tokenId })).on('end', () => call.end());
    };
    const exchange = (client, many) =>
      new Promise((resolve, reject) => {
        const stream = client.validateTokenCallback();
        let sent = 0;
        const send = () => {
          if (sent < many) stream.write({ tokenId: 'token-1234567890', ok: true });
          if (++sent === many) stream.end();
        };
        stream.on('data', send).on('error', reject).on('end', resolve);
        send();
      });
    return served({ validateTokenCallback: echo }, exchange);
  },
  bus() {
    return joined(async (serving, calling) => {
      await serving.serve('counted', { keepAlive: () => 'ok' });
      return inTurn(() => calling.call('counted', 'keepAlive', ['webrtc-5a1f09c3d7e24b80c6aa@10.0.0.21']));
    });
  },
};

async function main() {
  const { run, end } = await kinds[kind]();
  await run(Number(count));
  await end();
  process.exit(0);
}

main();
