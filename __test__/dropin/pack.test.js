'use strict';

const assert = require('node:assert').strict;
const { test } = require('node:test');
const fc = require('fast-check');
const tools = require('../../lib/dropin/grpcTools');
const { objectOf } = require('../support/grpc/arbitrary');
const { rootOf, wire } = require('../support/grpc/reference');

const NOTIFICATIONS = {
  onMediaUpdate: 'MediaUpdateData',
  onTrackUpdate: 'TrackUpdateData',
  onTransportProgress: 'TransportProgressData',
  onAudioActiveness: 'AudioActivenessData',
  onSessionProgress: 'SessionProgressData',
  onVideoLayoutChange: 'VideoLayoutChangeData',
  onStreamAdded: 'StreamAddedData',
  onStreamRemoved: 'StreamAddedData',
};

/** protobufjs's type of a type's proto, or null. */
function typeOf(type, name) {
  try {
    return rootOf(wire.types[type].file).lookupType(`owt.${name}`);
  } catch (_error) {
    return null;
  }
}

/** As OWT's helper reads what was packed. */
const unpackedBy = (protobufType, bytes) => protobufType.toObject(protobufType.decode(bytes), { enums: String });

const withOption = Object.keys(wire.types).filter((type) => typeOf(type, 'RequestOption'));

test('options are packed and unpacked as by protobufjs, for every type that has them', () => {
  assert.deepEqual(withOption.sort(), ['analytics', 'audio', 'internal', 'quic', 'recording', 'streaming', 'video', 'webrtc']);
  for (const type of withOption) {
    const reference = typeOf(type, 'RequestOption');
    fc.assert(
      fc.property(objectOf(reference), (option) => {
        const packed = tools.packOption(type, option);
        assert.equal(packed.type_url, 'owt.RequestOption');
        assert.deepEqual(unpackedBy(reference, packed.value), unpackedBy(reference, reference.encode(reference.fromObject(option)).finish()));
        assert.deepEqual(tools.unpackOption(type, packed), unpackedBy(reference, packed.value));
      }),
      { numRuns: 50 }
    );
  }
});

test('notifications are packed and unpacked as by protobufjs, for every type and name', () => {
  let pairs = 0;
  for (const type of Object.keys(wire.types)) {
    for (const [name, message] of Object.entries(NOTIFICATIONS)) {
      const reference = typeOf(type, message);
      if (reference === null) {
        assert.throws(() => tools.packNotification({ type, name, data: {} }), new RegExp(`no such type: owt.${message}`));
        continue;
      }
      pairs++;
      fc.assert(
        fc.property(objectOf(reference), (data) => {
          const packed = tools.packNotification({ type, name, data });
          assert.deepEqual([packed.type, packed.name, packed.data.type_url], [type, name, `owt.${message}`]);
          assert.deepEqual(tools.unpackNotification(packed), { type, name, data: unpackedBy(reference, packed.data.value) });
        }),
        { numRuns: 25 }
      );
    }
  }
  assert.ok(pairs >= 9, `${pairs} pairs`);
});

test('what is not set is absent after unpacking, empty lists too', () => {
  const packed = tools.packNotification({ type: 'video', name: 'onVideoLayoutChange', data: { owner: 'room', regions: [] } });
  assert.deepEqual(tools.unpackNotification(packed).data, { owner: 'room' });
});

test('what does not fit is converted or left out: packing never throws for it', () => {
  const circle = { id: 'x' };
  circle.self = circle;
  const oddities = [
    undefined, null, 'text', 5, true, [], () => {}, circle, { tracks: 'no list' }, { media: true }, { media: { audio: false } },
    { controller: { not: 'text' } }, { controller: Symbol('s') }, { connection: [] },
    { tracks: [{ id: 5 }, 'no track', null] }, { bitrate: 500 },
  ];
  for (const odd of oddities) {
    for (const type of withOption) assert.ok(Buffer.isBuffer(tools.packOption(type, odd).value));
    tools.packNotification({ type: 'webrtc', name: 'onMediaUpdate', data: odd });
    tools.packNotification({ type: 'webrtc', name: 'onTransportProgress', data: odd });
  }
  const packed = tools.packOption('webrtc', { controller: 500, media: 'wrong', tracks: [{ mid: 7 }, 'wrong', { mid: 'good' }] });
  const option = tools.unpackOption('webrtc', packed);
  assert.equal(option.controller, '500');
  assert.deepEqual(option.tracks.map(({ mid }) => mid), ['7', 'good']);
});

test('names and types that do not exist are refused by name', () => {
  assert.throws(() => tools.packOption('sip', {}), /no such type: owt.RequestOption/);
  assert.throws(() => tools.packOption('vido', {}), /Invalid proto type:vido/);
  assert.throws(() => tools.packNotification({ type: 'webrtc', name: 'onNothing', data: {} }), /Invalid notification name:onNothing \(known: onMediaUpdate/);
  assert.throws(() => tools.packNotification({ type: 'webrtc', name: 'toString', data: {} }), /Invalid notification name:toString/);
  assert.throws(() => tools.unpackNotification({ type: 'webrtc', name: 'x', data: { type_url: 'owt.Nothing', value: Buffer.alloc(0) } }), /owt.Nothing/);
});

test('an option of another type is logged and null', (t) => {
  const logged = t.mock.method(console, 'log', () => {});
  assert.equal(tools.unpackOption('webrtc', { type_url: 'owt.Other', value: Buffer.alloc(0) }), null);
  assert.equal(logged.mock.callCount(), 1);
  assert.throws(() => tools.unpackOption('webrtc', null), TypeError);
});
