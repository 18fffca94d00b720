/// <reference types="node" />

import type { Duplex, Readable, Writable } from 'node:stream';
import type { EventEmitter } from 'node:events';
import type * as grpc from './grpc';
import type * as owt from './owt';

export * as grpc from './grpc';
export * as owt from './owt';

/** OWT's names of its services and the full names of gRPC's standard ones, each with its interface. */
export interface Services {
  webrtc: owt.webrtc_agent.Service;
  audio: owt.audio_agent.Service;
  video: owt.video_agent.Service;
  streaming: owt.streaming_agent.Service;
  recording: owt.streaming_agent.Service;
  analytics: owt.analytics_agent.Service;
  quic: owt.quic_agent.Service;
  conference: owt.conference_agent.Service;
  nodeManager: owt.node_manager.Service;
  clusterManager: owt.cluster_manager.Service;
  sipPortal: owt.sip_portal.Service;
  sip: owt.sip_agent.Service;
  'grpc.health.v1.Health': grpc.health_v1.Service;
  'grpc.reflection.v1.ServerReflection': grpc.reflection_v1.Service;
  'grpc.reflection.v1alpha.ServerReflection': grpc.reflection_v1alpha.Service;
}

/** The kinds of method, as the generated types name them. */
export interface Unary<Request, Reply> { kind: 'unary'; request: Request; reply: Reply }
export interface ServerStream<Request, Reply> { kind: 'serverStream'; request: Request; reply: Reply }
export interface ClientStream<Request, Reply> { kind: 'clientStream'; request: Request; reply: Reply }
export interface BidiStream<Request, Reply> { kind: 'bidiStream'; request: Request; reply: Reply }

/**
 * What may be sent for a message of type T: any part of it. Numbers and strings
 * are converted into each other, null is unset, other keys are ignored.
 */
export type Input<T> = T extends string
  ? string | number | boolean
  : T extends number
    ? number | string
    : T extends Buffer
      ? Uint8Array | string | number[]
      : T extends (infer Item)[]
        ? Input<Item>[]
        : T extends object
          ? { [Key in keyof T]?: Input<T[Key]> | null }
          : T;

/** gRPC's status codes. */
export declare const status: {
  readonly OK: 0;
  readonly CANCELLED: 1;
  readonly UNKNOWN: 2;
  readonly INVALID_ARGUMENT: 3;
  readonly DEADLINE_EXCEEDED: 4;
  readonly NOT_FOUND: 5;
  readonly ALREADY_EXISTS: 6;
  readonly PERMISSION_DENIED: 7;
  readonly RESOURCE_EXHAUSTED: 8;
  readonly FAILED_PRECONDITION: 9;
  readonly ABORTED: 10;
  readonly OUT_OF_RANGE: 11;
  readonly UNIMPLEMENTED: 12;
  readonly INTERNAL: 13;
  readonly UNAVAILABLE: 14;
  readonly DATA_LOSS: 15;
  readonly UNAUTHENTICATED: 16;
};

/** What every call fails with. Its message is `<code> <NAME>: <details>`. */
export declare class RpcError extends Error {
  constructor(code: number, details: string, metadata: Metadata);
  /** One of {@link status}. */
  code: number;
  /** The text alone, without the code. */
  details: string;
  /** Trailing metadata. */
  metadata: Metadata;
}

/**
 * Keys in lower case, each with one or more values: Buffers for keys that end
 * in `-bin`, strings of visible ASCII for all others.
 *
 * @example
 * const metadata = new Metadata();
 * metadata.set('room', 'room1');
 * metadata.add('token-bin', Buffer.from([1, 2, 3]));
 */
export declare class Metadata {
  static from(from: MetadataLike): Metadata;
  set(key: string, value: string | Buffer): void;
  add(key: string, value: string | Buffer): void;
  remove(key: string): void;
  /** All values of a key. */
  get(key: string): (string | Buffer)[];
  /** The first value of each key. */
  getMap(): Record<string, string | Buffer>;
  clone(): Metadata;
  merge(other: Metadata): void;
  toJSON(): Record<string, (string | Buffer)[]>;
}

export type MetadataLike = Metadata | Record<string, string | Buffer | (string | Buffer)[]>;

/** What can be said about one call. */
export interface CallOptions {
  /** When to give up: a Date, or ms since 1970. Covers connecting. */
  deadline?: Date | number;
  /** How long to wait, in ms. The earlier of both counts. */
  timeout?: number;
  /** Cancels the call, which then fails with CANCELLED. */
  signal?: AbortSignal;
  metadata?: MetadataLike;
  /** Wait for a connection instead of failing at once while there is none. */
  waitForReady?: boolean;
}

