'use strict';

// A member in a process of its own: `bus-process.js <options> <id>`. Serves the
// id, prints "ready", and does what it is told on stdin, one JSON line each.

const { createInterface } = require('node:readline');
const amqpClient = require('../../lib/dropin/amqpClient');

const [options, id] = process.argv.slice(2);
const client = amqpClient();
const say = (what) => console.log(JSON.stringify(what));
const messages = [];

const methods = {
  ping: (reply) => reply('callback', id),
  who: (reply) => reply('callback', process.pid),
  messages: (reply) => reply('callback', messages),
};

const commands = {
  block(ms) {
    const until = Date.now() + ms;
    while (Date.now() < until);
  },
  leave: () => client.disconnect(),
  join: () => new Promise((resolve, reject) => client.connect(JSON.parse(options), () => client.asRpcServer(id, methods, resolve, reject), reject)),
};

async function main() {
  await commands.join();
  client.asTopicParticipant('group', (channel) => channel.subscribe(['all.#'], (message) => messages.push(message), () => say('ready')));
  for await (const line of createInterface({ input: process.stdin })) {
    const { command, value } = JSON.parse(line);
    say(`${command} begins`);
    await commands[command](value);
    say(`${command} done`);
  }
  await client.disconnect();
}

main();
