'use strict';

// Streams: an async generator answers, `for await` reads. A slow reader slows
// the generator down; nothing piles up in between.

const { promisify } = require('node:util');
const { Server, createClient } = require('owt-grpc');

const sleep = promisify(setTimeout);

async function main() {
  let made = 0;
  const server = new Server();
  server.addService('webrtc', {
    async *listenToNotifications(call) {
      for (; made < 100_000; made++) yield { type: 'webrtc', name: `${call.request.id} ${made}` };
    },
  });
  server.addService('quic', {
    // Both directions: answers while it is asked.
    async *validateTokenCallback(call) {
      for await (const { tokenId, ok } of call) yield { tokenId, roomId: ok ? 'room1' : '' };
    },
  });
  const address = `127.0.0.1:${await server.listen('127.0.0.1:0')}`;

  const webrtc = createClient('webrtc', address);
  let read = 0;
  for await (const notification of webrtc.listenToNotifications({ id: 'notification' })) {
    if (read === 0) console.log(`first: ${notification.name}`);
    await sleep(1);
    if (++read === 50) break; // leaving the loop cancels the call
  }
  console.log(`read ${read}, made less than all: ${made < 100_000}`);

  const quic = createClient('quic', address);
  const tokens = quic.validateTokenCallback();
  tokens.write({ tokenId: 'a', ok: true });
  tokens.end({ tokenId: 'b', ok: false });
  for await (const { tokenId, roomId } of tokens) console.log(`token ${tokenId}: "${roomId}"`);

  webrtc.close();
  quic.close();
  await server.stop();
}

main();
