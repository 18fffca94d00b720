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

/** A method with one request and one reply, as the generated types name it. */
export interface Unary<Request, Reply> { kind: 'unary'; request: Request; reply: Reply }
/** A method whose reply is a stream. */
export interface ServerStream<Request, Reply> { kind: 'serverStream'; request: Request; reply: Reply }
/** A method whose request is a stream. */
export interface ClientStream<Request, Reply> { kind: 'clientStream'; request: Request; reply: Reply }
/** A method with a stream in both directions. */
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

/**
 * gRPC's status codes.
 *
 * @example
 * await client.subscribe({}).catch((error) => console.log(error.code === status.UNIMPLEMENTED)); // true
 */
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

/**
 * What every call fails with. Its message is `<code> <NAME>: <details>`. A handler
 * that throws one gives its caller the same. A whole number that is none of gRPC's
 * codes, and has no name, arrives as it is at callers who read it, as here and in
 * grpc-js; others are told UNKNOWN.
 *
 * @example
 * const error = new RpcError(status.NOT_FOUND, 'no room1', new Metadata());
 * console.log(error.message); // 5 NOT_FOUND: no room1
 */
export declare class RpcError extends Error {
  /**
   * An error for a handler to throw.
   *
   * @param code one of {@link status}, or another whole number
   * @param details what the caller reads
   * @param metadata sent along as trailing metadata; none by default
   */
  constructor(code: number, details: string, metadata?: Metadata);
  /** One of {@link status}, or what else the handler has given. */
  code: number;
  /** The text alone, without the code. */
  details: string;
  /** Trailing metadata; `get('grpc-status-details-bin')` has the encoded google.rpc.Status of those who send one. */
  metadata: Metadata;
}

/**
 * Keys in lower case, each with one or more values: Buffers for keys that end
 * in `-bin`, strings of visible ASCII for all others.
 *
 * @example
 * const metadata = Metadata.from({ room: 'room1' });
 * metadata.add('room', 'room2');
 * metadata.set('token-bin', Buffer.from([1, 2, 3]));
 * console.log(metadata.get('Room'), metadata.getMap().room); // [ 'room1', 'room2' ] room1
 * const copy = metadata.clone();
 * copy.remove('token-bin');
 * copy.merge(Metadata.from({ room: 'room3' }));
 * console.log(copy.toJSON()); // { room: [ 'room1', 'room2', 'room3' ] }
 */
export declare class Metadata {
  /**
   * Metadata of a plain object, or of pairs such as a Map's; a Metadata is given back as it is.
   *
   * @param from by key, one value or a list
   * @throws Error as `add` does, TypeError for what is no object
   */
  static from(from: MetadataLike): Metadata;
  /**
   * Puts a value in the place of all values of a key.
   *
   * @param key in any case; letters, digits, `_`, `-` and `.`
   * @param value a Buffer for keys that end in `-bin`, otherwise visible ASCII
   * @throws Error for a key or value that gRPC does not carry, naming it
   */
  set(key: string, value: string | Buffer): void;
  /**
   * Adds a value to those of a key.
   *
   * @param key as for `set`
   * @param value as for `set`
   * @throws Error for a key or value that gRPC does not carry, naming it
   */
  add(key: string, value: string | Buffer): void;
  /**
   * Removes all values of a key.
   *
   * @param key in any case
   */
  remove(key: string): void;
  /**
   * All values of a key, none if it has none.
   *
   * @param key in any case
   */
  get(key: string): (string | Buffer)[];
  /** The first value of each key. */
  getMap(): Record<string, string | Buffer>;
  /** A copy, which changes alone. */
  clone(): Metadata;
  /**
   * Adds all values of another one.
   *
   * @param other is left as it is
   */
  merge(other: Metadata): void;
  /** All values of all keys. */
  toJSON(): Record<string, (string | Buffer)[]>;
}

/** What is taken for metadata: one, or an object with a value or a list of values by key, or pairs of both, as Map and Headers have them. */
export type MetadataLike =
  | Metadata
  | Record<string, string | Buffer | (string | Buffer)[]>
  | Iterable<readonly [string, string | Buffer | (string | Buffer)[]]>;

/**
 * Node's own `AbortController`. Node.js 14 has none as a global: there this is a
 * stand-in whose signals every option `signal` of this package takes, as it takes
 * any object with `aborted`, `addEventListener` and `removeEventListener`.
 *
 * @example
 * const { AbortController } = require('owt-grpc');
 * const patience = new AbortController();
 * patience.abort();
 * await client.publish({}, { signal: patience.signal }).catch((error) => console.log(error.details)); // Cancelled on client
 */
export declare const AbortController: {
  new (): { readonly signal: AbortSignal; abort(reason?: unknown): void };
};

/**
 * What can be said about one call. Anything else is refused with INVALID_ARGUMENT before the call is sent; what only grpc-js knows
 * (`host`, `parent`, `propagate_flags`, `credentials`, `interceptors`, `interceptor_providers`) is taken and not used.
 *
 * @example
 * const signal = AbortSignal.timeout(5000);
 * const { id } = await client.publish({ id: 'p1' }, { timeout: 2000, signal, metadata: { room: 'room1' }, waitForReady: true });
 * console.log(id); // p1
 */
export interface CallOptions {
  /** When to give up: a Date, or ms since 1970. Covers connecting. */
  deadline?: Date | number;
  /** How long to wait, in ms. The earlier of both counts. */
  timeout?: number;
  /** Cancels the call, which then fails with CANCELLED. It may be that of any number of calls. */
  signal?: AbortSignal;
  /** Sent along, and read by the handler as `call.metadata`. What cannot be sent fails the call with INVALID_ARGUMENT. */
  metadata?: MetadataLike;
  /** Wait for a connection instead of failing at once while there is none. */
  waitForReady?: boolean;
}