export interface StatusObject { code: number; details: string; metadata: Metadata }

/** What all calls of a client have. */
export interface ClientCall {
  /** Gives up: the call ends with CANCELLED. */
  cancel(): void;
  /** Whom the call is for. */
  getPeer(): string;
}

/** What can be read message by message with `for await`. */
export interface Messages<Message> {
  [Symbol.asyncIterator](): AsyncIterableIterator<Message>;
}

/** What takes messages, as far as back-pressure allows: false means to wait for 'drain'. */
export interface MessageSink<Message> {
  write(message: Input<Message>, written?: (error: Error | null | undefined) => void): boolean;
}

/** A unary call that was started with a callback. Emits 'metadata' and 'status'. */
export interface UnaryCall extends ClientCall, EventEmitter {}

/** Emits 'metadata', 'data' ..., on failure 'error', then 'status', 'end', 'close'. Leaving a `for await` cancels it. */
export type ServerStreamCall<Reply> = Messages<Reply> & ClientCall & Readable;
export type ClientStreamCall<Request> = MessageSink<Request> & ClientCall & Writable;
export type BidiStreamCall<Request, Reply> = Messages<Reply> & MessageSink<Request> & ClientCall & Duplex;

export type Callback<Reply> = (error: RpcError | null, reply?: Reply) => void;

/** How a method is called. */
export type ClientMethod<Method> = Method extends Unary<infer Request, infer Reply>
  ? {
      (request: Input<Request>, options?: CallOptions): Promise<Reply>;
      (request: Input<Request>, callback: Callback<Reply>): UnaryCall;
      (request: Input<Request>, options: CallOptions, callback: Callback<Reply>): UnaryCall;
    }
  : Method extends ServerStream<infer Request, infer Reply>
    ? (request: Input<Request>, options?: CallOptions) => ServerStreamCall<Reply>
    : Method extends ClientStream<infer Request, infer Reply>
      ? (options: CallOptions, callback: Callback<Reply>) => ClientStreamCall<Request>
      : Method extends BidiStream<infer Request, infer Reply>
        ? (options?: CallOptions) => BidiStreamCall<Request, Reply>
        : never;

export type Client<Type extends keyof Services> = {
  [Name in keyof Services[Type]]: ClientMethod<Services[Type][Name]>;
} & {
  /** Later calls throw, pending unary calls finish, open streams are cancelled. */
  close(): void;
  readonly state: 'idle' | 'connecting' | 'ready' | 'backoff' | 'closed';
  /** What its calls and its channel have done. */
  stats(): ClientStats;
} & AsyncDisposable;

/** Limits and pings, the same for both sides. Sizes in bytes, -1 for no limit. */
export interface TransportOptions {
  /** Sets both limits. */
  maxMessageBytes?: number;
  /** Default 4 MiB. */
  maxReceiveBytes?: number;
  /** Default no limit. */
  maxSendBytes?: number;
  /**
   * Ping after this many ms, at least 1,000; default 0, no pings. A client whose
   * server objects (too_many_pings) halves its pings.
   */
  keepaliveMs?: number;
  /** What the peer may take to answer a ping, in ms; default 20,000. */
  keepaliveTimeoutMs?: number;
}

/** Certificates and keys: PEM as a text or bytes, or the path of a PEM file, which is then watched. */
export interface TlsOptions {
  /** The CAs that the other side is checked with. */
  ca?: string | Uint8Array;
  /** This side's certificate, with those between it and its CA behind it. A server needs one. */
  cert?: string | Uint8Array;
  /** The key that belongs to `cert`. */
  key?: string | Uint8Array;
  /** Opens `key` if it is encrypted. */
  passphrase?: string;
  /** Of a server: what clients have to show. Default 'require'. */
  clientAuth?: 'require' | 'optional' | 'none';
  /** Refuses certificates of X.509 version 1 and such without subjectAltName. Default false. */
  strict?: boolean;
}

/**
 * Why TLS that was asked for cannot be had: nothing falls back to plaintext.
 *
 * - `HALF_SET` a setting that others need is missing; `INVALID` one has a value that it cannot have
 * - `FILE` a file is missing or cannot be read
 * - `PASSPHRASE` a key is encrypted, and its passphrase is missing or another
 * - `STORE` the store of passphrases cannot be used
 * - `CERTIFICATE` a certificate or key cannot be used
 */
