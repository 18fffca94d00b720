'use strict';

// The certificates of OWT's guide: a CA, and a pair for servers and one for
// clients. The keys stay encrypted on disk; their passphrases go into the
// credential store, where `owt-grpc auth --grpc` would put them. It is what
// `owt-grpc certs --legacy` makes.
//
//   node examples/demo/certificates.js FOLDER

const fs = require('node:fs');
const path = require('node:path');
const { makeGuide } = require('../../lib/cli/certs/guide');
const { updateStore } = require('../../lib/credentials/store');

/**
 * @param {string} folder
 * @param {object} [options]
 * @param {string} [options.cn] the host name that the certificates are for
 * @param {string} [options.bits] of the keys
 * @param {boolean} [options.traditional] keys in the form of older OpenSSL
 * @param {{ ca: string, server: string, client: string }} [options.passphrases]
 */
async function makeCertificates(folder, options) {
  const { server, client } = await makeGuide(folder, options);
  await updateStore(path.join(folder, '.owt.authstore'), { grpc: { serverPass: server, clientPass: client } });
}

/**
 * OWT's variables for what is in a folder.
 *
 * @param {string} folder
 */
function environment(folder) {
  return {
    OWT_GRPC_ROOT_CERT: path.join(folder, 'ca.crt'),
    OWT_GRPC_SERVER_CERT: path.join(folder, 'server.crt'),
    OWT_GRPC_SERVER_KEY: path.join(folder, 'server.key'),
    OWT_GRPC_CLIENT_CERT: path.join(folder, 'client.crt'),
    OWT_GRPC_CLIENT_KEY: path.join(folder, 'client.key'),
  };
}

async function main() {
  const [folder] = process.argv.slice(2);
  if (folder === undefined) {
    console.error('node examples/demo/certificates.js FOLDER');
    process.exitCode = 2;
    return;
  }
  fs.mkdirSync(folder, { recursive: true });
  await makeCertificates(folder);
  const lines = Object.entries(environment(path.resolve(folder))).map(([name, value]) => `export ${name}=${value}`);
  console.log(`Made. Start your modules in ${path.resolve(folder)}, whose store has the passphrases, with:\n\n${lines.join('\n')}`);
}

if (require.main === module) {
  main().catch((error) => {
    console.error(error.message);
    process.exitCode = 1;
  });
}

module.exports = { environment, makeCertificates };