/** How a call ended, as its event 'status' has it. */
export interface StatusObject { code: number; details: string; metadata: Metadata }

/**
 * What all calls of a client have.
 *
 * @example
 * const ended = new Promise((resolve) => {
 *   const call = client.publish({ id: 'p1' }, (error) => resolve(error.message));
 *   console.log(call.getPeer() === `127.0.0.1:${port}`); // true
 *   call.cancel();
 * });
 * console.log(await ended); // 1 CANCELLED: Cancelled on client
 */
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

/**
 * What takes messages, as far as back-pressure allows.
 *
 * @example
 * const server = new Server().addService('quic', {
 *   async *validateTokenCallback(call) {
 *     for await (const { tokenId } of call) yield { tokenId, roomId: 'room1' };
 *   },
 * });
 * const client = createClient('quic', `127.0.0.1:${await server.listen('127.0.0.1:0')}`);
 * const tokens = client.validateTokenCallback();
 * console.log(tokens.write({ tokenId: 'a', ok: true })); // true
 * tokens.end();
 * for await (const { roomId } of tokens) console.log(roomId); // room1
 * client.close();
 * await server.stop();
 */
export interface MessageSink<Message> {
  /**
   * Sends a message.
   *
   * @param message what its type has; other keys are ignored
   * @param written when it has been handed on, or why it cannot be
   * @returns false when the peer is behind: wait for 'drain'
   */
  write(message: Input<Message>, written?: (error: Error | null | undefined) => void): boolean;
}

/** A unary call that was started with a callback. Emits 'metadata' and 'status'. */
export interface UnaryCall extends ClientCall, EventEmitter {}

/**
 * Emits 'metadata', 'data' ..., on failure 'error', then 'status', 'end', 'close'. Leaving a `for await` cancels it. After
 * `cancel()`, its signal or its deadline nothing more is handed out.
 */
export type ServerStreamCall<Reply> = Messages<Reply> & ClientCall & Readable;
/** Write to it, then `end()`; its callback gets the reply. Emits 'metadata' and 'status'. */
export type ClientStreamCall<Request> = MessageSink<Request> & ClientCall & Writable;
/** Both of the above: written to and read at the same time. */
export type BidiStreamCall<Request, Reply> = Messages<Reply> & MessageSink<Request> & ClientCall & Duplex;

/** Gets an error, or null and the reply. Called once. */
export type Callback<Reply> = (error: RpcError | null, reply?: Reply) => void;

/**
 * How a method is called: by the kind of it, with a promise or a callback, or as a stream.
 * A promise rejects, and a callback and the event 'error' have, an {@link RpcError}. A call that cannot be
 * made at all, such as on a closed client, throws at once, and so does a stream that is asked for with options that are none.
 *
 * @example
 * console.log((await client.publish({ id: 'p1' })).id); // p1
 * await new Promise((resolve) => client.publish({ id: 'p2' }, { timeout: 2000 }, (error, reply) => {
 *   console.log(error, reply.id); // null p2
 *   resolve();
 * }));
 * for await (const { name } of client.listenToNotifications({ id: 'me' })) console.log(name); // onMediaUpdate
 */
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

/**
 * What `createClient` gives: the methods of the service, by their proto name and in camelCase, and what every
 * client has. `close()`: later calls throw, pending unary calls finish, open streams are cancelled. `state`: that of its
 * channel. `stats()`: what its calls and its channel have done.
 *
 * @example
 * const mine = createClient('webrtc', `127.0.0.1:${port}`);
 * await mine.publish({ id: 'p1' });
 * console.log(mine.state, mine.stats().succeeded); // ready 1
 * mine.close();
 */
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
   * Largest metadata received with one call, in the count of HTTP/2: names, values and 32 for each entry. Default 64 KiB; the call
   * fails with RESOURCE_EXHAUSTED and the key that has most of it. What is 16 KiB above is refused by HTTP/2 itself: HTTP status 431.
   */
  maxMetadataBytes?: number;
  /**
   * Ping a peer that has been silent for so many ms, at least 1,000; default 0, no pings. A client whose
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
 *
 * @example
 * try {
 *   createClient('webrtc', 'localhost:10080', { tls: { ca: 'no-such-file.crt' } });
 * } catch (error) {
 *   console.log(error instanceof TlsError, error.code); // true FILE
 * }
 */
export declare class TlsError extends Error {
  /** Which of these it is. */
  readonly code: 'HALF_SET' | 'INVALID' | 'FILE' | 'PASSPHRASE' | 'STORE' | 'CERTIFICATE';
}

/**
 * Reads certificate and key files that have changed, now. It happens by itself
 * every ten seconds; a new pair that cannot be used is logged and not used.
 * Connections that stand keep what they were made with.
 *
 * @returns whether anything was read anew
 *
 * @example
 * console.log(reloadCredentials()); // false
 */
export declare function reloadCredentials(): boolean;

/** How a client connects. */
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
 * @param options TLS, proxy, limits, pings
 * @throws Error for an unknown type, TypeError for an address or option that is none, TlsError for TLS that cannot be had
 *
 * @example
 * const client = createClient('webrtc', `localhost:${port}`, { maxMessageBytes: 1 << 20 });
 * const { id } = await client.publish({ id: 'p1', type: 'webrtc' }, { timeout: 2000 });
 * console.log(id); // p1
 * client.close();
 */
