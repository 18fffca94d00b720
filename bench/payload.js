'use strict';

// What OWT sends, by kind and size, and what JSON alone costs for it: neither
// RabbitMQ nor the bus can be cheaper than that.

const LINE = 'a=candidate:1 1 udp 2013266431 10.0.0.21 40123 typ host\r\n';
const TRACK = { id: 't-v1', type: 'video', format: { codec: 'h264', profile: 'CB' }, parameters: { resolution: { width: 1280, height: 720 }, framerate: 30 }, status: 'active', mid: '1' };

/**
 * @param {'sdp' | 'plain' | 'objects'} kind lines as in an SDP, whose ends JSON has to escape; text without such; nested objects
 * @param {number} size about so many bytes of JSON
 */
function payload(kind, size) {
  if (kind === 'sdp') return { type: 'offer', sdp: LINE.repeat(size / LINE.length) };
  if (kind === 'plain') return { type: 'text', text: 'abcdefghij'.repeat(size / 10) };
  const data = { id: '4e7e47a0c2d34f5e', tracks: /** @type {any[]} */ ([]), owner: 'DgB5Bd6hoBfnR8f9AAAA' };
  while (JSON.stringify(data).length < size) data.tracks.push(TRACK);
  return data;
}

const LEAST_MS = 100;

/**
 * CPU seconds of 100,000 times writing it once and reading it `readers` times, for
 * each reader.
 *
 * @param {any} data
 * @param {number} readers
 */
function jsonPer100k(data, readers) {
  const text = JSON.stringify([data]);
  const micros = (/** @type {() => unknown} */ work) => {
    let count = 0;
    const start = process.cpuUsage();
    for (;;) {
      for (let n = 0; n < 100; n++) work();
      count += 100;
      const { user, system } = process.cpuUsage(start);
      if (user + system > LEAST_MS * 1000) return (user + system) / count;
    }
  };
  return (micros(() => JSON.stringify([data])) / readers + micros(() => JSON.parse(text))) / 10;
}

module.exports = { jsonPer100k, payload };
