'use strict';

// The certificates of OWT's guide, by its own commands: a CA, and a pair for
// servers and one for clients. The keys stay encrypted on disk; their passphrases
// go into the credential store, where `owt-grpc auth --grpc` would put them.
//
//   node examples/demo/certificates.js FOLDER

const { execFileSync } = require('node:child_process');
const { randomBytes } = require('node:crypto');
const fs = require('node:fs');
const path = require('node:path');
const { updateStore } = require('../../lib/credentials/store');

const SUBJECT = '/C=XX/ST=XX/L=XX/O=XX/OU=OWT';

/**
 * @param {string} folder
 * @param {object} [options]
 * @param {string} [options.cn] the host name that the certificates are for
 * @param {string} [options.bits] of the keys
 * @param {boolean} [options.traditional] keys in the form of older OpenSSL
 * @param {{ ca: string, server: string, client: string }} [options.passphrases]
 */
async function makeCertificates(folder, { cn = 'localhost', bits = '4096', traditional = false, passphrases = freshPassphrases() } = {}) {
  const openssl = (/** @type {string[]} */ ...args) => execFileSync('openssl', args, { cwd: folder, stdio: ['ignore', 'ignore', 'pipe'], env: { ...process.env, ...pass } });
  // Through the environment: arguments can be read by all users of the machine.
  const pass = { CA_PASS: passphrases.ca, SERVER_PASS: passphrases.server, CLIENT_PASS: passphrases.client };
  const form = traditional ? ['-traditional'] : [];
  openssl('genrsa', ...form, '-des3', '-passout', 'env:CA_PASS', '-out', 'ca.key', bits);
  openssl('req', '-new', '-x509', '-days', '365', '-key', 'ca.key', '-passin', 'env:CA_PASS', '-out', 'ca.crt', '-subj', `${SUBJECT}/CN=ca`);
  for (const [name, own] of [['server', 'env:SERVER_PASS'], ['client', 'env:CLIENT_PASS']]) {
    openssl('genrsa', ...form, '-des3', '-passout', own, '-out', `${name}.key`, bits);
    openssl('req', '-new', '-key', `${name}.key`, '-passin', own, '-out', `${name}.csr`, '-subj', `${SUBJECT}/CN=${cn}`);
    openssl('x509', '-req', '-days', '365', '-in', `${name}.csr`, '-CA', 'ca.crt', '-CAkey', 'ca.key', '-passin', 'env:CA_PASS', '-set_serial', '01', '-out', `${name}.crt`);
  }
  await updateStore(path.join(folder, '.owt.authstore'), { grpc: { serverPass: passphrases.server, clientPass: passphrases.client } });
}

function freshPassphrases() {
  const [ca, server, client] = [0, 0, 0].map(() => randomBytes(12).toString('base64'));
  return { ca, server, client };
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
