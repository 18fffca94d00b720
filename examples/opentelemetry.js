'use strict';

// Traces by OpenTelemetry: a tracer of twenty lines makes spans of calls and
// passes their context on. Needs @opentelemetry/api, and an SDK that is set up.

const { context, propagation, trace, SpanKind, SpanStatusCode } = require('@opentelemetry/api');
const { AsyncLocalStorageContextManager } = require('@opentelemetry/context-async-hooks');
const { W3CTraceContextPropagator } = require('@opentelemetry/core');
const { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } = require('@opentelemetry/sdk-trace-base');
const { Server, connectBus, createClient, setTracing } = require('owt-grpc');

const KINDS = {
  client: SpanKind.CLIENT, 'bus.call': SpanKind.CLIENT, 'bus.cast': SpanKind.PRODUCER, 'bus.publish': SpanKind.PRODUCER,
  server: SpanKind.SERVER, 'bus.request': SpanKind.SERVER, 'bus.message': SpanKind.CONSUMER,
};
const INCOMING = [SpanKind.SERVER, SpanKind.CONSUMER];

const tracer = {
  start(call, carrier) {
    const kind = KINDS[call.kind];
    const isIncoming = INCOMING.includes(kind);
    const parent = isIncoming ? propagation.extract(context.active(), carrier) : context.active();
    const name = call.kind.startsWith('bus.') ? `${call.id ?? call.routingKey}.${call.method ?? call.kind}` : call.method.slice(1);
    const span = trace.getTracer('owt-grpc').startSpan(name, { kind, attributes: { 'rpc.system': 'grpc' } }, parent);
    const here = trace.setSpan(parent, span);
    if (!isIncoming) propagation.inject(here, carrier);
    return here;
  },
  run: (here, work) => context.with(here, work),
  end(here, { ok, details }) {
    const span = trace.getSpan(here);
    if (!ok) span.setStatus({ code: SpanStatusCode.ERROR, message: details });
    span.end();
  },
};

async function main() {
  // What an application has in one place; an exporter of its own instead of memory.
  const memory = new InMemorySpanExporter();
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  propagation.setGlobalPropagator(new W3CTraceContextPropagator());
  trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(memory)] }));
  setTracing(tracer);

  const bus = await connectBus({ registry: 'localhost:5692' });
  await bus.serve('rooms', { roomOf: (id) => `room of ${id}` });
  const server = new Server();
  server.addService('webrtc', {
    async publish(call) {
      return { id: await bus.call('rooms', 'roomOf', [call.request.id]) };
    },
  });
  const client = createClient('webrtc', `127.0.0.1:${await server.listen('127.0.0.1:0')}`);
  await trace.getTracer('app').startActiveSpan('join', async (span) => {
    const { id } = await client.publish({ id: 'alice' });
    console.log(id);
    span.end();
  });

  client.close();
  await server.stop();
  await bus.close();
  const spans = memory.getFinishedSpans();
  const nameOf = (id) => spans.find((span) => span.spanContext().spanId === id)?.name ?? 'nothing';
  for (const { name, parentSpanContext } of spans) console.log(`${name} in ${nameOf(parentSpanContext?.spanId)}`);
  console.log(`traces: ${new Set(spans.map((span) => span.spanContext().traceId)).size}`);
}

if (require.main === module) main();

module.exports = { tracer };
