'use strict';

// All that is counted in this thread, as Prometheus reads it. Labels are names of the
// contract, codes and states, whose number is bounded by the code, and ids and methods
// of the bus, whose number is bounded in method-counts. Addresses are none.

const { performance } = require('node:perf_hooks');
const { ownPackage } = require('../crossing/addon');
const { peekBridge } = require('../crossing/bridge');
const { certificatesInUse } = require('../tls/credentials');
const { Exposition } = require('./exposition');
const { timing } = require('./call-recorder');
const { BOUNDS, allBuses, byMethod, methods } = require('./call-stats');

/** @typedef {import('./call-stats').CallStats} CallStats */
/** @typedef {import('./call-stats').MethodStats} MethodStats */
/** @typedef {[labels: Record<string, string>, value: number]} Sample */

const CHANNEL_STATES = ['idle', 'connecting', 'ready', 'backoff'];
const LINK_STATES = ['idle', 'dialing', 'up', 'pause'];

/**
 * The text, in the format 0.0.4. From the first call on, calls are timed.
 *
 * @returns {Promise<string>}
 */
async function metrics() {
  timing.isOn = true;
  const out = new Exposition();
  build(out);
  for (const side of /** @type {const} */ (['client', 'server'])) grpcCalls(out, side);
  connections(out);
  certificates(out);
  await bus(out);
  busMethods(out);
  eventLoop(out);
  return out.toString();
}

/** Read once, when metrics are wanted. @type {string | undefined} */
let version;

/** @param {Exposition} out */
function build(out) {
  version = version ?? ownPackage().version;
  const { name: runtime } = process.release;
  out.family('owt_grpc_build_info', 'gauge', 'What this process runs on: always 1.', [[{ version, runtime, runtime_version: process.versions.node, platform: `${process.platform}-${process.arch}` }, 1]]);
}

/** @param {Exposition} out */
function certificates(out) {
  /** @type {Sample[]} */
  const samples = certificatesInUse().map(({ role, file, notAfter }) => [{ role, file }, notAfter / 1000]);
  out.family('owt_grpc_certificate_expiry_timestamp_seconds', 'gauge', 'When the certificates that this thread shows expire, in seconds since 1970.', samples);
}

/** @param {Exposition} out */
function busMethods(out) {
  for (const [name, counts, what] of /** @type {const} */ ([['calls', byMethod.calls, 'Calls'], ['requests', byMethod.requests, 'Calls and casts that came']])) {
    const all = counts.all();
    const ended = all.flatMap(({ labels, outcomes }) => outcomes.map((count, n) => /** @type {Sample} */ ([{ ...labels, outcome: counts.names[n] }, count])));
    out.family(`owt_grpc_bus_method_${name}_ended_total`, 'counter', `${what}, and have ended, by id, method and outcome.`, ended.filter(([, count]) => count > 0));
    out.family(`owt_grpc_bus_method_${name}_seconds_total`, 'counter', `${what}: how long they took in all, by id and method.`, all.map(({ labels, seconds }) => [labels, seconds]));
  }
}

/**
 * By the names that go-grpc-prometheus has given these metrics.
 *
 * @param {Exposition} out
 * @param {'client' | 'server'} side
 */
