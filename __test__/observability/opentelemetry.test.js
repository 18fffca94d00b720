'use strict';

// The tracer of examples/opentelemetry.js, with OpenTelemetry's own SDK.

const assert = require('node:assert').strict;
const { after, before, beforeEach, test } = require('node:test');
const { context, propagation, trace, SpanKind, SpanStatusCode } = require('@opentelemetry/api');
const { AsyncLocalStorageContextManager } = require('@opentelemetry/context-async-hooks');
const { W3CTraceContextPropagator } = require('@opentelemetry/core');
const { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } = require('@opentelemetry/sdk-trace-base');
const { Server, connectBus, createClient, setTracing } = require('../..');
const { tracer } = require('../../examples/opentelemetry');
const { eventually, freePort } = require('../support/bus');

const memory = new InMemorySpanExporter();

before(() => {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  propagation.setGlobalPropagator(new W3CTraceContextPropagator());
  trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(memory)] }));
  setTracing(tracer);
});
after(() => {
  setTracing(null);
  context.disable();
  propagation.disable();
  trace.disable();
});
beforeEach(() => memory.reset());

/** Runs `work` in a span; gives what it made, as "kind name" in "kind name". */
async function tree(work, count) {
  await trace.getTracer('test').startActiveSpan('root', async (span) => {
    await work();
    span.end();
  });
  await eventually(() => memory.getFinishedSpans().length === count, `${count} spans`);
  const spans = memory.getFinishedSpans();
  const shown = (span) => (span === undefined ? 'nothing' : `${SpanKind[span.kind]} ${span.name}`);
  const parentOf = ({ parentSpanContext }) => spans.find((span) => span.spanContext().spanId === parentSpanContext?.spanId);
  assert.equal(new Set(spans.map((span) => span.spanContext().traceId)).size, 1, 'one trace');
  return spans.map((span) => `${shown(span)} in ${shown(parentOf(span))}`).sort();
}

test('unary calls, streams, calls, casts and topics are one tree of spans', async (t) => {
  const registry = `127.0.0.1:${await freePort()}`;
  const bus = await connectBus({ registry });
  const far = await connectBus({ registry });
  const server = new Server();
  await far.serve('rooms', { roomOf: (id) => id, note() {} });
  server.addService('webrtc', {
    publish(call, callback) {
      bus.call('rooms', 'roomOf', [call.request.id]).then((id) => callback(null, { id }), callback);
    },
    async *listenToNotifications() {
      yield { name: 'first' };
      bus.cast('rooms', 'note');
      yield { name: 'second' };
    },
  });
  const messages = far.subscribe('news', '#');
  await messages.ready;
  const client = createClient('webrtc', `127.0.0.1:${await server.listen('127.0.0.1:0')}`);
  t.after(async () => {
    client.close();
    await server.stop();
    await Promise.all([bus.close(), far.close()]);
  });
  const spans = await tree(async () => {
    await new Promise((resolve, reject) => {
      client.publish({ id: 'x' }, (error) => {
        if (error) reject(error);
        // The context is that of the caller, not of the call.
        bus.publish('news', 'joined', 1);
        resolve();
      });
    });
    for await (const _ of client.listenToNotifications({}));
  }, 11);
  const publish = 'owt.WebRTCAgent/Publish';
  const listen = 'owt.WebRTCAgent/ListenToNotifications';
  assert.deepEqual(spans, [
    `CLIENT ${listen} in INTERNAL root`,
    `CLIENT ${publish} in INTERNAL root`,
    'CLIENT rooms.roomOf in SERVER owt.WebRTCAgent/Publish',
    'CONSUMER joined.bus.message in PRODUCER joined.bus.publish',
    'INTERNAL root in nothing',
    'PRODUCER joined.bus.publish in INTERNAL root',
    `PRODUCER rooms.note in SERVER ${listen}`,
    `SERVER ${listen} in CLIENT ${listen}`,
    `SERVER ${publish} in CLIENT ${publish}`,
    'SERVER rooms.note in PRODUCER rooms.note',
    'SERVER rooms.roomOf in CLIENT rooms.roomOf',
  ]);
});

test('a call that fails makes failed spans on both sides', async (t) => {
  const server = new Server().addService('webrtc', { async publish() { throw new Error('no room'); } });
  const client = createClient('webrtc', `127.0.0.1:${await server.listen('127.0.0.1:0')}`);
  t.after(async () => {
    client.close();
    await server.stop();
  });
  await tree(() => assert.rejects(client.publish({})), 3);
  const failed = memory.getFinishedSpans().filter(({ status }) => status.code === SpanStatusCode.ERROR);
  assert.deepEqual(failed.map(({ kind, status }) => [SpanKind[kind], status.message]).sort(), [['CLIENT', 'no room'], ['SERVER', 'no room']]);
});