export declare class TlsError extends Error {
  readonly code: 'HALF_SET' | 'INVALID' | 'FILE' | 'PASSPHRASE' | 'STORE' | 'CERTIFICATE';
}

/**
 * Reads certificate and key files that have changed, now. It happens by itself
 * every ten seconds; a new pair that cannot be used is logged and not used.
 * Connections that stand keep what they were made with.
 *
 * @returns whether anything was read anew
 */
export declare function reloadCredentials(): boolean;

export interface ClientOptions extends TransportOptions {
  /** TLS; false for plaintext. By default OWT's environment variables decide. */
  tls?: TlsOptions | false;
  /** Calls of this thread that may be pending at once; more fail with RESOURCE_EXHAUSTED. Default 100,000. */
  maxPendingCalls?: number;
  /**
   * An HTTP proxy to tunnel through with CONNECT, such as `http://user:password@10.0.0.1:3128`; user and
   * password are percent-encoded. `false` for none. By default what GRPC_ARG_HTTP_PROXY and the proxy variables say.
   */
  proxy?: string | false;
}

/**
 * A client of one of OWT's services. Connects at its first call; clients of one
 * address with equal options share a connection.
 *
 * @param type OWT's name of the service
 * @param address host:port
 * @throws Error for an unknown type, TypeError for an address or option that is none
 *
 * @example
 * const client = createClient('webrtc', 'localhost:10080');
 * const { id } = await client.publish({ id: 'p1', type: 'webrtc' }, { timeout: 2000 });
 * client.close();
 */
export declare function createClient<Type extends keyof Services>(
  type: Type,
  address: string,
  options?: ClientOptions
): Client<Type>;

/** What a handler is told of its call. */
export interface ServerCall {
  readonly metadata: Metadata;
  readonly cancelled: boolean;
  /** Aborted when the client is gone or its deadline has passed. */
  readonly signal: AbortSignal;
  getPeer(): string;
  /** ms since 1970, or Infinity. */
  getDeadline(): number;
  getPath(): string;
  /** Sends initial metadata, before the first message. */
  sendMetadata(metadata: MetadataLike): void;
}
export interface ServerUnaryCall<Request> extends EventEmitter, ServerCall { request: Request }
export type ServerWritableCall<Request, Reply> = { request: Request } & MessageSink<Reply> & ServerCall & Writable;
export type ServerReadableCall<Request> = Messages<Request> & ServerCall & Readable;
export type ServerDuplexCall<Request, Reply> = Messages<Request> & MessageSink<Reply> & ServerCall & Duplex;

export type HandlerCallback<Reply> = (
  error: Error | { code: number; details: string } | null,
  reply?: Input<Reply> | null,
  trailers?: MetadataLike
) => void;

/** What may handle a method: an async function, a callback function, an async generator. */
export type Handler<Method> = Method extends Unary<infer Request, infer Reply>
  ? (call: ServerUnaryCall<Request>, callback: HandlerCallback<Reply>) => Input<Reply> | Promise<Input<Reply> | void> | void
  : Method extends ServerStream<infer Request, infer Reply>
    ? (call: ServerWritableCall<Request, Reply>) => AsyncIterable<Input<Reply>> | Promise<void> | void
    : Method extends ClientStream<infer Request, infer Reply>
      ? (call: ServerReadableCall<Request>, callback: HandlerCallback<Reply>) => Promise<Input<Reply> | void> | void
      : Method extends BidiStream<infer Request, infer Reply>
        ? (call: ServerDuplexCall<Request, Reply>) => AsyncIterable<Input<Reply>> | Promise<void> | void
        : never;

export type Handlers<Type extends keyof Services> = {
  [Name in keyof Services[Type]]?: Handler<Services[Type][Name]>;
};

export interface ServerOptions extends TransportOptions {
  /** TLS; false for plaintext. By default OWT's environment variables decide. */
  tls?: TlsOptions | false;
  /** Calls at once on one connection; further ones wait at the client. Default 1000. */
  maxConcurrentStreams?: number;
  /** Answer a handler's exception with `Unknown error` instead of its message, as grpc-js does. Default false. */
  hideThrown?: boolean;
  /**
   * Serve grpc.health.v1.Health: the server and its services are SERVING until {@link Server.setHealth} or `stop` say
   * otherwise. By default OWT_GRPC_HEALTH decides.
   */
  health?: boolean;
  /** Serve reflection, v1 and v1alpha, for tools such as grpcurl. By default OWT_GRPC_REFLECTION decides. */
  reflection?: boolean;
}