export declare function createClient<Type extends keyof Services>(
  type: Type,
  address: string,
  options?: ClientOptions
): Client<Type>;

/**
 * What a handler is told of its call.
 *
 * @example
 * const server = new Server().addService('nodeManager', {
 *   async getNode(call) {
 *     call.sendMetadata({ node: 'node1' });
 *     console.log(call.getPath(), call.getPeer().startsWith('127.0.0.1')); // /owt.NodeManager/GetNode true
 *     return { message: `${call.getDeadline() - Date.now() <= 2000}` };
 *   },
 * });
 * const client = createClient('nodeManager', `127.0.0.1:${await server.listen('127.0.0.1:0')}`);
 * console.log((await client.getNode({}, { timeout: 2000 })).message); // true
 * client.close();
 * await server.stop();
 */
export interface ServerCall {
  /** What the caller has sent along. */
  readonly metadata: Metadata;
  /** Whether nobody waits any more. */
  readonly cancelled: boolean;
  /** Aborted when the client is gone or its deadline has passed. */
  readonly signal: AbortSignal;
  /** The address that the call came from. */
  getPeer(): string;
  /** Until when the caller waits: ms since 1970, or Infinity. */
  getDeadline(): number;
  /** The method: `/owt.WebRTCAgent/Publish`. */
  getPath(): string;
  /**
   * Sends initial metadata, before the first message.
   *
   * @param metadata what to send; an entry that cannot be is left out, and named in the log
   */
  sendMetadata(metadata: MetadataLike): void;
}
/** The call of a handler with one request and one reply. */
export interface ServerUnaryCall<Request> extends EventEmitter, ServerCall {
  /** What the caller has sent. */
  request: Request;
}
/** The call of a handler that answers with a stream: write to it, or be an async generator. */
export type ServerWritableCall<Request, Reply> = { request: Request } & MessageSink<Reply> & ServerCall & Writable;
/** The call of a handler that is sent a stream: read it by `for await`, which throws if it is cut off, or by events. */
export type ServerReadableCall<Request> = Messages<Request> & ServerCall & Readable;
/** The call of a handler with streams in both directions. */
export type ServerDuplexCall<Request, Reply> = Messages<Request> & MessageSink<Reply> & ServerCall & Duplex;

/** Answers a call, once: with an error, or null, the reply and trailing metadata. */
export type HandlerCallback<Reply> = (
  error: Error | { code: number; details: string; metadata?: MetadataLike } | null,
  reply?: Input<Reply> | null,
  trailers?: MetadataLike
) => void;

/** What a handler that answers with a stream may return: its messages, or a promise of them; nothing if it writes to its call. */
export type StreamReturn<Reply> = AsyncIterable<Input<Reply>> | Iterable<Input<Reply>> | Promise<AsyncIterable<Input<Reply>> | Iterable<Input<Reply>> | void> | void;

/**
 * What may handle a method: an async function, a function with a callback, an async generator. What it throws is
 * what its caller gets: an {@link RpcError} with its code, anything else as UNKNOWN.
 *
 * @example
 * const handlers = {
 *   async publish({ request }) {
 *     if (request.id === '') throw new RpcError(status.INVALID_ARGUMENT, 'id is missing');
 *     return { id: request.id };
 *   },
 *   unpublish(call, callback) {
 *     callback(null, { message: `${call.request.id} is gone` });
 *   },
 *   async *listenToNotifications(call) {
 *     while (!call.cancelled) yield { name: 'onMediaUpdate' };
 *   },
 * };
 * const server = new Server().addService('webrtc', handlers);
 * await server.stop();
 */
export type Handler<Method> = Method extends Unary<infer Request, infer Reply>
  ? (call: ServerUnaryCall<Request>, callback: HandlerCallback<Reply>) => Input<Reply> | Promise<Input<Reply> | void> | void
  : Method extends ServerStream<infer Request, infer Reply>
    ? (call: ServerWritableCall<Request, Reply>) => StreamReturn<Reply>
    : Method extends ClientStream<infer Request, infer Reply>
      ? (call: ServerReadableCall<Request>, callback: HandlerCallback<Reply>) => Promise<Input<Reply> | void> | void
      : Method extends BidiStream<infer Request, infer Reply>
        ? (call: ServerDuplexCall<Request, Reply>) => StreamReturn<Reply>
        : never;

/** An object with handlers, by the proto name of their method or in camelCase. Methods without one answer UNIMPLEMENTED. */
export type Handlers<Type extends keyof Services> = {
  [Name in keyof Services[Type]]?: Handler<Services[Type][Name]>;
};

