/**
 * Everything native, declared once: what src/bridge has, in its files' order. tsc
 * checks each call against it, and a test compares it with the Rust.
 *
 * What is not asked for is `null`. Limits of -1 mean none. Times are in ms, sizes
 * in bytes. A value that cannot be is thrown as an error that names it.
 */

/** What the addon exports. */
export interface Native {
  Bridge: typeof Bridge;
  Credentials: typeof Credentials;
  Rules: typeof Rules;
  /** The certificates of a file in PEM, but for what cannot be read. */
  readCertificates(pem: Buffer): CertificateFacts[];
  /** Why others that have the same CAs would not accept the certificate of these credentials; null if they would. */
  judgeCertificate(forServer: boolean, options: CredentialsOptions): Judgement | null;
  /** Whether the first certificate of a file in PEM is for a host. */
  isCertificateFor(pem: Buffer, host: string): boolean;
}

/**
 * One for each environment (the main thread, each worker thread), used on its JS
 * thread only. Servers and members of the bus have numbers that JS chooses.
 */
export class Bridge {
  /** Attaches this environment. `wake` is called on the JS thread when events wait; it does not hold the process. */
  constructor(wake: () => void);
  /** Takes the first `length` bytes: commands and their index. They are copied before it returns. */
  send(batch: Buffer, length: number): void;
  /** Fills a buffer with whole events. Returns the bytes written, 0 when none wait, or `-n` when the next one alone needs `n` bytes. */
  drain(into: Buffer): number;
  /** The body of the next record with the flag OUTSIDE: its JSON, and the texts beside it if there are any. Called once for each, in their order. */
  outside(): string[] | null;
  /** The number of a method's path, such as `/owt.WebRTCAgent/Publish`: the same for equal paths in the whole process. */
  method(path: string): number;
  /** A channel's number. It connects at the first call; equal options share a connection. */
  openChannel(options: ChannelOptions, credentials?: Credentials | null): number;
  /** Gives the number back. The connection goes with its last user, after the calls on it have ended. */
  closeChannel(channel: number): void;
  /** Of a number that was given back: `closed`. */
  channelState(channel: number): 'idle' | 'connecting' | 'ready' | 'backoff' | 'closed';
  /** What a channel has done, or all of the process where none is named. */
  counts(channel?: number | null): Counts;
  /** How much this process may hold for its peers. What the program has asked for stands against what the environment of another thread says, and both against the default. */
  limitBuffered(bytes: number, by: 'default' | 'environment' | 'program'): void;
  /** Binds and serves; answered by LISTENING. A method that is not among them is answered UNIMPLEMENTED by the native side. */
  listen(server: number, options: ServerOptions, credentials?: Credentials | null): void;
  /** Hands a connection to a server that was made with `handed`. The descriptor stays the caller's: what is handed over is a duplicate. */
  handOver(server: number, descriptor: number): void;
  /** Serves a registry of the bus; answered by LISTENING, and stopped as a server is. */
  openRegistry(server: number, options: RegistryOptions, credentials?: Credentials | null, rules?: Rules | null): void;
  /** Waits up to `graceMs` for the calls under way, then ends them; answered by STOPPED. */
  stopServer(server: number, graceMs: number): void;
  /** Becomes a member of the bus, with mutual TLS if there are both credentials; answered by BUS_STATE. TLS to etcd has credentials of its own. */
  openBus(bus: number, options: BusOptions, serving?: Credentials | null, dialing?: Credentials | null, etcd?: Credentials | null, rules?: Rules | null): void;
  /** Records of LOG up to this level are wanted: 1 error, 2 warn, 3 info, 4 debug; 0 for none. */
  logLevel(level: number): void;
}

/** Credentials for TLS: freed with the last channel, server and JS object that use them. */
export class Credentials {
  /** Reads and checks everything. */
  constructor(forServer: boolean, options: CredentialsOptions);
  /** What an operator should know of what was read first. */
  warnings(): string[];
  /** From now on new connections are made with this. Returns warnings. */
  replace(options: CredentialsOptions): string[];
}

/** The rules of `OWT_GRPC_AUTHORIZE`. */
export class Rules {
  constructor(json: string);
  /** What the rules grant to who shows this certificate, as a sentence; null if no rule is about it. */
  granted(pem: Buffer): string | null;
}

