'use strict';

const assert = require('node:assert').strict;
const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { test } = require('node:test');

const root = path.join(__dirname, '../..');

/** Errors of the compiler in strict mode for a text that uses the package by its name. */
function compile(t, resolution, text) {
  // Inside the package, so that its own name resolves to it.
  const folder = fs.mkdtempSync(path.join(root, '__test__', 'types-'));
  t.after(() => fs.rmSync(folder, { recursive: true, force: true }));
  fs.writeFileSync(path.join(folder, 'use.ts'), text);
  const options = {
    strict: true, noEmit: true, target: 'es2022', lib: ['es2022', 'esnext.disposable'], types: ['node'],
    module: resolution === 'bundler' ? 'esnext' : 'node16', moduleResolution: resolution,
  };
  fs.writeFileSync(path.join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions: options, files: ['use.ts'] }));
  const tsc = path.join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  return spawnSync(process.execPath, [tsc, '--project', folder], { encoding: 'utf8' }).stdout;
}

const GOOD = `
  import { Server, createClient, currentTrace, metrics, serveMetrics, setTracing, withTrace, RpcError, status, type Input, type Tracer, type grpc, type owt } from 'owt-grpc';
  import * as tools from 'owt-grpc/grpcTools';

  export async function use(): Promise<string> {
    await using server = new Server({ maxMessageBytes: 1 << 20, health: true, reflection: false });
    server.addService('webrtc', {
      async publish(call) { return { id: call.request.id ?? 'none' }; },
      subscribe(call, callback) { callback(null, { id: call.request.type }); },
      async *listenToNotifications() { yield { name: 'n' }; },
    });
    class Rooms { publish = async () => ({ id: 'of a class' }); rooms = new Map(); drawText() {} }
    new Server().addService('webrtc', new Rooms());
    server.setHealth('webrtc', 'NOT_SERVING').setHealth('', 'SERVING').setHealth('a part', 'UNKNOWN');
    const port: number = await server.listen();
    await using health = createClient('grpc.health.v1.Health', 'localhost:' + port);
    const { statuses }: grpc.health_v1.HealthListResponse = await health.list({});
    for await (const { status } of health.watch({ service: '' })) if (status === 'SERVING') console.log(statuses['']?.status);
    await using client = createClient('webrtc', 'localhost:' + port);
    const request: Input<owt.access_agent.PublishRequest> = { type: 'webrtc', media: null };
    const reply = await client.publish(request, { timeout: 1000, signal: AbortSignal.timeout(5) });
    client.Publish({ id: 5 }, (error, second) => { if (error?.code === status.NOT_FOUND) console.log(second?.id); });
    for await (const { name, data } of client.listenToNotifications({ id: 'x' })) console.log(name.length, data?.value.length);
    const old: number = await tools.startServer('webrtc', {}, 0);
    const tracer: Tracer<{ since: number }> = { start: (call, carrier) => { carrier.tracestate = call.method; return { since: call.startTime }; }, run: (_span, work) => work(), end() {} };
    setTracing(tracer);
    const parent: string | undefined = withTrace({ traceparent: 'x' }, () => currentTrace()?.traceparent);
    const { port: metricsPort, close } = await serveMetrics({ port: 0 });
    console.log((await metrics()).length, metricsPort, client.stats().codes.NOT_FOUND, server.stats().inFlight, parent);
    await close();
    const error = new RpcError(status.OK, '', undefined as never);
    return reply.id + old + error.details;
  }`;

for (const resolution of ['node16', 'bundler']) {
  test(`types fit a program in strict mode (${resolution} resolution)`, { timeout: 60_000 }, (t) => {
    assert.equal(compile(t, resolution, GOOD), '');
  });
}

const BAD = {
  "createClient('vido', 'localhost:1')": /'"vido"' is not assignable/,
  "createClient('webrtc', 10080)": /'number' is not assignable to parameter of type 'string'/,
  "createClient('webrtc', 'x:1').nothing({})": /'nothing' does not exist/,
  "createClient('webrtc', 'x:1').publish({ typo: 1 })": /'typo' does not exist/,
  "createClient('webrtc', 'x:1').publish({}, { timeuot: 1 })": /'timeuot' does not exist/,
  "createClient('webrtc', 'x:1').publish({ idd: 'x' })": /'idd' does not exist/,
  "createClient('webrtc', 'x:1').publish({ media: { trakcs: [] } })": /'trakcs' does not exist/,
  "createClient('webrtc', 'x:1').publish(Promise.resolve({ id: 'x' }))": /no properties in common|not assignable/,
  "createClient('webrtc', 'x:1').publish({}, { signal: new AbortController() })": /not assignable to type 'AbortSignal'|missing the following properties from type 'AbortSignal'/,
  "new Server().addService('webrtc', { pubish() {} })": /'pubish' does not exist/,
  "new Server().addService('webrtc', { async publish() { return 'ok'; } })": /not assignable/,
  "new Server().stop({ graceMS: 1 })": /'graceMS' does not exist/,
  "startServer('webrtc', { pubish() {} })": /'pubish' does not exist/,
  "createClient('webrtc', 'x:1', { proxy: true })": /'true' is not assignable to type 'string \| false/,
  "new Server().setHealth('webrtc', 'SERVICE_UNKNOWN')": /'"SERVICE_UNKNOWN"' is not assignable/,
  'setTracing({ start() {} })': /missing the following properties from type 'Tracer<any>': run, end/,
  "new Server({ maxMessageByte: 1 })": /'maxMessageByte' does not exist/,
};

test('types refuse what the package refuses', { timeout: 60_000 }, (t) => {
  const lines = Object.keys(BAD);
  const errors = compile(t, 'node16', ["import { Server, createClient, setTracing } from 'owt-grpc'; import { startServer } from 'owt-grpc/grpcTools';", ...lines].join('\n'));
  Object.values(BAD).forEach((expected, n) => {
    // An error and what belongs to it, up to the next one.
    const found = errors.split(/^(?=\S)/m).filter((text) => text.includes(`use.ts(${n + 2},`));
    assert.match(found.join(''), expected, lines[n]);
  });
});