function grpcCalls(out, side) {
  const used = [...methods.values()].filter((method) => method.side === side && method.stats.started > 0);
  /** @type {(method: MethodStats) => Record<string, string>} */
  const labelsOf = ({ type, service, method }) => ({ grpc_type: type, grpc_service: service, grpc_method: method });
  /** @type {(count: (stats: CallStats) => number) => Sample[]} */
  const each = (count) => used.map((method) => [labelsOf(method), count(method.stats)]);
  const of = `calls of a ${side}`;
  out.family(`grpc_${side}_started_total`, 'counter', `Started ${of}.`, each(({ started }) => started));
  const handled = used.flatMap((method) => outcomes(method.stats, labelsOf(method), 'grpc_code'));
  out.family(`grpc_${side}_handled_total`, 'counter', `Ended ${of}, by code.`, handled);
  out.family(`grpc_${side}_msg_sent_total`, 'counter', `Messages sent by ${of}.`, each(({ sentMessages }) => sentMessages));
  out.family(`grpc_${side}_msg_received_total`, 'counter', `Messages received by ${of}.`, each(({ receivedMessages }) => receivedMessages));
  out.family(`owt_grpc_${side}_sent_bytes_total`, 'counter', `Bytes of the messages sent by ${of}.`, each(({ sentBytes }) => sentBytes));
  out.family(`owt_grpc_${side}_received_bytes_total`, 'counter', `Bytes of the messages received by ${of}.`, each(({ receivedBytes }) => receivedBytes));
  out.family(`owt_grpc_${side}_in_flight`, 'gauge', `Started ${of} that have not ended.`, each(({ started, ended }) => started - ended));
  const timed = used.filter(({ stats }) => stats.timed > 0);
  out.histogram(`grpc_${side}_handling_seconds`, `How long ${of} took.`, BOUNDS, timed.map((method) => [labelsOf(method), method.stats]));
}

/**
 * Those that have occurred.
 *
 * @param {CallStats} stats
 * @param {Record<string, string>} labels
 * @param {string} label
 * @returns {Sample[]}
 */
function outcomes(stats, labels, label) {
  /** @type {Sample[]} */
  const samples = stats.outcomes.map((count, n) => [{ ...labels, [label]: pascal(label, stats.names[n]) }, count]);
  return samples.filter(([, count]) => count > 0);
}

/**
 * gRPC's metrics have its codes as Go spells them: NotFound, but OK.
 *
 * @param {string} label
 * @param {string} name
 */
function pascal(label, name) {
  if (label !== 'grpc_code' || name === 'OK') return name;
  return name === 'CANCELLED' ? 'Canceled' : name.toLowerCase().replace(/(?:^|_)([a-z])/g, (_, letter) => letter.toUpperCase());
}

/** @param {Exposition} out */
function connections(out) {
  const bridge = peekBridge();
  if (bridge === undefined) return;
  const states = [...bridge.channels].map((channel) => bridge.native.channelState(channel));
  out.family('owt_grpc_client_channels', 'gauge', 'Open clients, by what their channel is doing.', tallied('state', CHANNEL_STATES, states));
  const servers = [...bridge.servers.values()];
  out.family('owt_grpc_servers', 'gauge', 'Servers that listen.', [[{}, servers.length]]);
  out.family('owt_grpc_server_connections', 'gauge', 'Connections that clients have to servers of this thread.', [[{}, bridge.connections.size]]);
  const { connected, failed, waiting, buffered, maxBuffered } = bridge.native.counts();
  out.family('owt_grpc_connects_total', 'counter', 'Connections that clients of this process have made; what goes beyond one for each target are reconnects.', [[{}, connected]]);
  out.family('owt_grpc_connect_failures_total', 'counter', 'Attempts of clients of this process to connect that failed.', [[{}, failed]]);
  out.family('owt_grpc_event_queue_bytes', 'gauge', 'Bytes of events that wait for the JavaScript of this thread.', [[{}, waiting]]);
  out.family('owt_grpc_buffered_bytes', 'gauge', 'Bytes that this process holds for its peers: what came and was not taken, and what they have not taken.', [[{}, buffered]]);
  out.family('owt_grpc_max_buffered_bytes', 'gauge', 'How many of them it may hold.', [[{}, maxBuffered]]);
}

/**
 * @param {string} label
 * @param {string[]} names
 * @param {string[]} found
 * @returns {Sample[]}
 */
function tallied(label, names, found) {
  return names.map((name) => [{ [label]: name }, found.filter((one) => one === name).length]);
}

