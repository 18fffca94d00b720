'use strict';

// Session descriptions of realistic size.

const { createHash } = require('node:crypto');

/** An offer of 4 to 8 KB. */
function makeOffer(n) {
  const lines = ['v=0', `o=- ${1000 + n} 2 IN IP4 127.0.0.1`, 's=-', 't=0 0'];
  for (let i = 0; i < 60 + (n % 60); i++) lines.push(`a=rtpmap:${96 + i} VP8/90000 fmtp ${'x'.repeat(40)}`);
  return `${lines.join('\r\n')}\r\n`;
}

/** What tells that a text arrived whole. */
const sha = (text) => createHash('sha256').update(text ?? '').digest('hex');

module.exports = { makeOffer, sha };
