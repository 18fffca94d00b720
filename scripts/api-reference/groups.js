'use strict';

// What docs/api.md has, in its order. A name of the types that is missing here
// is an error, and so is one that the types do not have.

const entries = [
  {
    name: 'owt-grpc',
    file: 'index.d.ts',
    about: 'For new code. OWT\'s services and messages, namespace `owt`, are in [owt.d.ts](../owt.d.ts), gRPC\'s standard ones, namespace `grpc`, in [grpc.d.ts](../grpc.d.ts).',
    groups: [
      { title: 'gRPC clients', names: ['createClient', 'Client', 'ClientOptions', 'CallOptions', 'ClientMethod', 'ClientCall', 'UnaryCall', 'ServerStreamCall', 'ClientStreamCall', 'BidiStreamCall', 'Callback', 'AbortController'] },
      { title: 'gRPC servers', names: ['Server', 'ServerOptions', 'Handlers', 'Handler', 'ServerCall', 'ServerUnaryCall', 'ServerWritableCall', 'ServerReadableCall', 'ServerDuplexCall', 'HandlerCallback', 'StreamReturn'] },
      { title: 'Both sides of gRPC', names: ['status', 'RpcError', 'StatusObject', 'Metadata', 'MetadataLike', 'TransportOptions', 'Messages', 'MessageSink', 'Services', 'Unary', 'ServerStream', 'ClientStream', 'BidiStream', 'Input'] },
      { title: 'The bus', names: ['connectBus', 'BusOptions', 'EtcdOptions', 'Bus', 'HandlerCall', 'Subscription', 'BusError', 'BusStatus', 'BusTraffic', 'startRegistry', 'RegistryOptions'] },
      { title: 'TLS', names: ['TlsOptions', 'TlsError', 'reloadCredentials'] },
      { title: 'Seeing what happens', names: ['setLogger', 'setMaxBufferedBytes', 'Logger', 'metrics', 'serveMetrics', 'ClientStats', 'ServerStats', 'BufferedBytes', 'CallCounts', 'setTracing', 'currentTrace', 'withTrace', 'Trace', 'Tracer', 'CallEvent'] },
    ],
  },
  {
    name: 'owt-grpc/grpcTools',
    file: 'lib/dropin/grpcTools.d.ts',
    about: 'OWT\'s gRPC helper. [grpc.md](grpc.md#the-drop-in) says what differs from it.',
    groups: [{ title: null, names: ['startServer', 'stopServer', 'startClient', 'packOption', 'unpackOption', 'packNotification', 'unpackNotification', 'Packed', 'Notification'] }],
  },
  {
    name: 'owt-grpc/amqpClient',
    file: 'lib/dropin/amqpClient.d.ts',
    about: 'OWT\'s RabbitMQ client, on the bus. [bus.md](bus.md) says what differs from it.',
    groups: [{ title: null, names: ['amqpClient', 'AmqpClient', 'RpcClient', 'TopicParticipant', 'MonitoringTarget', 'Callbacks', 'Reply', 'OnFailure'] }],
  },
];

module.exports = { entries };