export interface ChannelOptions {
  target: string;
  proxy: string | null;
  proxyCredentials: string | null;
  maxReceiveBytes: number | null;
  maxSendBytes: number | null;
  maxMetadataBytes: number | null;
  keepaliveMs: number | null;
  keepaliveTimeoutMs: number | null;
}

/** They only ever grow, but for what waits and is held. */
export interface Counts {
  /** Attempts to connect that succeeded, and that failed. */
  connected: number;
  failed: number;
  /** Bytes of events that wait for this environment. */
  waiting: number;
  /** Bytes that this process holds for its peers, and how many it may. */
  buffered: number;
  maxBuffered: number;
}

/** One method of a server that has a handler. */
export interface ServedMethod {
  method: number;
  path: string;
  requestStream: boolean;
}

export interface ServerOptions {
  host: string;
  port: number;
  /** Connections are handed to it: it does not listen itself. */
  handed: boolean;
  methods: ServedMethod[];
  maxReceiveBytes: number | null;
  maxSendBytes: number | null;
  maxMetadataBytes: number | null;
  keepaliveMs: number | null;
  keepaliveTimeoutMs: number | null;
  maxConcurrentStreams: number | null;
  maxConnections: number | null;
  firstCallTimeoutMs: number | null;
  maxConnectionIdleMs: number | null;
  maxConnectionAgeMs: number | null;
  maxConnectionAgeGraceMs: number | null;
  maxCallMs: number | null;
}

export interface BusOptions {
  name: string;
  token: string;
  cluster: string;
  seed: number;
  /** host:port; not looked at if there is `etcd`. */
  registry: string;
  etcd: EtcdOptions | null;
  /** Whom the registry's certificate is for, if not the host of `registry`. */
  registryName: string | null;
  insecure: boolean;
  /** Becomes the registry if it is on this machine and there is none. */
  mayHost: boolean;
  linkIdleMs: number;
  advertiseHost: string | null;
  /** Where it may listen; any free one if it is not said. */
  ports: Ports | null;
  /** Addresses of this machine at which another registry would be noticed. */
  beside: string[];
  maxMessageBytes: number;
  secret: Secret | null;
  /** The keys of the operator's secret, if there is one. */
  operator: Buffer[] | null;
  /** This member is a person's command. */
  isCommand: boolean;
  /** For tests of what another build speaks. */
  protocol: Protocol | null;
}

/** The ports that a member may listen on, and where they are named. */
export interface Ports {
  first: number;
  last: number;
  setting: string;
}

/** The cluster's secret, as keys that were derived from it: more than one while it is replaced. */
export interface Secret {
  keys: Buffer[];
  /** What is done about others who do not prove it. */
  mode: 'offered' | 'accepted' | 'required';
}

/** The versions of the bus's protocol to speak. */
export interface Protocol {
  oldest: number;
  newest: number;
}

/** Where etcd is, if the registry is on it. */
export interface EtcdOptions {
  endpoints: string[];
  prefix: string;
  user: string | null;
  password: string | null;
}

/** Of a registry that stands alone. What it is not given is left out: here, null is none of these. */
export interface RegistryOptions {
  host: string;
  port: number;
  cluster: string;
  insecure: boolean;
  /** As in BusOptions. */
  beside: string[];
  secret?: Secret;
  protocol?: Protocol;
}

/** Why others do not accept a certificate. */
export interface Judgement {
  /** It is about who has signed it. */
  ofIssuer: boolean;
  /** A sentence about "it". */
  text: string;
}

/** What a certificate says. Times are in ms since 1970. */
export interface CertificateFacts {
  notBefore: number;
  notAfter: number;
  commonNames: string[];
  hasAlternativeNames: boolean;
  dnsNames: string[];
  addresses: string[];
}

/** What credentials are made of: PEM, but for the key, which is PKCS#8 in DER. Each has a name for errors. */
export interface CredentialsOptions {
  roots: Buffer | null;
  rootsName: string;
  certificate: Buffer | null;
  certificateName: string;
  /** What its file is called, without folder and ending, if it is one. */
  certificateStem: string | null;
  key: Buffer | null;
  keyName: string;
  /** What a server's clients have to show. */
  clientAuth: string;
  /** The setting that asks to refuse certificates of the old kind. */
  strict: string | null;
  /** The settings of certificate and key. */
  pair: string;
}
