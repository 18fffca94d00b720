/** OWT's reply function: 'callback' ends the call, other types may come as often as they like. */
type Reply = (type: string, data?: any, err?: any) => void;

/** A function per type of reply. Each gets (data, err); on failure all get ('timeout') or ('error', reason). */
type Callbacks = Record<string, ((data?: any, err?: any) => void) | undefined>;

interface RpcClient {
  /** `timeout` is in ms, 2000 if not given. */
  remoteCall(to: string, method: string, args?: any[], callbacks?: Callbacks | null, timeout?: number): void;
  remoteCast(to: string, method: string, args?: any[]): void;
  bus: AmqpClient;
}

interface TopicParticipant {
  /** onOk once every publisher knows. */
  subscribe(patterns: string[], onMessage: (message: any, routingKey: string) => void, onOk?: () => void): void;
  unsubscribe(patterns: string[]): Promise<void>;
  /** To all who listen, this client included. */
  publish(topic: string, data: any): void;
  bus: AmqpClient;
}

interface MonitoringTarget {
  notify(reason: string, message: any): void;
}

type OnFailure = (reason: any) => void;

interface AmqpClient {
  /**
   * Becomes a member of the bus. `options` is OWT's `[rabbit]`: its host is where
   * the registry is, a port of 5671 or 5672 stands for 5680.
   */
  connect(options: { host?: string; port?: number; [other: string]: any } | undefined, onOk: () => void, onFailure?: OnFailure): void;
  asRpcClient(onOk: (client: RpcClient) => void, onFailure?: OnFailure): void;
  asRpcServer(id: string, methods: object, onOk: (server: object) => void, onFailure?: OnFailure): void;
  removeRpcServer(): Promise<'ok'>;
  asTopicParticipant(group: string, onOk: (channel: TopicParticipant) => void, onFailure?: OnFailure): void;
  asMonitor(onMessage: (event: { reason: string; message: any }) => void, onOk: (monitor: object) => void, onFailure?: OnFailure): void;
  asMonitoringTarget(onOk: (target: MonitoringTarget) => void, onFailure?: OnFailure): void;
  disconnect(): Promise<void>;
  close(): Promise<void>;
}

/** A client that is not connected. */
declare function amqpClient(): AmqpClient;
export = amqpClient;
