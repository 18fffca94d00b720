// Services, messages and the bus with types: `npx tsc --project . && node build/main.js`
// in this folder. Needs typescript and @types/node.

import { BusError, Server, connectBus, createClient, type Input, type RpcError, type owt } from 'owt-grpc';

type PublishRequest = owt.access_agent.PublishRequest;

/** What a handler is given is complete; what a caller gives need not be. */
function nameOf({ id, type }: PublishRequest): string {
  return `${type} publication of ${id}`;
}

async function grpc(): Promise<void> {
  const server = new Server();
  server.addService('webrtc', {
    async publish(call) {
      return { id: nameOf(call.request) };
    },
    async *listenToNotifications(call) {
      for (const name of ['first', 'second']) yield { name: `${name} of ${call.request.id}` };
    },
  });
  const port: number = await server.listen('127.0.0.1:0');

  const client = createClient('webrtc', `127.0.0.1:${port}`);
  const request: Input<PublishRequest> = { id: 'p1', type: 'webrtc' };
  const { id }: owt.access_agent.PublishReply = await client.publish(request, { timeout: 2000 });
  console.log(id);
  for await (const { name } of client.listenToNotifications({ id: 'me' })) console.log(name);
  await client.subscribe({}).catch(({ code, details }: RpcError) => console.log(code, details));

  client.close();
  await server.stop();
}

async function bus(): Promise<void> {
  const member = await connectBus({ registry: 'localhost:5694' });
  await member.serve('calculator', { add: (a: number, b: number) => a + b });
  const sum: number = await member.call('calculator', 'add', [1, 2]);
  console.log(`1 + 2 = ${sum}`);
  await member.call('nobody', 'add', [], { timeout: 50 }).catch((error: unknown) => {
    if (error instanceof BusError) console.log(error.code);
  });
  await member.close();
}

grpc().then(bus);
