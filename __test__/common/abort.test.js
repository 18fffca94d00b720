'use strict';

// Node.js 14 has no AbortController. What stands in for it there does what Node's
// own does, which runs beside it where there is one.

const assert = require('node:assert').strict;
const { test } = require('node:test');
const { AbortController, OwnController, reasonOf, throwIfAborted, timeoutSignal } = require('../../lib/common/compat/abort');

const kinds = AbortController === OwnController ? [OwnController] : [AbortController, OwnController];

for (const Controller of kinds) {
  const name = Controller === OwnController ? 'our AbortController' : "Node's AbortController";

  test(`${name}: each listener hears of it once, in order, unless it was taken away`, () => {
    const controller = new Controller();
    const { signal } = controller;
    const heard = [];
    const twice = () => heard.push('twice');
    const gone = () => heard.push('gone');
    signal.addEventListener('abort', twice);
    signal.addEventListener('abort', twice);
    signal.addEventListener('abort', (event) => heard.push(`${event.type} ${event.target === signal}`), { once: true });
    signal.addEventListener('abort', { handleEvent: () => heard.push('object') });
    signal.addEventListener('abort', gone);
    signal.addEventListener('other', () => heard.push('other'));
    signal.removeEventListener('abort', gone);
    assert.equal(signal.aborted, false);
    controller.abort();
    controller.abort();
    assert.equal(signal.aborted, true);
    assert.deepEqual(heard, ['twice', 'abort true', 'object']);
    signal.addEventListener('abort', () => heard.push('late'));
    assert.equal(heard.length, 3);
  });

  test(`${name}: onabort is a listener, and one that is taken away by another is not called`, () => {
    const controller = new Controller();
    const heard = [];
    const second = () => heard.push('second');
    controller.signal.onabort = () => heard.push('onabort');
    controller.signal.addEventListener('abort', () => controller.signal.removeEventListener('abort', second));
    controller.signal.addEventListener('abort', second);
    controller.abort();
    assert.deepEqual(heard, ['onabort']);
  });

  test(`${name}: the reason is an AbortError, or what was given`, () => {
    const plain = new Controller();
    plain.abort();
    const why = reasonOf(plain.signal);
    assert.equal(why.name, 'AbortError');
    assert.equal(why.code, 20);
    assert.throws(() => throwIfAborted(plain.signal), { name: 'AbortError' });
    const other = new Controller();
    throwIfAborted(other.signal);
    // Before Node.js 16.14 signals have no reason: there it is an AbortError.
    if (!('reason' in other.signal)) return;
    for (const given of [new Error('mine'), 0, null, 'text']) {
      const controller = new Controller();
      controller.abort(given);
      assert.equal(reasonOf(controller.signal), given);
    }
  });

  test(`${name}: a listener that throws keeps no other from hearing`, async () => {
    const controller = new Controller();
    let heard = 0;
    controller.signal.addEventListener('abort', () => {
      throw new Error('of a listener');
    });
    controller.signal.addEventListener('abort', () => heard++);
    // The runner listens as well, and would take it for a failure of this test.
    const others = process.listeners('uncaughtException');
    process.removeAllListeners('uncaughtException');
    const thrown = new Promise((resolve) => process.once('uncaughtException', resolve));
    controller.abort();
    const { message } = await thrown;
    for (const listener of others) process.on('uncaughtException', listener);
    assert.deepEqual([heard, message], [1, 'of a listener']);
  });
}

test('a signal that fires by itself has a TimeoutError as its reason', async () => {
  const signal = timeoutSignal(1);
  // It keeps no process alive by itself.
  const stay = setInterval(() => {}, 1000);
  await new Promise((resolve) => signal.addEventListener('abort', resolve));
  clearInterval(stay);
  assert.equal(signal.aborted, true);
  if ('reason' in signal) assert.equal(reasonOf(signal).name, 'TimeoutError');
});
