'use strict';

// `owt-grpc certs --roles` and what `owt-grpc doctor` says of it: a pair for each of OWT's
// modules, and the rules by which their names give them rights.

const assert = require('node:assert').strict;
const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { after, before, test } = require('node:test');
const { rolesOf } = require('../../lib/cli/certs/by-role');
const { readStore } = require('../../lib/credentials/store');
const { Certificate } = require('../support/tls/certificate');
const { hasOpenssl } = require('../support/tls/certificates');
const { freePort } = require('../support/bus');
const { owtGrpc } = require('../support/cli');
const { tempFolder } = require('../support/cli/owt-tree');
const { command } = require('../support/cli/terminal');

const skip = hasOpenssl ? false : 'needs openssl';

function certs(folder, ...args) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [command, 'certs', folder, ...args], { encoding: 'utf8', timeout: 60_000 });
  return { code: status, stdout, stderr };
}

const rulesIn = (folder) => fs.readFileSync(path.join(folder, 'authorize.json'), 'utf8');

/** Made once for those that only look at it. */
const folder = skip === false ? fs.mkdtempSync(path.join(os.tmpdir(), 'owt-grpc-roles-')) : '';
after(() => folder !== '' && fs.rmSync(folder, { recursive: true }));
before(() => {
  if (folder === '') return;
  const { code, stderr } = certs(folder, '--roles', '--host', 'localhost');
  assert.equal(code, 0, stderr);
});

test('each role has a pair of the one CA, which says its role, and passphrases of its own', { skip }, () => {
  const ca = new Certificate(path.join(folder, 'ca.crt'));
  const passphrases = new Set();
  for (const role of ['portal', 'webrtc_agent', 'operator']) {
    for (const side of ['server', 'client']) {
      const certificate = new Certificate(path.join(folder, role, `${side}.crt`));
      assert.equal(certificate.subjectAltName, `DNS:localhost, URI:owt:${role}`);
      assert.ok(certificate.isSignedBy(ca));
      assert.equal(fs.statSync(path.join(folder, role, `${side}.key`)).mode & 0o777, 0o600);
    }
    const { serverPass, clientPass } = readStore(path.join(folder, role, '.owt.authstore')).reveal().grpc;
    passphrases.add(serverPass).add(clientPass);
    const variables = fs.readFileSync(path.join(folder, role, 'variables.sh'), 'utf8');
    assert.match(variables, /^export OWT_GRPC_AUTHORIZE=.*authorize\.json$/m);
    assert.match(variables, new RegExp(`^export OWT_GRPC_CLIENT_KEY=.*/${role}/client\\.key$`, 'm'));
  }
  assert.equal(passphrases.size, 6);
  assert.ok(Object.keys(JSON.parse(rulesIn(folder))).includes('owt:portal'));
});

test('a renewal keeps CA, passphrases and edited rules; without it nothing that is there is replaced', { skip }, (t) => {
  const folder = tempFolder(t);
  assert.equal(certs(folder, '--roles').code, 0);
  const stored = () => readStore(path.join(folder, 'portal/.owt.authstore')).reveal();
  const [ca, before, pair] = [fs.readFileSync(path.join(folder, 'ca.crt')), stored(), fs.readFileSync(path.join(folder, 'portal/server.crt'))];
  const again = certs(folder, '--roles');
  assert.equal(again.code, 1);
  assert.match(again.stderr, /has pairs of .*portal.* already: --renew/);
  fs.writeFileSync(path.join(folder, 'authorize.json'), '{"mine": {}}');
  const renewed = certs(folder, '--roles', '--renew');
  assert.equal(renewed.code, 0, renewed.stderr);
  assert.match(renewed.stderr, /authorize\.json was there, and stays as it is/);
  assert.equal(rulesIn(folder), '{"mine": {}}');
  assert.deepEqual([fs.readFileSync(path.join(folder, 'ca.crt')), stored()], [ca, before]);
  assert.notDeepEqual(fs.readFileSync(path.join(folder, 'portal/server.crt')), pair);
  assert.equal(certs(folder, '--roles', '--force', '--json').code, 0);
  assert.notEqual(rulesIn(folder), '{"mine": {}}');
  const both = certs(folder, '--roles', '--legacy');
  assert.equal(both.code, 2);
  assert.match(both.stderr, /give one of them/);
});

test('the doctor says what the certificates of a module give it, and what is wrong with the rules', { skip, timeout: 120_000 }, async (t) => {
  const roles = rolesOf(folder);
  const env = { OWT_GRPC_REGISTRY: `localhost:${await freePort()}` };
  const ask = async (role, changes) => {
    const { stdout } = await owtGrpc(t, ['doctor', path.join(folder, role), '--json'], { env: { ...env, ...roles[role], ...changes } });
    return JSON.parse(stdout).findings.filter(({ setting }) => setting === 'OWT_GRPC_AUTHORIZE');
  };
  const portal = await ask('portal');
  assert.deepEqual(portal.map(({ level }) => level), ['ok', 'ok']);
  assert.match(portal[0].text, /server\.crt may serve portal-\*; call owt-cluster, conference-\*/);
  const registry = await ask('registry');
  assert.match(registry[0].text, /may host the registry$/);
  fs.writeFileSync(path.join(folder, 'mine.json'), '{"owt:portal": {"serve": ["*"], "names": ["a-*"]}}');
  const [mine] = await ask('portal', { OWT_GRPC_AUTHORIZE: path.join(folder, 'mine.json') });
  assert.match(mine.text, /may serve \*; as a member named a-\*$/);
  const none = await ask('webrtc_agent', { OWT_GRPC_AUTHORIZE: path.join(folder, 'mine.json') });
  assert.deepEqual(none.map(({ level }) => level), ['error', 'error']);
  assert.match(none[0].text, /gives .* no right to anything/);
  fs.writeFileSync(path.join(folder, 'wrong.json'), '{"a": {"serve": "x"}}');
  const wrong = await ask('portal', { OWT_GRPC_AUTHORIZE: path.join(folder, 'wrong.json') });
  assert.deepEqual(wrong.map(({ level }) => level), ['error']);
  assert.match(wrong[0].text, /wrong\.json, which cannot be used: invalid type: string "x", expected a sequence at line 1 column 19/);
});
