'use strict';

// A member in a process of its own: `bus-process.js <options> <id>`. Does what
// it is told on stdin, one JSON line each, and answers each by one line.

const fs = require('node:fs');
const { createInterface } = require('node:readline');
const amqpClient = require('../../../lib/dropin/amqpClient');
const { connected, participant, rpcClient, rpcServer, subscribed } = require('./index');
const { Heard, Load, Sender } = require('./load');
const { getBridge } = require('../../../lib/crossing/bridge');
const { setLogger } = require('../../..');

const [options, id] = process.argv.slice(2);
const client = amqpClient();
const heard = { casts: new Heard(), messages: new Heard() };
const messages = [];
const warnings = [];
setLogger({ warn: (text) => warnings.push(text) });
const loads = new Map();

/** As a build that speaks other versions of the protocol. */
if (process.env.OWT_TEST_PROTOCOL) {
  const { native } = getBridge();
  const open = native.openBus;
  native.openBus = (bus, how, ...credentials) => open.call(native, bus, { ...how, protocol: JSON.parse(process.env.OWT_TEST_PROTOCOL) }, ...credentials);
}

let rpc;
let channel;
let sender;

const methods = {
  ping: (reply) => reply('callback', id),
  who: (reply) => reply('callback', process.pid),
  echo: (value, reply) => reply('callback', value),
  slowly: (value, reply) => void setTimeout(reply, 100, 'callback', value),
  messages: (reply) => reply('callback', messages),
  note: (from, number) => heard.casts.note(from, number),
  /** On record even if the process is killed next. */
  carryOut(number, reply) {
    fs.appendFileSync(process.env.CARRIED_OUT, `${number}\n`);
    reply('callback', number);
  },
};

const commands = {
  async join() {
    await connected(client, JSON.parse(options));
    rpc = await rpcClient(client);
    channel = await participant(client, 'group');
    await subscribed(channel, ['all.#'], (message) => {
      if (message?.from !== undefined) heard.messages.note(message.from, message.number);
      else messages.push(message);
    });
    await rpcServer(client, id, methods);
  },
  /** Why it does not come in. */
  refusal: () => new Promise((resolve) => client.connect(JSON.parse(options), () => resolve(''), (error) => resolve(error.message))),
  leave: () => client.disconnect(),
  async serve(other) {
    await client.removeRpcServer();
    await rpcServer(client, other, methods);
  },
  unserve: () => client.removeRpcServer(),
  warnings: () => warnings,
  status: () => client.connection.status(),
  /** Blocks JS and nothing else. The answer says that it begins. */
  block(ms) {
    setImmediate(() => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms));
  },
  load: ({ to, name = to, ...how }) => void loads.set(name, new Load(rpc, to, how)),
  loaded: (name) => loads.get(name).summary(),
  unload: (name) => loads.get(name).stop(),
  /** Under the process's name, if no other: an id may be served by one after the other. */
  send: ({ to, as = String(process.pid) }) => void (sender = new Sender(rpc, channel, as, to)),
  sent: () => sender.sent,
  unsend: () => sender.stop(),
  heard: () => ({ casts: heard.casts.summary(), messages: heard.messages.summary(), other: messages }),
};

/** What is written at once is read even if the next turn blocks. */
const say = (what) => fs.writeSync(1, `${JSON.stringify(what ?? null)}\n`);

async function main() {
  say('up');
  for await (const line of createInterface({ input: process.stdin })) {
    const { command, value } = JSON.parse(line);
    say(await commands[command](value));
  }
  await client.disconnect();
}

main();
