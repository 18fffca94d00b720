'use strict';

const assert = require('node:assert').strict;
const { spawn } = require('node:child_process');
const { once } = require('node:events');
const http2 = require('node:http2');
const net = require('node:net');
const path = require('node:path');
const { performance } = require('node:perf_hooks');
const { test } = require('node:test');
const { Server, createClient } = require('../..');
const { eventually } = require('../support/bus');
const { ask, inAllPairings, ours, record, theirs } = require('../support/peers');

/** A server of ours or grpc-js in a process of its own, which can be killed. */
async function serverProcess(t, name, port = 0) {
  const child = spawn(process.execPath, [path.join(__dirname, '../support/server-process.js'), name, String(port)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  t.after(() => child.kill('SIGKILL'));
  const [line] = await once(child.stdout, 'data');
  return { child, port: Number(line) };
}

/** From Node.js 15 to 18 a server of grpc-js that drains drops its calls. */
const drains = { skip: (_client, server) => server === theirs && /^1[5-8]\./.test(process.versions.node) };

const SIDES = [
  [ours, 'ours'],
  [ours, 'theirs'],
  [theirs, 'ours'],
];

for (const [client, name] of SIDES) {
  const label = `(${client.name} calls ${name === 'ours' ? 'ours' : 'grpc-js'})`;

  test(`a server killed mid-call ends calls and streams with UNAVAILABLE, and its restart is found ${label}`, { timeout: 30_000 }, async (t) => {
    const { child, port } = await serverProcess(t, name);
    const caller = client.client('webrtc', port);
    t.after(() => caller.close());
    const stream = caller.listenToNotifications({});
    const recorded = record(stream);
    await once(stream, 'data');
    const pending = ask(caller, 'unpublish', {});
    assert.deepEqual((await ask(caller, 'publish', { id: 'a' })).reply, { id: 'a' });
    const exited = once(child, 'exit');
    child.kill('SIGKILL');
    assert.equal((await pending).error.code, 14);
    assert.match((await pending).error.message, /^14 UNAVAILABLE: Connection dropped/);
    const { events, status } = await recorded;
    assert.deepEqual(events, ['metadata', 'data', 'error', 'status', 'end', 'close']);
    assert.equal(status.code, 14);
    await exited;
    await serverProcess(t, name, port);
    // The first calls may still fail: the client is told of the failure at once.
    const until = Date.now() + 10_000;
    let last;
    do last = await ask(caller, 'publish', { id: 'b' }, { deadline: new Date(Date.now() + 1000) });
    while (last.error && Date.now() < until);
    assert.deepEqual(last.reply, { id: 'b' });
  });

  test(`a stopped server lets calls end at their deadline ${label}`, { timeout: 30_000 }, async (t) => {
    const { child, port } = await serverProcess(t, name);
    const caller = client.client('webrtc', port);
    t.after(() => caller.close());
    assert.equal((await ask(caller, 'publish', {})).error, null);
    child.kill('SIGSTOP');
    const { error } = await ask(caller, 'publish', {}, { deadline: new Date(Date.now() + 300) });
    assert.equal(error.code, 4);
    child.kill('SIGCONT');
    assert.equal((await ask(caller, 'publish', {}, { deadline: new Date(Date.now() + 5000) })).error, null);
  });
}

inAllPairings('nobody listening fails at once with UNAVAILABLE', async ({ t, clientSide }) => {
  const probe = net.createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address();
  await new Promise((resolve) => probe.close(resolve));
  const caller = clientSide.client('webrtc', port);
  t.after(() => caller.close());
  const { error } = await ask(caller, 'publish', {}, { deadline: new Date(Date.now() + 10_000) });
  assert.equal(error.code, 14);
  assert.match(error.details, new RegExp(`No connection established.*127\\.0\\.0\\.1:${port}`));
});

test('wait-for-ready calls wait for the server instead of failing', { timeout: 20_000 }, async (t) => {
  const probe = net.createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address();
  await new Promise((resolve) => probe.close(resolve));
  const caller = ours.client('webrtc', port);
  await assert.rejects(caller.publish({}), { code: 14 });
  const waiting = caller.publish({ id: 'w' }, { waitForReady: true, timeout: 15_000 });
  const serving = await ours.serve('webrtc', { publish: async (call) => ({ id: call.request.id }) }, { port });
  t.after(async () => {
    caller.close();
    await serving.stop();
  });
  assert.deepEqual(await waiting, { id: 'w' });
});

inAllPairings('a graceful stop lets calls under way finish and refuses new ones', async ({ connect }) => {
  let answer;
  let arrived;
  const there = new Promise((resolve) => (arrived = resolve));
  const { client, server } = await connect('webrtc', {
    publish(call, callback) {
      answer = () => callback(null, { id: 'done' });
      arrived();
    },
  });
  const pending = ask(client, 'publish', {});
  await there;
  const stopped = server.drain();
  await new Promise(setImmediate);
  answer();
  assert.deepEqual((await pending).reply, { id: 'done' });
  await stopped;
  assert.equal((await ask(client, 'publish', {}, { deadline: new Date(Date.now() + 3000) })).error.code, 14);
}, drains);

for (const client of [ours, theirs]) {
  test(`stop() cuts off what does not end within its grace (${client.name} calls ours)`, { timeout: 20_000 }, async (t) => {
    const { Server } = require('../..');
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
  const { Server } = require('../..');
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
  const { Server } = require('../..');
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

inAllPairings('calls made before there is a connection arrive in the order they were made', async ({ connect }) => {
  const arrived = [];
  const { client } = await connect('webrtc', {
    publish(call, callback) {
      arrived.push(call.request.id);
      callback(null, {});
    },
  });
  const ids = Array.from({ length: 200 }, (_, n) => String(n));
  await Promise.all(ids.map((id) => ask(client, 'publish', { id })));
  assert.deepEqual(arrived, ids);
});

test('calls that are made while the connection comes to stand arrive in order, too', { timeout: 20_000 }, async (t) => {
  const arrived = [];
  const { port, stop } = await ours.serve('webrtc', {
    publish(call, callback) {
      arrived.push(call.request.id);
      callback(null, {});
    },
  });
  t.after(stop);
  for (let round = 0; round < 50; round++) {
    // Options of its own give each a connection of its own.
    const client = ours.client('webrtc', port, { keepaliveMs: 60_000 + round });
    const calls = [];
    arrived.length = 0;
    for (let isReady = false; !isReady && calls.length < 400; ) {
      for (let n = 0; n < 10; n++) calls.push(ask(client, 'publish', { id: String(calls.length) }));
      isReady = await Promise.race([calls[0].then(() => true), new Promise((resolve) => setImmediate(resolve, false))]);
    }
    await Promise.all(calls);
    assert.deepEqual(arrived, Array.from(calls, (_, n) => String(n)), `round ${round}`);
    client.close();
  }
});

test('a client finds a peer that went silent by keepalive', { timeout: 20_000 }, async (t) => {
  const { child, port } = await serverProcess(t, 'theirs');
  const caller = ours.client('webrtc', port, { keepaliveMs: 1000, keepaliveTimeoutMs: 200 });
  t.after(() => caller.close());
  assert.equal((await ask(caller, 'publish', {})).error, null);
  child.kill('SIGSTOP');
  const { error } = await ask(caller, 'unpublish', {});
  assert.equal(error.code, 14);
  assert.match(error.details, /keepalive/);
});

test('a server finds a client that went silent by keepalive, and its handlers close', { timeout: 20_000 }, async (t) => {
  let closed;
  const gone = new Promise((resolve) => (closed = resolve));
  let there;
  const arrived = new Promise((resolve) => (there = resolve));
  const serving = await ours.serve(
    'webrtc',
    {
      listenToNotifications(call) {
        call.on('close', closed);
        there();
      },
    },
    { keepaliveMs: 1000, keepaliveTimeoutMs: 200 }
  );
  const child = spawn(process.execPath, [path.join(__dirname, '../support/client-process.js'), String(serving.port)]);
  t.after(async () => {
    child.kill('SIGKILL');
    await serving.stop();
  });
  await arrived;
  child.kill('SIGSTOP');
  await gone;
});

test('a client whose pings are too many for its server pings less, and goes on', { timeout: 30_000 }, async (t) => {
  const pauses = [];
  const server = http2.createServer();
  server.on('session', (session) => {
    let last = performance.now();
    let pings = 0;
    session.on('error', () => {});
    session.on('ping', () => {
      // The first one of a connection is how a client finds out who is there.
      if (pings++ === 0) return;
      pauses.push(performance.now() - last);
      last = performance.now();
      if (pauses.length === 1) session.goaway(http2.constants.NGHTTP2_ENHANCE_YOUR_CALM, 0, Buffer.from('too_many_pings'));
      server.emit('pinged');
    });
    session.on('stream', (stream) => {
      stream.on('error', () => {});
      stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
      stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
      stream.end(Buffer.from([0, 0, 0, 0, 0]));
    });
    t.after(() => session.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  const caller = ours.client('webrtc', server.address().port, { keepaliveMs: 1000 });
  t.after(() => caller.close());
  assert.equal((await ask(caller, 'publish', {})).error, null);
  await once(server, 'pinged');
  // The call that finds the connection gone may fail; the next one is on a new one.
  const until = Date.now() + 5000;
  while ((await ask(caller, 'publish', {})).error && Date.now() < until);
  await once(server, 'pinged');
  // Twice the second that was asked for; a busy machine can only make it longer.
  assert.ok(pauses[1] > 1500, `pauses of ${pauses} ms`);
});

inAllPairings('a call that outlasts a graceful stop is not lost to keepalive pings', async ({ connect }) => {
  let arrived;
  const there = new Promise((resolve) => (arrived = resolve));
  // Pings of ours alone: those of grpc-js lose the call in either role (grpc-node 3068).
  const pings = { keepaliveMs: 1000 };
  const { client, server } = await connect('webrtc', {
    publish(call, callback) {
      arrived();
      // As long as three pings take, which show themselves to nobody in JS.
      setTimeout(callback, 3500, null, { id: 'after all' });
    },
  }, { forServer: pings, forClient: pings });
  const pending = ask(client, 'publish', {});
  await there;
  const drained = server.drain();
  assert.equal((await pending).reply?.id, 'after all');
  await drained;
}, drains);

test('client and server can be disposed of, as `await using` does', { timeout: 20_000 }, async () => {
  const dispose = Symbol.asyncDispose ?? Symbol.for('nodejs.asyncDispose');
  const server = new Server().addService('webrtc', { publish: async () => ({ id: 'p' }) });
  const client = createClient('webrtc', `127.0.0.1:${await server.listen('127.0.0.1:0')}`);
  assert.equal((await client.publish({})).id, 'p');
  await client[dispose]();
  assert.equal(client.state, 'closed');
  await server[dispose]();
  assert.equal(server.port, null);
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