/**
 * A server.
 *
 * @example
 * const server = new Server();
 * server.addService('webrtc', {
 *   async publish(call) { return { id: call.request.id }; },
 *   async *listenToNotifications(call) { yield { type: 'webrtc', name: 'onMediaUpdate' }; },
 * });
 * const port = await server.listen('127.0.0.1:0');
 * await server.stop({ graceMs: 1000 });
 */
export declare class Server {
  constructor(options?: ServerOptions);
  /** The port while it listens, otherwise null. */
  readonly port: number | null;
  /** Registers handlers, bound to `impl` now. Other keys are ignored; methods without one answer UNIMPLEMENTED. */
  addService<Type extends keyof Services>(type: Type, impl: Handlers<Type> & Record<string, any>): this;
  /**
   * Sets what the health service says of a service, from now on, and tells those who watch it.
   *
   * @param service OWT's name of it, any other name, or '' for the server as a whole
   * @throws Error for a server without `health`, TypeError for another state
   *
   * @example
   * const server = new Server({ health: true });
   * server.setHealth('webrtc', 'NOT_SERVING');
   */
  setHealth(service: keyof Services | '' | (string & {}), state: 'SERVING' | 'NOT_SERVING' | 'UNKNOWN'): this;
  /** Listens on host:port, or on a port of all addresses. Resolves with the port; rejects with EADDRINUSE and the like. */
  listen(address?: string | number): Promise<number>;
  /** Takes no more calls, gives those under way `graceMs` (5000), cuts off the rest; resolves with how many connections were cut off. */
  stop(options?: { graceMs?: number }): Promise<number>;
  /** What has come in so far. Calls of methods without a handler are answered below JavaScript and not counted. */
  stats(): ServerStats;
  [Symbol.asyncDispose](): Promise<void>;
}

/** Where the registry of the bus is and who may join it. The environment goes before these. */
export interface BusOptions {
  /** host:port, default localhost:5680; OWT_GRPC_REGISTRY. On this machine the first member becomes the registry. */
  registry?: string;
  /** Members and registries of other clusters are refused; default 'owt'; OWT_GRPC_CLUSTER. */
  cluster?: string;
  /** The host, or host:port, that other members dial; by default what the route to the registry says; OWT_GRPC_ADVERTISE. */
  advertise?: string;
  /** Plaintext may leave this machine; OWT_GRPC_INSECURE=1. */
  insecure?: boolean;
  /** Becomes the registry if that is on this machine and there is none; default true; OWT_GRPC_HOST_REGISTRY=0 says no. */
  host?: boolean;
  /** Largest body, both ways, in bytes; default 16 MiB. */
  maxMessageBytes?: number;
  /** Mutual TLS with the registry and all members, by one pair for both sides; false for plaintext. By default OWT's environment variables decide. */
  tls?: TlsOptions | false;
  /** Gives up waiting for a registry. */
  signal?: AbortSignal;
}

/**
 * Why something on the bus failed.
 *
 * - `UNKNOWN_ID` nobody has served the id by the deadline
 * - `UNREACHABLE` somebody does, and could not be reached by the deadline
 * - `TIMEOUT` somebody has the call and has not replied by the deadline
 * - `PEER_LOST` the link broke while the call was there: it may have been carried out
 * - `OVERLOADED` more waits than may; `TOO_LARGE` the message is over the limit
 * - `HANDLER` the handler failed, the message is its error's
 * - `REFUSED` the registry, or this bus, does not want it; `CLOSED` this bus is closed
 */
export declare class BusError extends Error {
  readonly code:
    | 'UNKNOWN_ID' | 'UNREACHABLE' | 'TIMEOUT' | 'PEER_LOST' | 'OVERLOADED' | 'TOO_LARGE' | 'HANDLER' | 'REFUSED' | 'CLOSED';
  readonly id?: string;
  readonly method?: string;
}

/** Topic messages from `ready` on. Leaving the loop ends the subscription. */
export interface Subscription extends AsyncIterableIterator<{ routingKey: string; data: any; trace?: Trace }> {
  /** Resolves when every member knows: what is published from now on arrives. */
  readonly ready: Promise<void>;
  /** Messages that went because more than `maxWaiting` waited to be read. */
  readonly dropped: number;
}

/** Without replies; bytes are those of bodies. */
export interface BusTraffic { calls: number; casts: number; messages: number; bytes: number }