/** How a server listens and what it adds. */
export interface ServerOptions extends TransportOptions {
  /** TLS; false for plaintext. By default OWT's environment variables decide. */
  tls?: TlsOptions | false;
  /** Calls at once on one connection; further ones wait at the client. By default as many as it likes, as in grpc-js. */
  maxConcurrentStreams?: number;
  /** Connections at once; others are closed as they come. By default as many as the system allows. */
  maxConnections?: number;
  /** What a connection may take for its first call, in ms, before it is closed. By default for ever. */
  firstCallTimeoutMs?: number;
  /** A connection that has been without a call for so many ms is asked to go, which costs its client a new one. By default never. */
  maxConnectionIdleMs?: number;
  /** A connection is asked to go when it has stood so many ms, a tenth more or less. By default never. */
  maxConnectionAgeMs?: number;
  /** What its calls are given then, in ms; those that are left end with UNAVAILABLE. By default all the time they need. */
  maxConnectionAgeGraceMs?: number;
  /** A call ends with DEADLINE_EXCEEDED after so many ms, if its client's deadline is not shorter; streams, too. By default never. */
  maxCallMs?: number;
  /**
   * Answer a handler's exception with `Unknown error` instead of its message. Exceptions are what a handler throws, at once, later or as
   * a generator, what it rejects with and what its stream is destroyed with. Told all the same is what it says by its own will: an
   * {@link RpcError} or another error with `code` and `details`, whichever way it comes, and what it calls back with or emits as 'error'.
   * The log has exceptions with their stacks. Default false.
   */
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
 * A server. `await using` stops it, where the language has that.
 *
 * @example
 * const server = new Server();
 * server.addService('webrtc', {
 *   async publish(call) { return { id: call.request.id }; },
 *   async *listenToNotifications(call) { yield { type: 'webrtc', name: 'onMediaUpdate' }; },
 * });
 * const port = await server.listen('127.0.0.1:0');
 * console.log(server.port === port, server.stats().started); // true 0
 * console.log(await server.stop({ graceMs: 1000 })); // 0
 */
export declare class Server {
  /**
   * A server that does not listen yet.
   *
   * @param options limits, TLS, health, reflection
   * @throws TypeError for an option that is none or has a value that it cannot have
   */
  constructor(options?: ServerOptions);
  /** The port while it listens, otherwise null. */
  readonly port: number | null;
  /**
   * Registers handlers, bound to `impl` now. Other keys are ignored; methods without one answer UNIMPLEMENTED. A function whose
   * name nearly is that of a method without a handler is logged at `warn`.
   *
   * @param type OWT's name of the service
   * @param impl the handlers
   * @returns the server
   * @throws Error for an unknown type and when it listens already, TypeError for an `impl` that is no object
   */
  addService<Type extends keyof Services>(type: Type, impl: Handlers<Type>): this;
  /**
   * Sets what the health service says of a service, from now on, and tells those who watch it.
   *
   * @param service OWT's name of it, any other name, or '' for the server as a whole
   * @param state what watchers are told
   * @returns the server
   * @throws Error for a server without `health`, TypeError for another state
   *
   * @example
   * const server = new Server({ health: true });
   * server.setHealth('webrtc', 'NOT_SERVING');
   */
  setHealth(service: keyof Services | '' | (string & {}), state: 'SERVING' | 'NOT_SERVING' | 'UNKNOWN'): this;
  /**
   * Listens, once; again only if it could not.
   *
   * @param address host:port, or a port on all addresses; port 0, the default, is any free one
   * @returns the port
   * @throws Error with code EADDRINUSE and the like, TypeError for an address that is none, TlsError for TLS that cannot be had
   */
  listen(address?: string | number): Promise<number>;
  /**
   * Takes no more calls, lets those under way end, cuts off the rest. A second call ends with the first. It waits for a
   * `listen` that is under way. A server that does not listen, or could not, has nothing to stop and may listen later; one
   * that has been stopped does not listen again.
   *
   * @param options `graceMs`: what calls under way are given, in ms; default 5000
   * @returns how many connections were cut off with calls on them
   * @throws TypeError for an option that is none, once the server has stopped as without it
   */
  stop(options?: { graceMs?: number }): Promise<number>;
  /** What has come in so far. Calls of methods without a handler are answered below JavaScript and not counted. */
  stats(): ServerStats;
  [Symbol.asyncDispose](): Promise<void>;
}

/**
 * How an etcd cluster is used that has the registry: docs/bus.md.
 */
export interface EtcdOptions {
  /** What stands in the URL goes before these two. */
  user?: string;
  /** Appears in no log, error or picture of an object. */
  password?: string;
  /** TLS to etcd, with a certificate of this side where etcd asks for one; by default OWT_GRPC_ETCD_CA, _CERT and _KEY decide. */
  tls?: TlsOptions | false;
}

/** Where the registry of the bus is and who may join it. The environment goes before these. */
export interface BusOptions {
  /**
   * host:port, default localhost:5680; OWT_GRPC_REGISTRY. On this machine the first member becomes the registry.
   * Or an etcd cluster: `etcd://h1:2379,h2:2379/prefix`, with `user:password@` before the hosts (percent-encoded) where
   * etcd asks for it; the port is 2379 by default, the prefix /owt-grpc.
   */
  registry?: string;
  /** Who this member is for etcd, if the registry is on it. */
  etcd?: EtcdOptions;
  /** Members and registries of other clusters are refused; default 'owt'; OWT_GRPC_CLUSTER. */
  cluster?: string;
  /**
   * What this member is called between its host and its process in status, tap and errors: 1 to 64 letters, digits, `.`, `_` and `-`.
   * By default the folder of the program, and its script where that says more.
   */
  name?: string;
  /**
   * The host that other members dial; by default what the route to the registry says; OWT_GRPC_ADVERTISE. With the ports that it
   * listens on behind it, `host:7000` or `host:7000-7099`, if `ports` does not name them.
   */
  advertise?: string;
  /**
   * The ports that this member listens on: a range such as `'7000-7099'`, of which it takes a free one, or one port. By default any
   * free one; OWT_GRPC_PORTS. `connectBus` rejects with `REFUSED` where all are taken.
   */
  ports?: string | number;
  /** Plaintext may leave this machine; OWT_GRPC_INSECURE=1. */
  insecure?: boolean;
  /**
   * What members and registries prove to each other and never send; two while one is replaced, the new one first. OWT_GRPC_CLUSTER_SECRET, or
   * RabbitMQ's password in OWT's store; on one machine by default one that the user's processes share. docs/security.md.
   */
  secret?: string | readonly string[];
  /** What is done about others who do not prove the secret; default `required`; OWT_GRPC_SECRET_MODE. */
  secretMode?: 'off' | 'accepted' | 'required';
  /**
   * Without a proof of this nobody is shown what passes here (`owt-grpc tap`), nor does `owt-grpc rpc` get an answer; two while one is replaced.
   * By default none is asked for; OWT_GRPC_OPERATOR_SECRET. docs/security.md.
   */
  operatorSecret?: string | readonly string[];
  /** A file of rules by which the certificates of others give them rights; needs mutual TLS. OWT_GRPC_AUTHORIZE; docs/security.md. */
  authorize?: string;
  /** Becomes the registry if that is on this machine and there is none; default true; OWT_GRPC_HOST_REGISTRY=0 says no. */
  host?: boolean;
  /** Largest body, both ways, in bytes; default 16 MiB, at most what a text of V8 can have, 536,870,888. */
  maxMessageBytes?: number;
  /** A link to another member without traffic and without calls under way is closed after so many ms, at least 100, and made again when needed; default 300,000. */
  linkIdleMs?: number;
  /** Mutual TLS with the registry and all members, by one pair for both sides; false for plaintext. By default OWT's environment variables decide. */
  tls?: TlsOptions | false;
  /** Gives up waiting for a registry. */
  signal?: AbortSignal;
  /**
   * Gives up waiting for a registry after so many ms, with a `BusError` of the code `TIMEOUT` whose `cause` says what was
   * waited for. By default it is waited for as long as it takes, and the log says for what.
   */
  timeout?: number;
}

/**
 * Why something on the bus failed.
 *
 * - `UNKNOWN_ID` nobody has served the id by the deadline
 * - `UNREACHABLE` somebody does, and could not be reached by the deadline
 * - `TIMEOUT` somebody has the call and has not replied by the deadline; or no registry has let this member in within the
 *   `timeout` of `connectBus`
 * - `PEER_LOST` the link broke while the call was there: it may have been carried out
 * - `OVERLOADED` more waits than may; `TOO_LARGE` the message is over the limit
 * - `HANDLER` the handler failed, the message is its error's
 * - `REFUSED` the registry, this bus, or the rules of who was called do not want it; `CLOSED` this bus is closed
 * - `CANCELLED` only as the reason of a handler's signal: its caller has given the call up
 *
 * @example
 * const { code } = await bus.call('nobody', 'add', [1, 2], { timeout: 50 }).catch((error) => error);
 * console.log(code); // UNKNOWN_ID
 */
export declare class BusError extends Error {
  /** Which of these it is. */
  readonly code:
    | 'UNKNOWN_ID' | 'UNREACHABLE' | 'TIMEOUT' | 'PEER_LOST' | 'OVERLOADED' | 'TOO_LARGE' | 'HANDLER' | 'REFUSED' | 'CLOSED'
    | 'CANCELLED';
  /** Whom the call was for. */
  readonly id?: string;
  /** What was called. */
  readonly method?: string;
  /** `HANDLER`: the `data` of the handler's error, if it has any. */
  readonly data?: any;
  /**
   * `HANDLER`: the handler's error with its `message`, `code` and `data`, if it has a code or data. Theirs are no codes of
   * the bus. `TIMEOUT` of `connectBus`: an error that says what was waited for.
   */
  readonly cause?: unknown;
}

/**
 * What a handler may know of its call: the last argument of methods served by `withCall`, and `reply.request` of what
 * OWT's client serves.
 *
 * @example
 * const { stop } = await bus.serve('clock', { whoAsks: (call) => `${call.method} with ${call.deadline > Date.now()}` }, { withCall: true });
 * console.log(await bus.call('clock', 'whoAsks')); // whoAsks with true
 * await stop();
 */
export interface HandlerCall {
  /** Whom it is for. */
  readonly id: string;
  /** What is called. */
  readonly method: string;
  /** False for a cast. */
  readonly isCall: boolean;
  /** The name of the member that calls: as `member` of its `bus.status()`. */
  readonly caller: string;
  /** When the caller gives up, in ms since 1970; Infinity for a cast, and for callers of a release that did not say. */
  readonly deadline: number;
  /** Aborted when nobody waits for the reply any more; its `reason` is a BusError `CANCELLED`, `TIMEOUT`, `PEER_LOST` or `CLOSED`. */
  readonly signal: AbortSignal;
  /** The caller's W3C trace, if it came with one. */
  readonly traceparent?: string;
  /** The same, with its tracestate. */
  readonly trace?: Trace;
}

/** Topic messages from `ready` on, in the order of each publisher. Leaving the loop ends the subscription; so does the end of the bus. */
export interface Subscription extends AsyncIterableIterator<{ routingKey: string; data: any; trace?: Trace }> {
  /** Resolves when every member knows: what is published from now on arrives. Rejects with a `BusError` `REFUSED` where the registry's rules give no right to it, which a loop hears of, too. */
  readonly ready: Promise<void>;
  /** Messages that went because more than `maxWaiting` waited to be read. */
  readonly dropped: number;
}

/** How much has passed: calls without their replies, and bytes of bodies. */
export interface BusTraffic {
  /** Calls. */
  calls: number;
  /** Casts. */
  casts: number;
  /** Messages of topics. */
  messages: number;
  /** Of their bodies. */
  bytes: number;
  /** Calls among them that failed: by a reply that says so or, of those that were sent, without one. */
  failed: number;
}

/** What `bus.status()` tells. */
export interface BusStatus {
  /** This member's name: host, process, and something random. */
  member: string;
  /** What others dial. */
  address: string;
  /** The name of the cluster. */
  cluster: string;
  /** What it serves. */
  ids: string[];
  /** What it listens to. */
  subscriptions: { exchange: string; pattern: string }[];
  /** Whether there is one now, in which version of the protocol it talks (0 with etcd), which one, and the last change of it that is known here. */
  registry: { connected: boolean; protocol: number; epoch: string; revision: number };
  /** Calls of this member that are not answered yet. */
  pendingCalls: number;
  /** Calls among them to ids that nobody serves yet. */
  waitingForServer: number;
  /** Casts to ids that nobody served. */
  unroutable: number;
  /** Casts and messages that a peer was too slow or too far for. */
  dropped: number;
  /** Links that came to stand: more than members means that some were made again. */
  linksMade: number;
  /** Sessions with a registry that came to stand. */
  joined: number;
  /** Calls of this member. */
  calls: CallCounts;
  /** Calls and casts to ids of this member. */
  requests: CallCounts;
  /** Casts sent. */
  casts: number;
  /** Messages of topics sent. */
  published: number;
  /** Messages of topics received. */
  received: number;
  /** Since it joined. */
  traffic: {
    /** By this member's program. */
    sent: BusTraffic;
    /** For it. */
    received: BusTraffic;
    /** Links that were made again to a member that had one before. */
    reconnects: number;
    /**
     * How long the calls that it sent took to be answered: `calls[n]` took at most `upToMs[n]` ms and longer than the step before, and the last
     * of `calls`, which has one more, longer than all.
     */
    latency: { upToMs: number[]; calls: number[] };
    /** Copies that `owt-grpc tap` was too slow for. */
    tapDropped: number;
    /** `tapDropped`, by the name that it had first: gone with 1.0. */
    untapped: number;
  };
  /** The others. */
  members: {
    /** Its name. */
    member: string;
    /** What is dialed to reach it. */
    address: string;
    /** What it serves. */
    ids: string[];
    /** What it listens to. */
    subscriptions: { exchange: string; pattern: string }[];
    /** The link from here; `pause` is between attempts to make one. */
    link: 'idle' | 'dialing' | 'up' | 'pause';
    /** The version of the bus's protocol on it, or on the last one; 0 before the first. */
    protocol: number;
    /** Frames that wait for it. */
    queuedFrames: number;
    /** Their bytes. */
    queuedBytes: number;
  }[];
}

/**
 * A member of the bus. Arguments, replies and messages travel as JSON. What is asked of a bus that is closed throws a
 * {@link BusError} `CLOSED`. `await using` closes it, where the language has that.
 *
 * @example
 * const other = await connectBus();
 * const { stop } = await other.serve('rooms', { join: (room, name) => `${name} is in ${room}`, forget() {} });
 * console.log(await bus.call('rooms', 'join', ['room1', 'Ann'], { timeout: 2000 })); // Ann is in room1
 * bus.cast('rooms', 'forget', ['room1']);
 * await stop();
 *
 * const news = await other.subscribe('news', ['room1.#', 'all']);
 * bus.publish('news', 'room1.joined', { name: 'Ann' });
 * for await (const { routingKey, data } of news) {
 *   console.log(routingKey, data.name); // room1.joined Ann
 *   break;
 * }
 * console.log((await bus.status()).members.length); // 1
 * await other.close();
 */
export declare class Bus {
  private constructor();
  /**
   * Calls a method of whoever serves an id; several who serve it take turns. The call waits for an id that nobody
   * serves yet.
   *
   * @param id who is called, 1 to 255 bytes
   * @param method its name, 1 to 255 bytes
   * @param args what JSON has a form for; default none
   * @param options `timeout` in ms, default 10,000; `signal` gives the call up, which its handler is told
   * @returns what the method has returned
   * @throws BusError, the signal's reason, TypeError for arguments that cannot be sent
   */
  call(id: string, method: string, args?: any[], options?: { timeout?: number; signal?: AbortSignal }): Promise<any>;
  /**
   * Calls without a reply: at most once, and nobody is told whether it arrived.
   *
   * @param id who is called
   * @param method its name
   * @param args what JSON has a form for; default none
   * @throws TypeError for arguments that cannot be sent
   */
  cast(id: string, method: string, args?: any[]): void;
  /**
   * Serves an id, once every member knows. What a method returns, or its promise, is the reply; what it throws is the
   * caller's `HANDLER`, with its `code` and `data`. A call whose caller has given up before its turn is not begun.
   *
   * @param id 1 to 255 bytes, not beginning with `!`; several members may serve one
   * @param methods own functions of the object and of its class are callable
   * @param options `withCall`: behind its arguments each method gets a {@link HandlerCall}: who calls, until when, a signal
   * @returns the id, and `stop`, which serves it no more and waits for its handlers at work, for `graceMs` at most (default 5000)
   * @throws BusError `REFUSED` if this bus serves it already, or may not by the registry's rules
   */
  serve(id: string, methods: Record<string, any>, options?: { withCall?: boolean }): Promise<{ id: string; stop(options?: { graceMs?: number }): Promise<void> }>;
  /**
   * Listens to what is published, from the subscription's `ready` on, which `await bus.subscribe(…)` waits for.
   *
   * @param exchange where it is published
   * @param patterns AMQP's: words between dots, `*` is one word, `#` any number
   * @param options `maxWaiting`: so many messages may wait to be read, default 10,000; then the oldest go. When `signal` fires
   *   nothing more is handed out, and a read ends with its reason
   * @returns the messages, to be read by `for await`
   * @throws TypeError for a name or an option that is none
   */
  subscribe(exchange: string, patterns: string | string[], options?: { maxWaiting?: number; signal?: AbortSignal }): Subscription & PromiseLike<Subscription>;
  /**
   * Sends to all who listen, this member included.
   *
   * @param exchange 1 to 255 bytes
   * @param routingKey words between dots, 1 to 255 bytes
   * @param data what JSON has a form for
   * @throws TypeError for data or a name that cannot be sent
   */
  publish(exchange: string, routingKey: string, data: any): void;
  /** Who this is, who the others are, what waits, what was lost. */
  status(): Promise<BusStatus>;
  /**
   * Leaves: nobody is sent here any more, handlers at work end and their callers are answered, then calls of this bus that
   * are pending fail with `CLOSED`. Until then handlers that are at work may use it. Called again it gives the same end.
   *
   * @param options `graceMs`: what handlers at work are given to end, in ms; default 5000. 0 waits for none. The rest takes
   *   less than a second
   */
  close(options?: { graceMs?: number }): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/**
 * Becomes a member of the bus. Waits for a registry, or becomes it.
 *
 * @param options where the registry is, and what others see; the environment goes before it
 * @throws BusError `REFUSED` for what waiting would not mend, TypeError for an option that is none, the signal's reason;
 *   one that Node.js itself has made, AbortError or TimeoutError, with why there was no registry in its message and `cause`
 *
 * @example
 * const mine = await connectBus({ signal: AbortSignal.timeout(5000) });
 * console.log(await mine.call('calculator', 'add', [1, 2])); // 3
 * await mine.close();
 */
export declare function connectBus(options?: BusOptions): Promise<Bus>;

/** Where a registry listens and who may join. */
export interface RegistryOptions {
  /** host:port; default 127.0.0.1:5680. Port 0 is any free one, 0.0.0.0 all addresses of this machine. */
  listen?: string;
  /** Members of other clusters are refused; default 'owt'; OWT_GRPC_CLUSTER goes before. */
  cluster?: string;
  /** TLS; false for plaintext. By default OWT's environment variables decide. */
  tls?: TlsOptions | false;
  /** Plaintext may be used beyond this machine; OWT_GRPC_INSECURE=1. */
  insecure?: boolean;
  /** As for `connectBus`. */
  secret?: string | readonly string[];
  /** As for `connectBus`. */
  secretMode?: 'off' | 'accepted' | 'required';
  /** As for `connectBus`. */
  authorize?: string;
}

/**
 * Serves a registry of the bus that stands alone, for members on several
 * machines; `owt-grpc registry` is a command for it. It also answers
 * grpc.health.v1.Health/Check. When it is started again, members come back to it.
 *
 * @param options where it listens, who may join
 * @returns its port, and `stop`
 * @throws Error with code EADDRINUSE and the like, and if plaintext would leave this machine
 *
 * @example
 * const registry = await startRegistry({ listen: '127.0.0.1:0', cluster: 'another' });
 * console.log(registry.port > 0); // true
 * await registry.stop();
 */
export declare function startRegistry(options?: RegistryOptions): Promise<{ readonly port: number; stop(): Promise<void> }>;

/**
 * What takes the log: console, a logger of log4js, or anything with such methods.
 *
 * @example
 * const take = (text) => process.stderr.write(`${text}\n`);
 * setLogger({ error: take, warn: take, info: take, debug: take });
 * setLogger(null);
 */
export interface Logger {
  /**
   * Takes what must not go on.
   *
   * @param text one line or more
   */
  error?(text: string): void;
  /**
   * Takes what somebody should look at.
   *
   * @param text one line or more
   */
  warn?(text: string): void;
  /**
   * Takes what happens now and then, such as joining the bus.
   *
   * @param text one line or more
   */
  info?(text: string): void;
  /**
   * Takes what is for those who look for a fault.
   *
   * @param text one line or more
   */
  debug?(text: string): void;
}

/**
 * Where to tell what no call can report, such as a peer that speaks HTTP/1 or TLS
 * on a server's port. For this thread. Until it is
 * called warnings go to stderr, or what OWT_GRPC_LOG says.
 *
 * @param logger null for none
 * @param level the least urgent that is wanted, default 'warn'
 * @throws TypeError for a logger or level that is none
 *
 * @example
 * setLogger(console);
 * setLogger(require('log4js').getLogger('grpc'), 'info');
 * setLogger(null);
 */
export declare function setLogger(logger: Logger | null, level?: 'error' | 'warn' | 'info' | 'debug'): void;

/** Calls, counted since the client, server or member was made. */
export interface CallCounts {
  /** All. */
  started: number;
  /** Those that have not ended. */
  inFlight: number;
  /** Those that ended with OK. */
  succeeded: number;
  /** Those that ended with something else. */
  failed: number;
  /** Those that failed, by the name of their code. */
  codes: Record<string, number>;
  /** Messages that went out, and their bytes without framing. */
  sent: { messages: number; bytes: number };
  /** Messages that came in. */
  received: { messages: number; bytes: number };
}

/** What `client.stats()` tells. */
export interface ClientStats extends CallCounts, BufferedBytes {
  /** Its address. */
  target: string;
  /** That of its channel; `backoff` is between attempts to connect. */
  state: 'idle' | 'connecting' | 'ready' | 'backoff' | 'closed';
  /** Connections that its channel has made; clients of one target with equal options share it. */
  connections: number;
  /** Attempts to connect that failed. */
  connectionFailures: number;
}

/** What a process holds for its peers, in all threads. */
export interface BufferedBytes {
  /** Bytes of calls that came and were not taken, and bytes that peers have not taken. */
  bufferedBytes: number;
  /** How many it may be: see {@link setMaxBufferedBytes}. */
  maxBufferedBytes: number;
}

/** What `server.stats()` tells. */
export interface ServerStats extends CallCounts, BufferedBytes {
  /** Null while it does not listen. */
  port: number | null;
  /** Connections that stand. */
  connections: number;
}

/**
 * How much this process may hold for its peers, in bytes, at least 1 MiB: messages that are not whole yet or not read yet, metadata of
 * calls that have not begun, replies and messages that a peer does not take. Default 96 MiB, or OWT_GRPC_MAX_BUFFERED_BYTES. From half
 * of it on, large messages of a connection come one at a time. Beyond it, what the connection that holds most still sends is refused
 * with RESOURCE_EXHAUSTED, or that connection is closed if others need the room; small calls of others are served all the time.
 *
 * @param bytes for all threads of the process
 * @throws TypeError for what is no such number
 * @example
 * setMaxBufferedBytes(256 * 1024 * 1024);
 */
export declare function setMaxBufferedBytes(bytes: number): void;

/**
 * All that is counted in this thread, in Prometheus's text format 0.0.4. From
 * the first call on, calls are timed for the histograms.
 *
 * @example
 * console.log((await metrics()).includes('grpc_client_started_total')); // true
 */
export declare function metrics(): Promise<string>;

/**
 * Serves `metrics()` at http://host:port/metrics. Does not hold the process.
 *
 * @param options port 0, the default, is any free one; host is 127.0.0.1 by default
 * @returns where it is, and `close`
 * @throws Error if it cannot listen there, TypeError for an option that is none
 *
 * @example
 * const { url, close } = await serveMetrics({ port: 0 });
 * console.log((await fetch(url)).status); // 200
 * await close();
 */
export declare function serveMetrics(options?: { port?: number; host?: string }): Promise<{ port: number; url: string; close(): Promise<void> }>;

/** A W3C trace context. */
export interface Trace { traceparent: string; tracestate?: string }

/**
 * What diagnostics channels publish of a call, and what tracers are given: the same
 * object at its start and its end, when the last fields are set.
 */
export interface CallEvent {
  /** What it is, and on which side. */
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
  /** Bus: of what is published. */
  readonly routingKey?: string;
  /** Bus: this side's name. */
  readonly member?: string;
  /** The trace that travels with the call, while tracing is on. */
  readonly traceparent?: string;
  /** What goes with it. */
  readonly tracestate?: string;
  /** ms, by `performance.now()`. */
  readonly startTime: number;
  /** Whether it succeeded. At the end only, as are those that follow. */
  readonly ok?: boolean;
  /** gRPC: a number of `status`. Bus: 'OK', or a code of `BusError`, or 'CANCELLED'. */
  readonly code?: number | string;
  /** Why it failed. */
  readonly details?: string;
  /** How long it took, in ms. */
  readonly duration?: number;
}

/**
 * What makes spans of calls. What throws here is logged once and costs no call.
 *
 * @example
 * const spans = [];
 * setTracing({
 *   start: (call) => call.method,
 *   run: (span, work) => work(),
 *   end: (span, call) => spans.push(`${call.kind} ${span} ${call.ok}`),
 * });
 * await bus.call('calculator', 'add', [1, 2]);
 * setTracing(null);
 * console.log(spans.sort()); // [ 'bus.call add true', 'bus.request add true' ]
 */
export interface Tracer<Span = any> {
  /**
   * A call starts. For kinds server, bus.request and bus.message the carrier has the
   * trace that came, if any; for the others it takes the one that is to be sent.
   *
   * @param call what is known at its start
   * @param carrier the trace that came, or is to be sent
   * @returns what `run` and `end` are given; undefined for no span
   */
  start(call: CallEvent, carrier: Partial<Trace>): Span;
  /**
   * Runs what an incoming call is for, in the span's context.
   *
   * @param span what `start` has given
   * @param work to be called at once
   * @returns what `work` returns
   */
  run<T>(span: Span, work: () => T): T;
  /**
   * A call has ended.
   *
   * @param span what `start` has given
   * @param call what is known at its end
   */
  end(span: Span, call: CallEvent): void;
}

/**
 * Takes W3C traces from incoming calls, and puts them into outgoing ones, in
 * gRPC's metadata and in frames of the bus. For this thread; off by default.
 *
 * @param tracing true keeps the trace in an AsyncLocalStorage and records nothing; a
 *   Tracer does as it likes; false or null turns it off
 * @throws TypeError for a tracer that lacks a function
 *
 * @example
 * setTracing(true);
 * console.log(currentTrace()); // undefined
 * setTracing(false);
 */
export declare function setTracing(tracing: boolean | Tracer | null): void;

/**
 * The trace we are in, as `setTracing(true)` knows it; undefined in none.
 *
 * @example
 * console.log(currentTrace()); // undefined
 */
export declare function currentTrace(): Trace | undefined;

/**
 * Runs `work` in a trace that came some other way. An invalid one counts as none.
 *
 * @param carrier such as the headers of an HTTP request
 * @param work to be called at once
 * @returns what `work` returns
 *
 * @example
 * setTracing(true);
 * const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
 * console.log(withTrace({ traceparent }, () => currentTrace().traceparent === traceparent)); // true
 * setTracing(false);
 */
export declare function withTrace<T>(carrier: { traceparent?: unknown; tracestate?: unknown }, work: () => T): T;