/** @param {Exposition} out */
async function bus(out) {
  const members = [...(peekBridge()?.buses.values() ?? [])].map((member) => member.nativeStatus());
  const statuses = (await Promise.all(members)).filter((status) => status !== null);
  if (statuses.length === 0 && allBuses.joined === 0) return;
  /** @type {(of: (status: any) => number) => number} */
  const sum = (of) => statuses.reduce((total, status) => total + of(status), 0);
  const others = statuses.flatMap((status) => status.members);
  /** @type {(name: string, help: string, value: number) => void} */
  const counter = (name, help, value) => out.family(`owt_grpc_bus_${name}`, 'counter', help, [[{}, value]]);
  /** @type {(name: string, help: string, value: number) => void} */
  const gauge = (name, help, value) => out.family(`owt_grpc_bus_${name}`, 'gauge', help, [[{}, value]]);
  for (const [name, stats, what] of /** @type {const} */ ([['calls', allBuses.calls, 'Calls'], ['requests', allBuses.requests, 'Calls and casts that came']])) {
    counter(`${name}_started_total`, `${what}, over the bus.`, stats.started);
    out.family(`owt_grpc_bus_${name}_ended_total`, 'counter', `${what}, and have ended, by outcome.`, outcomes(stats, {}, 'outcome'));
    gauge(`${name}_in_flight`, `${what}, and have not ended.`, stats.started - stats.ended);
    counter(`${name}_sent_bytes_total`, `${what}: bytes of JSON sent.`, stats.sentBytes);
    counter(`${name}_received_bytes_total`, `${what}: bytes of JSON received.`, stats.receivedBytes);
    if (stats.timed > 0) out.histogram(`owt_grpc_bus_${name}_seconds`, `${what}: how long they took.`, BOUNDS, [[{}, stats]]);
  }
  counter('casts_total', 'Casts sent.', allBuses.casts);
  counter('published_total', 'Messages of topics sent.', allBuses.published);
  counter('messages_total', 'Messages of topics received.', allBuses.received);
  counter('joins_total', 'Sessions with a registry that came to stand; what goes beyond one for each member are returns.', allBuses.joined);
  counter('links_made_total', 'Links to other members that came to stand; what goes beyond one for each are reconnects.', allBuses.linksMade + sum((status) => status.linksMade));
  counter('dropped_total', 'Casts and messages that a peer was too slow or too far for.', allBuses.dropped + sum((status) => status.dropped));
  counter('unroutable_total', 'Casts to ids that nobody served.', allBuses.unroutable + sum((status) => status.unroutable));
  gauge('members', 'Members of the bus in this thread.', statuses.length);
  gauge('members_without_registry', 'Members in this thread whose session with the registry is broken.', sum((status) => (status.registry.connected ? 0 : 1)));
  gauge('waiting_for_server', 'Calls to ids that nobody serves yet.', sum((status) => status.waitingForServer));
  out.family('owt_grpc_bus_links', 'gauge', 'Other members, by the link to them.', tallied('state', LINK_STATES, others.map(({ link }) => link)));
  gauge('queued_frames', 'Frames that wait for a link.', others.reduce((total, { queuedFrames }) => total + queuedFrames, 0));
  gauge('queued_bytes', 'Bytes that wait for a link.', others.reduce((total, { queuedBytes }) => total + queuedBytes, 0));
}

/** @type {ReturnType<typeof performance.eventLoopUtilization> | undefined} */
let lastUse;

/**
 * Nothing on Bun and Deno, which answer with zeros for ever: a loop that is never
 * busy would be a wrong reading. Node.js does so until its loop begins, and says that.
 *
 * @param {Exposition} out
 */
function eventLoop(out) {
  const use = performance.eventLoopUtilization();
  const hasBegun = performance.nodeTiming?.loopStart !== -1;
  if (hasBegun && use.active === 0 && use.idle === 0) return;
  const { utilization } = performance.eventLoopUtilization(use, lastUse);
  lastUse = use;
  out.family('owt_grpc_event_loop_active_seconds_total', 'counter', "Time that this thread's event loop was busy.", [[{}, use.active / 1000]]);
  out.family('owt_grpc_event_loop_idle_seconds_total', 'counter', "Time that this thread's event loop waited.", [[{}, use.idle / 1000]]);
  out.family('owt_grpc_event_loop_utilization', 'gauge', "Share of the time since the last look that this thread's event loop was busy.", [[{}, utilization]]);
}

module.exports = { metrics };