/** What `bus.status()` tells. */
export interface BusStatus {
  member: string;
  address: string;
  cluster: string;
  ids: string[];
  subscriptions: { exchange: string; pattern: string }[];
  registry: { connected: boolean; epoch: string; revision: number };
  pendingCalls: number;
  /** Calls to ids that nobody serves yet. */
  waitingForServer: number;
  /** Casts to ids that nobody served. */
  unroutable: number;
  /** Casts and messages that a peer was too slow or too far for. */
  dropped: number;
  /** Links that came to stand: more than members means that some were made again. */
  linksMade: number;
  /** Sessions with a registry that came to stand. */
  joined: number;
  calls: CallCounts;
  /** Calls and casts to ids of this member. */
  requests: CallCounts;
  /** Casts and messages of topics sent, and messages received. */
  casts: number;
  published: number;
  received: number;
  /** Since it joined. */
  traffic: {
    /** By this member's program. */
    sent: BusTraffic;
    /** For it. */
    received: BusTraffic;
    /** Links that were made again to a member that had one before. */
    reconnects: number;
    /** Copies that `owt-grpc tap` was too slow for. */
    untapped: number;
  };
  members: {
    member: string;
    address: string;
    ids: string[];
    subscriptions: { exchange: string; pattern: string }[];
    link: 'idle' | 'dialing' | 'up' | 'pause';
    queuedFrames: number;
    queuedBytes: number;
  }[];
}

