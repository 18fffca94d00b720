'use strict';

// What the bench sends: messages as OWT's modules exchange them.

/** A subscription with audio, video and an option packed in an Any: about 280 bytes. */
const subscribeRequest = {
  id: '3a1f0c2e8d5b4796a0b1c2d3e4f50617-subscription',
  type: 'webrtc',
  media: {
    audio: { from: 'common-audio-0f3e8d', format: { codec: 'opus', sampleRate: 48000, channelNum: 2 } },
    video: {
      from: 'common-video-7c1b2a',
      format: { codec: 'h264', profile: 'CB' },
      parameters: { resolution: { width: 1280, height: 720 }, framerate: 30, bitrate: 'x1.0', keyFrameInterval: 100 },
    },
  },
  option: { type_url: 'owt.RequestOption', value: Buffer.from('conference-5c0d7a6e@10.0.0.12.8-session'.repeat(2)) },
  domain: 'room-62f1b0a9c3d4e5f6',
};

const notification = {
  type: 'quic',
  name: 'onSessionProgress',
  data: { type_url: 'owt.SessionProgressData', value: Buffer.alloc(80, 7) },
};

/** Messages on their way at once on a stream that echoes. */
const WINDOW = 128;

module.exports = { notification, subscribeRequest, WINDOW };
