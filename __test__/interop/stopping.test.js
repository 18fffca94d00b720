'use strict';

// How a server stops: what its calls and its clients are told, and what came before.

const assert = require('node:assert').strict;
const { once } = require('node:events');
const http2 = require('node:http2');
const net = require('node:net');
const { test } = require('node:test');
const { Server } = require('../..');
const { eventually } = require('../support/bus');
const { ask, ours, record, theirs } = require('../support/grpc/peers');

for (const client of [ours, theirs]) {
  test(`stop() cuts off what does not end within its grace (${client.name} calls ours)`, { timeout: 20_000 }, async (t) => {
    const server = new Server();
    server.addService('webrtc', { publish(_call, _callback) {}, listenToNotifications: (call) => call.write({}) });
    const caller = client.client('webrtc', await server.listen('127.0.0.1:0'));
    t.after(() => caller.close());
    const stream = caller.listenToNotifications({});
    const recorded = record(stream);
    await once(stream, 'data');
    const pending = ask(caller, 'publish', {});
    await new Promise((resolve) => setTimeout(resolve, 20));
    assert.equal(await server.stop({ graceMs: 100 }), 1);
    for (const { code, details } of [(await pending).error, (await recorded).status]) assert.deepEqual([code, details], [14, 'The server is stopping']);
    assert.equal(server.port, null);
  });
}

test('stop() tells every open call that the server is stopping, and then the connection, without an error', { timeout: 20_000 }, async (t) => {
  const events = [];
  let open = 0;
  let allOpen;
  const opened = new Promise((resolve) => (allOpen = resolve));
  const begin = () => {
    if (++open === 3) allOpen();
  };
  const server = new Server().addService('quic', {
    subscribe: begin,
    listenToNotifications(call) {
      // More than the peer takes, so that a message is cut in two.
      call.write({ name: 'x'.repeat(200_000) });
      call.on('cancelled', () => events.push('handler cancelled'));
      begin();
    },
    validateTokenCallback: begin,
  });
  const session = http2.connect(`http://127.0.0.1:${await server.listen('127.0.0.1:0')}`, { settings: { initialWindowSize: 65_535 } });
  t.after(() => session.destroy());
  session.on('error', () => {});
  session.on('goaway', (code) => events.push(`goaway ${code}`));
  const call = (method, isPaused) => {
    const stream = session.request({ ':method': 'POST', ':path': `/owt.QuicAgent/${method}`, 'content-type': 'application/grpc', te: 'trailers' });
    stream.on('error', () => {});
    stream.write(Buffer.alloc(5));
    if (method !== 'validateTokenCallback') stream.end();
    if (isPaused) stream.pause();
    const told = (headers) => headers['grpc-status'] !== undefined && events.push(`${method} ${headers['grpc-status']} ${headers['grpc-message']}`);
    stream.on('response', told);
    stream.on('trailers', told);
    if (!isPaused) stream.resume();
  };
  call('Subscribe', false);
  call('ListenToNotifications', true);
  call('validateTokenCallback', false);
  await opened;
  assert.equal(await server.stop({ graceMs: 50 }), 1);
  const statuses = () => events.filter((event) => /The server is stopping$/.test(event));

  await eventually(() => statuses().length === 3 && events.includes('handler cancelled') && events.includes('goaway 0'), 'the end of all');
  assert.deepEqual(statuses().sort(), ['ListenToNotifications', 'Subscribe', 'validateTokenCallback'].map((method) => `${method} 14 The server is stopping`));
  assert.ok(events.filter((event) => event.startsWith('goaway')).every((event) => event === 'goaway 0'), `${events}`);
});