/** A member of the bus. Arguments, replies and messages travel as JSON. */
export declare class Bus {
  private constructor();
  /** Calls a method of whoever serves an id; several who serve it take turns. Default timeout 10,000 ms. Rejects with a BusError, or the signal's reason. */
  call(id: string, method: string, args?: any[], options?: { timeout?: number; signal?: AbortSignal }): Promise<any>;
  /** Calls without a reply: at most once, and nobody is told whether it arrived. */
  cast(id: string, method: string, args?: any[]): void;
  /** Serves an id, which must not begin with `!`; resolves when every member knows. What a method returns, or its promise, is the reply. */
  serve(id: string, methods: Record<string, any>): Promise<{ id: string; stop(): Promise<void> }>;
  /** AMQP's topic patterns: `*` is one word, `#` any number. */
  subscribe(exchange: string, patterns: string | string[], options?: { maxWaiting?: number }): Subscription;
  /** To all who listen, this member included. */
  publish(exchange: string, routingKey: string, data: any): void;
  status(): Promise<BusStatus>;
  /** Sends what is still to be sent and leaves; takes less than a second. */
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/**
 * Becomes a member of the bus. Waits for a registry, or becomes it.
 *
 * @example
 * const bus = await connectBus();
 * await bus.serve('calculator', { async add(a, b) { return a + b; } });
 * await bus.call('calculator', 'add', [1, 2]);
 */
export declare function connectBus(options?: BusOptions): Promise<Bus>;

export interface RegistryOptions {
  /** host:port; default 127.0.0.1:5680. Port 0 is any free one, 0.0.0.0 all addresses of this machine. */
  listen?: string;
  /** Members of other clusters are refused; default 'owt'; OWT_GRPC_CLUSTER goes before. */
  cluster?: string;
  /** TLS; false for plaintext. By default OWT's environment variables decide. */
  tls?: TlsOptions | false;
  /** Plaintext may be used beyond this machine; OWT_GRPC_INSECURE=1. */
  insecure?: boolean;
}

/**
 * Serves a registry of the bus that stands alone, for members on several
 * machines; `owt-grpc registry` is a command for it. It also answers
 * grpc.health.v1.Health/Check. When it is started again, members come back to it.
 * Rejects with EADDRINUSE and the like, and if plaintext would leave this machine.
 *
 * @example
 * const registry = await startRegistry({ listen: '127.0.0.1:5680' });
 * const bus = await connectBus({ registry: `127.0.0.1:${registry.port}` });
 * await bus.close();
 * await registry.stop();
 */
export declare function startRegistry(options?: RegistryOptions): Promise<{ readonly port: number; stop(): Promise<void> }>;

/** What takes the log: console, a logger of log4js, or anything with such methods. */
export interface Logger {
  error?(text: string): void;
  warn?(text: string): void;
  info?(text: string): void;
  debug?(text: string): void;
}

/**
 * Where to tell what no call can report, such as a peer that speaks HTTP/1 or TLS
 * on a server's port. For this thread; without it nothing is logged.
 *
 * @param logger null for none
 * @param level the least urgent that is wanted, default 'warn'
 *
 * @example
 * setLogger(log4js.getLogger('grpc'), 'info');
 */
export declare function setLogger(logger: Logger | null, level?: 'error' | 'warn' | 'info' | 'debug'): void;

/** Calls, counted since the client, server or member was made. */
export interface CallCounts {
  started: number;
  inFlight: number;
  succeeded: number;
  failed: number;
  /** Those that failed, by the name of their code. */
  codes: Record<string, number>;
  /** Messages, and their bytes without framing. */
  sent: { messages: number; bytes: number };
  received: { messages: number; bytes: number };
}

export interface ClientStats extends CallCounts {
  target: string;
  state: 'idle' | 'connecting' | 'ready' | 'backoff' | 'closed';
  /** Connections that its channel has made; clients of one target with equal options share it. */
  connections: number;
  /** Attempts to connect that failed. */
  connectionFailures: number;
}

export interface ServerStats extends CallCounts {
  port: number | null;
  /** Connections that stand. */
  connections: number;
}

/**
 * All that is counted in this thread, in Prometheus's text format 0.0.4. From
 * the first call on, calls are timed for the histograms.
 *
 * @example
 * const text = await metrics();
 */
export declare function metrics(): Promise<string>;

/**
 * Serves `metrics()` at http://host:port/metrics. Does not hold the process.
 *
 * @param options port 0, the default, is any free one; host is 127.0.0.1 by default
 * @throws Error if it cannot listen there
 *
 * @example
 * const { url, close } = await serveMetrics({ port: 9464 });
 */
export declare function serveMetrics(options?: { port?: number; host?: string }): Promise<{ port: number; url: string; close(): Promise<void> }>;

/** A W3C trace context. */
export interface Trace { traceparent: string; tracestate?: string }

/**
 * What diagnostics channels publish of a call, and what tracers are given: the same
 * object at its start and its end, when the last fields are set.
 */
export interface CallEvent {
  readonly kind: 'client' | 'server' | 'bus.call' | 'bus.request' | 'bus.cast' | 'bus.publish' | 'bus.message';
  /** gRPC: `/owt.WebRTCAgent/Publish`. Bus: the method's name. */
  readonly method?: string;
  /** gRPC. */
  readonly type?: 'unary' | 'client_stream' | 'server_stream' | 'bidi_stream';
  /** gRPC: the client's target, or the address that the call came from. */
  readonly peer?: string;
  /** Bus: whom a call or cast is for. */
  readonly id?: string;
  /** Bus: false for a request that was cast. */
  readonly isCall?: boolean;
  /** Bus: of what is published. */
  readonly exchange?: string;
  readonly routingKey?: string;
  /** Bus: this side's name. */
  readonly member?: string;
  /** The trace that travels with the call, while tracing is on. */
  readonly traceparent?: string;
  readonly tracestate?: string;
  /** ms, by `performance.now()`. */
  readonly startTime: number;
  /** At the end only, as are those that follow. */
  readonly ok?: boolean;
  /** gRPC: a number of `status`. Bus: 'OK', or a code of `BusError`, or 'CANCELLED'. */
  readonly code?: number | string;
  readonly details?: string;
  /** ms */
  readonly duration?: number;
}

/** What makes spans of calls. What throws here is logged once and costs no call. */
export interface Tracer<Span = any> {
  /**
   * A call starts. For kinds server, bus.request and bus.message the carrier has the
   * trace that came, if any; for the others it takes the one that is to be sent.
   *
   * @returns what `run` and `end` are given; undefined for no span
   */
  start(call: CallEvent, carrier: Partial<Trace>): Span;
  /** Runs what an incoming call is for, in the span's context. */
  run<T>(span: Span, work: () => T): T;
  end(span: Span, call: CallEvent): void;
}

/**
 * Takes W3C traces from incoming calls, and puts them into outgoing ones, in
 * gRPC's metadata and in frames of the bus. For this thread; off by default.
 *
 * @param tracing true keeps the trace in an AsyncLocalStorage and records nothing; a
 *   Tracer does as it likes; false or null turns it off
 *
 * @example
 * setTracing(true);
 */
export declare function setTracing(tracing: boolean | Tracer | null): void;

/** The trace we are in, as `setTracing(true)` knows it. */
export declare function currentTrace(): Trace | undefined;

/** Runs `work` in a trace that came some other way, such as the headers of an HTTP request. An invalid one counts as none. */
export declare function withTrace<T>(carrier: { traceparent?: unknown; tracestate?: unknown }, work: () => T): T;
