/**
 * OWT's reply function, a handler's last argument.
 *
 * @param type 'callback' ends the call, other types may come as often as they like
 * @param data what the caller gets; 'error' in it, with `err`, is OWT's way to fail
 * @param err the reason then
 */
type Reply = ((type: string, data?: any, err?: any) => void) & {
  /** Who calls, until when, and a signal that fires when nobody waits any more. */
  readonly request: import('../..').HandlerCall;
};

/** A function per type of reply. Each gets (data, err); on failure all get ('timeout') or ('error', reason). */
type Callbacks = Record<string, ((data?: any, err?: any) => void) | undefined>;

/**
 * Calls others, by their ids.
 *
 * @example
 * const client = amqpClient();
 * await new Promise((resolve, reject) => client.connect({ host: 'localhost', port: 5672 }, resolve, reject));
 * const rpc = await new Promise((resolve, reject) => client.asRpcClient(resolve, reject));
 * const sum = await new Promise((resolve) => rpc.remoteCall('calculator', 'add', [1, 2], { callback: resolve }, 5000));
 * console.log(sum); // 3
 * rpc.remoteCast('calculator', 'add', [1, 2]);
 * await client.disconnect();
 */
interface RpcClient {
  /**
   * Calls a method of whoever serves an id. Never throws: what goes wrong is told to the callbacks.
   *
   * @param to the id
   * @param method its name
   * @param args what JSON has a form for
   * @param callbacks by type of reply
   * @param timeout in ms; 2000 if not given
   */
  remoteCall(to: string, method: string, args?: any[], callbacks?: Callbacks | null, timeout?: number): void;
  /**
   * Calls without a reply: at most once, and nobody is told whether it arrived.
   *
   * @param to the id
   * @param method its name
   * @param args what JSON has a form for
   */
  remoteCast(to: string, method: string, args?: any[]): void;
  /** The client that it belongs to. */
  bus: AmqpClient;
}

/**
 * Sends to a group and listens to it.
 *
 * @example
 * const client = amqpClient();
 * await new Promise((resolve, reject) => client.connect({}, resolve, reject));
 * const channel = await new Promise((resolve, reject) => client.asTopicParticipant('managers', resolve, reject));
 * const heard = new Promise((resolve) => {
 *   const onMessage = (message, routingKey) => resolve(`${routingKey}: ${message.term}`);
 *   channel.subscribe(['clusterManager.*'], onMessage, () => channel.publish('clusterManager.leader', { term: 1 }));
 * });
 * console.log(await heard); // clusterManager.leader: 1
 * await channel.unsubscribe(['clusterManager.*']);
 * await client.disconnect();
 */
interface TopicParticipant {
  /**
   * Listens to topics of its group.
   *
   * @param patterns AMQP's: words between dots, `*` is one word, `#` any number
   * @param onMessage for each message
   * @param onOk once every publisher knows
   */
  subscribe(patterns: string[], onMessage: (message: any, routingKey: string) => void, onOk?: () => void): void;
  /**
   * Listens to them no more.
   *
   * @param patterns as they were subscribed to
   */
  unsubscribe(patterns: string[]): Promise<void>;
  /**
   * Sends to all of the group who listen, this client included.
   *
   * @param topic words between dots
   * @param data what JSON has a form for
   */
  publish(topic: string, data: any): void;
  /** The client that it belongs to. */
  bus: AmqpClient;
}

/** Tells monitors of what has ended. */
interface MonitoringTarget {
  /**
   * Tells all monitors.
   *
   * @param reason 'abnormal', 'error' or 'quit'
   * @param message what it is about, such as `{ purpose, id, type: 'node' }`
   */
  notify(reason: string, message: any): void;
}

/** Gets why something cannot be had, a text or an Error. */
type OnFailure = (reason: any) => void;

/**
 * A client of OWT's, and a member of the bus while it is connected. Nothing is thrown; what cannot be had is told to
 * `onFailure`, and so is 'amqp connection not ready' before `connect`.
 *
 * @example
 * const worker = amqpClient();
 * const ready = (ask) => new Promise((resolve, reject) => ask(resolve, reject));
 * await ready((onOk, onFailure) => worker.connect({ host: 'localhost', port: 5672 }, onOk, onFailure));
 * const methods = { publish: (id, reply) => reply('callback', `${id} is published`) };
 * await ready((onOk, onFailure) => worker.asRpcServer('webrtc-1', methods, onOk, onFailure));
 * console.log(await bus.call('webrtc-1', 'publish', ['s1'])); // s1 is published
 * const gone = new Promise((resolve) => worker.asMonitor(resolve, () =>
 *   worker.asMonitoringTarget((target) => target.notify('quit', { purpose: 'webrtc', id: 'webrtc-1', type: 'worker' }))));
 * const { reason, message } = await gone;
 * console.log(reason, message.id); // quit webrtc-1
 * console.log(await worker.removeRpcServer()); // ok
 * await worker.disconnect();
 * await worker.close();
 */
interface AmqpClient {
  /**
   * Becomes a member of the bus; waits for a registry, or becomes it.
   *
   * @param options OWT's `[rabbit]`: its host is where the registry is, a port of 5671 or 5672 stands for 5680, and its `secret` is the cluster's
   * @param onOk once
   * @param onFailure with an Error, for what waiting would not mend: another cluster, another program on the registry's port
   */
  connect(options: { host?: string; port?: number; [other: string]: any } | undefined, onOk: () => void, onFailure?: OnFailure): void;
  /**
   * For calling others.
   *
   * @param onOk with the same object each time
   * @param onFailure with the reason
   */
  asRpcClient(onOk: (client: RpcClient) => void, onFailure?: OnFailure): void;
  /**
   * Serves an id; a client serves one. Several who serve the same take turns.
   *
   * @param id 1 to 255 characters
   * @param methods functions; the last argument of a call is its {@link Reply}
   * @param onOk once every member knows
   * @param onFailure with the reason
   */
  asRpcServer(id: string, methods: object, onOk: (server: object) => void, onFailure?: OnFailure): void;
  /** Serves its id no more. */
  removeRpcServer(): Promise<'ok'>;
  /**
   * For sending to a group and listening to it.
   *
   * @param group its name
   * @param onOk with the same object for the same group
   * @param onFailure with the reason
   */
  asTopicParticipant(group: string, onOk: (channel: TopicParticipant) => void, onFailure?: OnFailure): void;
  /**
   * Listens to all monitoring targets. A second call replaces the receiver.
   *
   * @param onMessage for each notification
   * @param onOk once every member knows
   * @param onFailure with the reason
   */
  asMonitor(onMessage: (event: { reason: string; message: any }) => void, onOk: (monitor: object) => void, onFailure?: OnFailure): void;
  /**
   * For telling monitors.
   *
   * @param onOk with the same object each time
   * @param onFailure with the reason
   */
  asMonitoringTarget(onOk: (target: MonitoringTarget) => void, onFailure?: OnFailure): void;
  /**
   * Leaves the bus, in less than a second, of which half is for handlers at work to reply in; pending calls end with
   * ('error', reason). Never rejects.
   */
  disconnect(): Promise<void>;
  /** The same. */
  close(): Promise<void>;
}

/**
 * A client that is not connected. Has no effect on anything yet.
 *
 * @example
 * const client = amqpClient();
 * client.asRpcClient(() => {}, (reason) => console.log(reason)); // amqp connection not ready
 */
declare function amqpClient(): AmqpClient;
export = amqpClient;