test('stop() waits a moment at most for a peer that answers nothing any more', { timeout: 20_000 }, async (t) => {
  let arrived;
  const there = new Promise((resolve) => (arrived = resolve));
  const server = new Server().addService('webrtc', { publish: () => arrived() });
  const port = await server.listen('127.0.0.1:0');
  let mute;
  const between = net.createServer((socket) => {
    const upstream = net.connect(port, '127.0.0.1').on('error', () => {});
    socket.on('error', () => {}).pipe(upstream);
    upstream.pipe(socket);
    mute = () => socket.pause();
  });
  await once(between.listen(0, '127.0.0.1'), 'listening');
  const session = http2.connect(`http://127.0.0.1:${between.address().port}`);
  session.on('error', () => {});
  t.after(() => {
    session.destroy();
    between.close();
  });
  const stream = session.request({ ':method': 'POST', ':path': '/owt.WebRTCAgent/Publish', 'content-type': 'application/grpc', te: 'trailers' });
  stream.on('error', () => {});
  stream.end(Buffer.alloc(5));
  await there;
  mute();
  assert.equal(await server.stop({ graceMs: 10 }), 1);
});

/** Whether somebody listens there. */
const isTaken = (port) =>
  new Promise((resolve) => {
    const socket = net.connect(port, '127.0.0.1', () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('error', () => resolve(false));
  });

/** What may come before a server listens. */
const BEFORE_LISTENING = {
  'a stop': (server) => server.stop(),
  'two stops at once': (server) => Promise.all([server.stop(), server.stop()]),
  'a stop and a disposal': async (server) => {
    await server.stop();
    await server[Symbol.asyncDispose ?? Symbol.for('nodejs.asyncDispose')]();
  },
  'a port that is taken': (server, taken) => assert.rejects(server.listen(taken), { code: 'EADDRINUSE' }),
  'a port that is taken, and a stop': async (server, taken) => {
    await assert.rejects(server.listen(taken), { code: 'EADDRINUSE' });
    assert.equal(await server.stop(), 0);
  },
  'a port that is taken, and a stop meanwhile': async (server, taken) => {
    const listening = server.listen(taken);
    const stopped = server.stop();
    await assert.rejects(listening, { code: 'EADDRINUSE' });
    assert.equal(await stopped, 0);
  },
  'an address that is none, and a stop meanwhile': async (server) => {
    const listening = server.listen('nowhere');
    const stopped = server.stop();
    await assert.rejects(listening, TypeError);
    assert.equal(await stopped, 0);
  },
  'a stop that was refused': (server) => assert.rejects(server.stop({ graceMS: 0 }), /stop: option graceMS is not known; .*did you mean graceMs\?/),
};

for (const [what, before] of Object.entries(BEFORE_LISTENING)) {
  test(`a server can be stopped, whatever came before it listened: ${what}`, { timeout: 20_000 }, async (t) => {
    const holder = await ours.serve('webrtc', {});
    t.after(holder.stop);
    const server = new Server();
    await before(server, `127.0.0.1:${holder.port}`);
    const port = await server.listen('127.0.0.1:0');
    assert.equal(await isTaken(port), true);
    assert.equal(await server.stop(), 0);
    assert.equal(server.port, null);
    assert.equal(await isTaken(port), false);
    await assert.rejects(server.listen('127.0.0.1:0'), /has been stopped/);
  });
}

test('a stop while a server comes to listen waits for that, and stops it', { timeout: 20_000 }, async () => {
  const server = new Server();
  const listening = server.listen('127.0.0.1:0');
  await Promise.all([server.stop(), server.stop()]);
  assert.equal(await isTaken(await listening), false);
});

for (const wrong of [{ graceMS: 0 }, { graceMs: '0' }, { graceMs: -1 }, 0, 'now']) {
  test(`a stop with options that are none says so, and keeps nobody: ${JSON.stringify(wrong)}`, { timeout: 20_000 }, async () => {
    const server = new Server();
    const port = await server.listen('127.0.0.1:0');
    await assert.rejects(server.stop(wrong), TypeError);
    assert.equal(await isTaken(port), false);
  });
}
