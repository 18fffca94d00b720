'use strict';

// docs/tls.md: its commands are carried out, its error texts are those of the code.

const assert = require('node:assert').strict;
const { execFileSync, spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { test } = require('node:test');
const { Workshop, hasOpenssl } = require('../support/tls/certificates');
const { blocksFor } = require('../support/docs/markdown');

const root = path.join(__dirname, '../..');
const text = fs.readFileSync(path.join(root, 'docs/tls.md'), 'utf8');
const PASS = 'a passphrase';

/** A server and its clients, in the shell that the docs have prepared. */
const CHECK = `
  const { Server, createClient } = require(${JSON.stringify(root)});
  const server = new Server().addService("nodeManager", { getNode: () => ({ message: "hello" }) });
  server.listen("127.0.0.1:0").then(async (port) => {
    for (const host of process.argv.slice(1)) {
      const client = createClient("nodeManager", host + ":" + port);
      console.log((await client.getNode({}, { timeout: 5000 })).message);
      client.close();
    }
    await server.stop();
  });`;

/** openssl asks for passphrases; here they are arguments. */
function withPassphrases(command) {
  if (!command.startsWith('openssl')) return command;
  const option = command.includes('genrsa') ? '-passout' : '-passin';
  // Shorter keys, which are made sooner: the guide's own are made elsewhere.
  return command.replace(/^(openssl \w+)/, `$1 ${option} 'pass:${PASS}'`).replace(' 4096', ' 2048');
}

test('the commands make what the modules use', { skip: hasOpenssl ? false : 'needs openssl' }, (t) => {
  const workshop = new Workshop(t);
  const [guide, auth, variables, better, ...others] = blocksFor('docs/tls.md', 'tls/docs');
  assert.deepEqual(others, [], 'a command that is not tested');
  assert.match(guide, /genrsa -des3[^]*x509 -req/);
  assert.match(better, /subjectAltName/);
  const sh = (...lines) => {
    const { status, stdout, stderr } = spawnSync('sh', ['-ec', lines.join('\n')], { cwd: workshop.folder, encoding: 'utf8' });
    assert.equal(status, 0, stderr);
    return stdout;
  };
  const commands = (block) => block.trim().split('\n').map(withPassphrases).join('\n');
  sh(commands(guide));
  assert.equal(auth.trim(), 'npx owt-grpc auth --grpc --dir portal');
  const [, , ...args] = auth.trim().replace('portal', '.').split(' ');
  execFileSync(process.execPath, [path.join(root, 'bin/owt-grpc.js'), ...args], { cwd: workshop.folder, input: `y\n${PASS}\n${PASS}\n`, stdio: ['pipe', 'ignore', 'inherit'] });
  const check = (...hosts) => `"${process.execPath}" -e '${CHECK}' ${hosts.join(' ')}`;
  assert.equal(sh(variables, check('localhost')), 'hello\n');
  sh(commands(better));
  assert.equal(sh(variables, 'export OWT_GRPC_TLS_STRICT=1', check('localhost', '127.0.0.1')), 'hello\nhello\n');
});

test('the errors that it explains are those of the code', () => {
  const read = (folder) => fs.readdirSync(path.join(root, folder)).map((name) => fs.readFileSync(path.join(root, folder, name), 'utf8'));
  const files = [...read('src/tls'), ...read('lib/tls'), fs.readFileSync(path.join(root, 'src/grpc/io.rs'), 'utf8'), fs.readFileSync(path.join(root, 'src/bus/advertise.rs'), 'utf8')];
  // Texts that go over lines are joined as the compiler does.
  const code = files.join('\n').replace(/\\\n\s*/g, '');
  const table = text.slice(text.indexOf('| text | what to do |'));
  const texts = [...table.matchAll(/^\| (.+?) \|/gm)].slice(2).flatMap(([, cell]) => [...cell.matchAll(/`([^`]+)`/g)].map(([, quoted]) => quoted));
  assert.ok(texts.length > 20, String(texts.length));
  for (const part of texts.flatMap((one) => one.split('…')).map((part) => part.trim())) assert.ok(code.includes(part), part);
});
