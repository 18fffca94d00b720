'use strict';

// The two files of OWT that are replaced, and which versions of them there are:
// a file that is none of these was modified where it is.
//
// SHA-256 of each version of source/common/<file> in the history of
// open-webrtc-toolkit/owt-server up to e0d043ed9be5, on master and on the branches
// of its releases, by `git log --follow`.

const { createHash } = require('node:crypto');

/** @typedef {'amqpClient' | 'grpcTools'} Surface */

/** @type {Surface[]} */
const SURFACES = ['amqpClient', 'grpcTools'];

/** @type {Record<Surface, string[]>} */
const VERSIONS = {
  amqpClient: [
    '40f2a5b03978e31b77ce75451c055e57befbdfc08445948cbb05ca30c77fb310',
    '6fa5dcf7945e7068c0dfc65e980d7dc6b5afaacd14f244cb747ba53d78309b44',
    'a9a5310f8da42b9cc0bd08022ef81a3f18e09c27c56841e9c4fc9d31dddd89d8',
    'ace1078ae0dee5ef024c6cf707b2a9c004aac636cb157c2f3c06e97383af38c1',
    'bd887bc40e7269aaec90ff5d551dd8e9d6bfb603982934d3c5a8c94b25fdca08',
    'c1876855c786bbe56e38d68258e8f36a8789c6fc847d57e90c49d6d45bb5f653',
    'c537bab9c6453cebf4935a5994b6816a94ca2ac86e35097b254ef78a95248684',
    'c795577cd0f057601853dfa98e550987a8e8738a9805c32bfc78e8ad43875499',
    'dbeda8f8e8df61ee14affae447be85e9c0148e09b011bbca6946eb43c630decc',
  ],
  grpcTools: [
    '00230b8747601d6d54f427c355cb2de1e0d47983aa9646674d7cfd195ef9e338',
    '50edab5885bc2ab3d73daaf956c52708eff7440ff21808485c3d043d316338e8',
    '53c6e649303ac343f1ac0eb2b5ce100aaa9ecc158503558e766502ab5fa9cedf',
    '65e15ae66aecfe2f40e7064807e25f4ba0d326cd69fe68fe9822cf0c3c91a082',
    '72497296111e3586edeea984c29686fcb6feb83272de12548af6afc86983f0a7',
    'a1daa06b113a6dbc8550fc3ff194229e15e481defad79a6d9f4ef063809ecdd0',
    'f5e10e85c983d6a11921a54b7b52a2fac1a68526d593e4353f06406c2004394c',
  ],
};

/** @param {Buffer} bytes */
const sha256 = (bytes) => createHash('sha256').update(bytes).digest('hex');

/**
 * @param {Surface} surface
 * @param {Buffer} bytes
 */
function isKnown(surface, bytes) {
  // git may have checked it out with the line ends of Windows.
  return [bytes, Buffer.from(bytes.toString('latin1').replace(/\r\n/g, '\n'), 'latin1')].some((form) => VERSIONS[surface].includes(sha256(form)));
}

/**
 * What a file is replaced by.
 *
 * @param {Surface} surface
 * @returns {Buffer}
 */
function shim(surface) {
  return Buffer.from(`// Put here by \`owt-grpc swap\`; \`owt-grpc swap --undo\` brings OWT's file back.\nmodule.exports = require('owt-grpc/${surface}');\n`);
}

/**
 * Also one that was written by hand, or by another version.
 *
 * @param {Surface} surface
 * @param {Buffer} bytes
 */
function isShim(surface, bytes) {
  const [code, ...others] = bytes.toString('utf8').split(/\r?\n/).filter((line) => !/^\s*(\/\/.*|(['"])use strict\2;?)?\s*$/.test(line));
  const match = /^module\.exports\s*=\s*require\((['"])owt-grpc\/(\w+)\1\);?\s*$/.exec(code ?? '');
  return others.length === 0 && match !== null && match[2] === surface;
}

module.exports = { SURFACES, VERSIONS, isKnown, isShim, sha256, shim };
