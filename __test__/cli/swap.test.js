'use strict';

// `owt-grpc swap`, as a command on trees like those of OWT.

const assert = require('node:assert').strict;
const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { test } = require('node:test');
const { target } = require('../../lib/crossing/platform');
const { updateStore } = require('../../lib/credentials/store');
const { copyFolder } = require('../support/system/folders');
const toml = require('toml');
const { MODULES, UPSTREAM, checkout, installation, packageJson, preload, snapshot, tempFolder, write } = require('../support/cli/owt-tree');
const { command, noTerminal } = require('../support/cli/terminal');

const repository = path.join(__dirname, '../..');
const read = (...parts) => fs.readFileSync(path.join(...parts), 'utf8');
/** Of a snapshot: what is in a file. */
const text = (all, name) => all[name].slice(all[name].indexOf(' ') + 1);
const shim = (surface) => `module.exports = require('owt-grpc/${surface}');\n`;

function owtGrpc(...args) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [...preload, command, ...args], { encoding: 'utf8', timeout: 60_000 });
  return { code: status, stdout, stderr };
}

function swap(...args) {
  const result = owtGrpc('swap', ...args);
  assert.equal(result.code, 0, result.stderr);
  return result;
}

test('every amqpClient.js and grpcTools.js of an installation becomes two lines that load owt-grpc', (t) => {
  const root = installation(t);
  const { stdout } = swap(root);
  for (const name of Object.keys(MODULES)) {
    for (const surface of ['amqpClient', 'grpcTools']) {
      const [comment, code, ...rest] = read(root, name, `${surface}.js`).split(/(?<=\n)/);
      assert.match(comment, /^\/\/ .*owt-grpc swap --undo/);
      assert.deepEqual([code, rest], [shim(surface), []]);
    }
    assert.match(stdout, new RegExp(`^ {2}${name}/package.json$`, 'm'));
  }
  assert.ok(read(root, 'webrtc_agent/webrtc/grpcTools.js').includes(shim('grpcTools')));
  assert.equal(read(root, 'portal/node_modules/other/amqpClient.js'), 'not ours');
  assert.ok(!stdout.includes('\u001b'));
});

test('a swapped module loads owt-grpc', (t) => {
  const root = installation(t, ['webrtc_agent']);
  swap(root);
  fs.symlinkSync(repository, path.join(root, 'webrtc_agent/node_modules/owt-grpc'), 'junction');
  const script = "console.log(typeof require('./amqpClient')().asRpcServer, require('./webrtc/grpcTools') === require('./grpcTools'), typeof require('./grpcTools').startServer)";
  const { stdout, stderr } = spawnSync(process.execPath, ['-e', script], { cwd: path.join(root, 'webrtc_agent'), encoding: 'utf8' });
  assert.equal(stdout, 'function true function\n', stderr);
});

test('package.json gets one line, and keeps the rest', (t) => {
  const root = installation(t, ['portal']);
  swap(root, '--dependency', 'file:../owt-grpc');
  const before = packageJson('portal');
  assert.equal(read(root, 'portal/package.json'), before.replace('"dependencies": {\n', '"dependencies": {\n    "owt-grpc": "file:../owt-grpc",\n'));
  assert.equal(read(root, 'package.json'), '{ "name": "OWT", "engine": { "node": "14.18.1" } }\n');
});

test('an installation whose engine names a Node.js that is too old is told so, and no other', (t) => {
  const root = installation(t, ['portal']);
  for (const [node, isTooOld] of [['12.22', true], ['14.17.6', true], ['15.14.0', true], ['14.18.1', false], ['14', false], ['16', false], ['20.1.0', false], ['latest', false]]) {
    write(root, { 'package.json': JSON.stringify({ name: 'OWT', engine: { node } }) });
    const { notes } = JSON.parse(swap(root, '--dry-run', '--json').stdout);
    assert.equal(notes.some((note) => note.includes(`asks for Node.js ${node}`)), isTooOld, node);
  }
});

test('what processes are to prove to each other is said: on several machines, and where only some modules have a password', async (t) => {
  const root = installation(t, ['portal', 'management_api']);
  const onSeveral = /On several machines, without TLS, set OWT_GRPC_CLUSTER_SECRET/;
  const notesOf = () => JSON.parse(swap(root, '--dry-run', '--json').stdout).notes.filter((note) => /password/.test(note));
  const store = (name) => updateStore(path.join(root, name, '.owt.authstore'), { rabbit: { username: 'u', password: 'p' } });
  assert.deepEqual(notesOf(), []);
  await store('portal');
  assert.match(notesOf().join(), /management_api would be refused without it .*owt-grpc auth --rabbitmq.*OWT_GRPC_CLUSTER_SECRET/);
  await store('management_api');
  assert.deepEqual(notesOf(), []);
  assert.doesNotMatch(swap(root).stdout, onSeveral);
  assert.match(swap(installation(t, ['portal'])).stdout, onSeveral);
});

test('--undo brings back every byte, mode and link, and leaves nothing', { skip: process.platform === 'win32' && 'needs modes and links' }, (t) => {
  const root = installation(t);
  fs.chmodSync(path.join(root, 'portal/amqpClient.js'), 0o755);
  fs.chmodSync(path.join(root, 'portal/portal.toml'), 0o600);
  write(root, { 'shared/client.js': UPSTREAM.amqpClient });
  fs.rmSync(path.join(root, 'sip_agent/amqpClient.js'));
  fs.symlinkSync('../shared/client.js', path.join(root, 'sip_agent/amqpClient.js'));
  const before = snapshot(root);
  swap(root, '--enable-grpc', '--grpc-host', 'manager:10080');
  const swapped = snapshot(root);
  assert.match(swapped['portal/amqpClient.js'], /^100755 /);
  assert.match(swapped['portal/portal.toml'], /^100600 /);
  assert.match(swapped['sip_agent/amqpClient.js'], /^100644 [^]*owt-grpc/, 'a link is replaced');
  assert.equal(swapped['shared/client.js'], before['shared/client.js'], 'and what it leads to is left alone');
  swap(root, '--undo');
  assert.deepEqual(snapshot(root), before);
  assert.match(swap(root, '--undo').stdout, /^Nothing to undo/);
});

test('a second run changes nothing and says so', (t) => {
  const root = installation(t);
  const args = [root, '--enable-grpc', '--grpc-host', 'manager:10080'];
  swap(...args);
  const before = snapshot(root);
  assert.match(swap(...args).stdout, /^Nothing to do: all 13 modules are as asked\.\n$/);
  assert.deepEqual(snapshot(root), before);
});

test('--amqp and --grpc choose, and what was chosen at different times is undone at once', (t) => {
  const root = installation(t, ['portal']);
  const before = snapshot(root);
  swap(root, '--amqp');
  assert.equal(read(root, 'portal/grpcTools.js'), UPSTREAM.grpcTools);
  swap(root, '--grpc');
  assert.match(read(root, 'portal/grpcTools.js'), /owt-grpc/);
  swap(root, '--enable-grpc');
  swap(root, '--enable-grpc', '--grpc-host', 'manager:10080');
  assert.equal(toml.parse(read(root, 'portal/portal.toml')).cluster.grpc_host, 'manager:10080');
  swap(root, '--undo');
  assert.deepEqual(snapshot(root), before);
});

test('--enable-grpc sets the switch and the address in the 13 files, and touches nothing else in them', (t) => {
  const root = installation(t);
  write(root, {
    'media_bridge/amqpClient.js': UPSTREAM.amqpClient, 'media_bridge/package.json': packageJson('m'), 'media_bridge/agent.toml': '[agent]\n',
    'stream_service/grpcTools.js': UPSTREAM.grpcTools, 'stream_service/package.json': packageJson('s'), 'stream_service/service.toml': '[service]\n',
  });
  const before = snapshot(root);
  swap(root, '--enable-grpc', '--grpc-host', 'manager.example:10080');
  for (const [name, [file, section]] of Object.entries(MODULES)) {
    const text = read(root, name, file);
    const settings = toml.parse(text);
    assert.equal(settings[section].enable_grpc, true, name);
    assert.equal(settings[section === 'manager' ? 'manager' : 'cluster'].grpc_host, 'manager.example:10080', name);
    const added = text.split('\n').filter((line) => !/^(enable_grpc = true|grpc_host = "manager\.example:10080")$/.test(line));
    assert.equal(`100644 ${added.join('\n')}`, before[path.join(name, file)]);
  }
  for (const file of ['media_bridge/agent.toml', 'stream_service/service.toml']) assert.equal(snapshot(root)[path.normalize(file)], before[path.normalize(file)]);
});

test('in a checkout the shared files are replaced, and each package.json that is packed gets the dependency once', (t) => {
  const root = checkout(t);
  const before = snapshot(root);
  const { stdout } = swap(root, '--enable-grpc');
  const changed = stdout.split('\n').filter((line) => line.startsWith('  ')).map((line) => line.trim()).sort();
  assert.deepEqual(changed, [
    'source/agent/audio/agent.toml', 'source/agent/bridge/package.json', 'source/agent/package.json', 'source/agent/video/agent.toml',
    'source/common/amqpClient.js', 'source/common/grpcTools.js', 'source/portal/package.json', 'source/portal/portal.toml',
  ]);
  assert.match(stdout, /pack\.js/);
  const portal = owtGrpc('swap', path.join(root, 'source/portal'));
  assert.equal(portal.code, 1);
  assert.match(portal.stderr, /is a module of a checkout/);
  swap(root, '--undo');
  assert.deepEqual(snapshot(root), before);
});

test('a module can be swapped by itself; the whole then leaves it as it is and says so', (t) => {
  const root = installation(t, ['portal', 'sip_portal']);
  const portal = path.join(root, 'portal');
  const before = snapshot(root);
  swap(portal);
  const { stdout, stderr } = swap(root);
  assert.doesNotMatch(stdout, /^ {2}portal/m);
  assert.match(stderr, /note: portal was swapped by itself/);
  swap(root, '--undo');
  const refused = owtGrpc('swap', path.join(root, 'sip_portal'), '--undo');
  assert.deepEqual([refused.code, refused.stdout], [0, `Nothing to undo: ${path.join(root, 'sip_portal')} is not swapped.\n`]);
  swap(portal, '--undo');
  assert.deepEqual(snapshot(root), before);
});

test('--undo of a part says where the whole was swapped, and of a packed copy that it has no originals', (t) => {
  const root = installation(t, ['portal']);
  swap(root);
  const part = owtGrpc('swap', '--undo', path.join(root, 'portal'));
  assert.equal(part.code, 1);
  assert.ok(part.stderr.includes(`was swapped as a part of ${root}: undo it there`), part.stderr);
  fs.rmSync(path.join(root, '.owt-grpc-swap'), { recursive: true });
  assert.match(owtGrpc('swap', '--undo', root).stderr, /has no \.owt-grpc-swap with its original/);
});

test('a file that was modified is refused by name, and --force replaces it and brings it back', (t) => {
  const root = installation(t, ['portal', 'sip_portal']);
  fs.appendFileSync(path.join(root, 'portal/grpcTools.js'), '// ours\n');
  const before = snapshot(root);
  const { code, stderr } = owtGrpc('swap', root);
  assert.equal(code, 1);
  assert.match(stderr, /refused, and nothing was changed:\n {2}portal\/grpcTools\.js is none of OWT's versions/);
  assert.deepEqual(snapshot(root), before);
  swap(root, '--force');
  assert.match(read(root, 'portal/grpcTools.js'), /owt-grpc/);
  swap(root, '--undo');
  assert.deepEqual(snapshot(root), before);
});

test('line ends of Windows are no modification', (t) => {
  const root = installation(t, ['portal']);
  write(root, { 'portal/amqpClient.js': UPSTREAM.amqpClient.replace(/\n/g, '\r\n') });
  swap(root);
});

test('a file of settings that was edited after the swap loses what the swap put there, and keeps the edits', (t) => {
  const root = installation(t, ['portal', 'audio_agent']);
  const before = snapshot(root);
  swap(root, '--enable-grpc', '--grpc-host', 'manager:10080');
  const edit = (name, change) => write(root, { [name]: change(read(root, name)) });
  edit('portal/portal.toml', (text) => text.replace('port = 8080', 'port = 8081').replace('grpc_host = "manager:10080"', 'grpc_host = "other:10080"'));
  edit('audio_agent/agent.toml', (text) => `${text}\n[cluster.worker]\nip = "localhost"\n`);
  const npm = (text) => JSON.stringify({ ...JSON.parse(text), license: 'MIT' }, null, 2);
  edit('portal/package.json', npm);
  const swapped = snapshot(root);
  const more = owtGrpc('swap', root, '--enable-grpc', '--grpc-host', 'a:1');
  assert.equal(more.code, 1);
  assert.match(more.stderr, /portal\/portal\.toml was edited after it was swapped: run --undo first/);
  assert.deepEqual(snapshot(root), swapped);

  const { stderr } = swap(root, '--undo');
  assert.match(stderr, /portal\/portal\.toml was edited after it was swapped, and keeps that; `grpc_host = "manager:10080"` of the swap was changed or removed there/);
  assert.match(stderr, /audio_agent\/agent\.toml was edited after it was swapped, and keeps that$/m);
  const after = snapshot(root);
  assert.equal(read(root, 'portal/portal.toml'), text(before, 'portal/portal.toml').replace('8080', '8081').replace('name = "owt-cluster"\n', 'name = "owt-cluster"\ngrpc_host = "other:10080"\n'));
  assert.equal(read(root, 'audio_agent/agent.toml'), `${text(before, 'audio_agent/agent.toml')}\n[cluster.worker]\nip = "localhost"\n`);
  assert.equal(read(root, 'portal/package.json'), npm(text(before, 'portal/package.json')));
  for (const name of ['portal/portal.toml', 'portal/package.json', 'audio_agent/agent.toml']) delete before[name], delete after[name];
  assert.deepEqual(after, before);
});

test('--force undoes edits as well, and a program that was changed after the swap is undone by it only', (t) => {
  const root = installation(t, ['portal']);
  const before = snapshot(root);
  swap(root, '--enable-grpc');
  fs.appendFileSync(path.join(root, 'portal/portal.toml'), '\n# mine\n');
  fs.appendFileSync(path.join(root, 'portal/amqpClient.js'), '\n// mine\n');
  const swapped = snapshot(root);
  const { code, stderr } = owtGrpc('swap', root, '--undo');
  assert.equal(code, 1);
  assert.match(stderr, /portal\/amqpClient\.js was changed after it was swapped\. --force puts the original in its place/);
  assert.deepEqual(snapshot(root), swapped);
  swap(root, '--undo', '--force');
  assert.deepEqual(snapshot(root), before);
});

test('where modules find owt-grpc in a folder above, their package.json is left alone and nothing is left to install', (t) => {
  const root = installation(t, ['portal', 'audio_agent']);
  write(root, { 'node_modules/owt-grpc/package.json': '{ "name": "owt-grpc", "main": "index.js" }', 'node_modules/owt-grpc/index.js': '' });
  const before = snapshot(root);
  const { stdout } = swap(root);
  assert.match(stdout, /Start the modules anew; /);
  assert.equal(read(root, 'portal/package.json'), packageJson('portal'));
  swap(root, '--undo');
  assert.deepEqual(snapshot(root), before);
  swap(root, '--dependency', '^9.0.0');
  assert.match(read(root, 'portal/package.json'), /"owt-grpc": "\^9\.0\.0"/, 'but what is asked for is done');
});

test('a tarball is asked for together with the one beside it that has the addon; one that is not there is refused', (t) => {
  const root = installation(t, ['portal']);
  const name = `owt-grpc-${target().name}`;
  const asked = () => swap(root, '--dependency', 'file:../packed/owt-grpc-0.2.0.tgz');
  const refused = () => owtGrpc('swap', root, '--dependency', 'file:../packed/owt-grpc-0.2.0.tgz');
  assert.match(refused().stderr, /portal\/package\.json: there is no .*packed\/owt-grpc-0\.2\.0\.tgz, which the dependency names/);
  write(root, { 'packed/owt-grpc-0.2.0.tgz': '' });
  assert.match(refused().stderr, new RegExp(`there is no ${name}-….tgz beside .*packed/owt-grpc-0\\.2\\.0\\.tgz`));
  write(root, { [`packed/${name}-0.1.0.tgz`]: '', [`packed/${name}-0.2.0.tgz`]: '' });
  asked();
  const { dependencies } = JSON.parse(read(root, 'portal/package.json'));
  assert.deepEqual([dependencies['owt-grpc'], dependencies[name]], ['file:../packed/owt-grpc-0.2.0.tgz', `file:../packed/${name}-0.2.0.tgz`]);
});

test('--cluster-ip is told to others by agents, and by no other module', (t) => {
  const root = installation(t, ['portal', 'audio_agent']);
  swap(root, '--enable-grpc', '--cluster-ip', 'agent1.example');
  assert.equal(toml.parse(read(root, 'audio_agent/agent.toml')).cluster.worker.ip, 'agent1.example');
  assert.equal(toml.parse(read(root, 'portal/portal.toml')).cluster.worker, undefined);
});

test('an installation that was upgraded over a swap is swapped anew, and undone to the new version', (t) => {
  const root = installation(t, ['portal']);
  swap(root);
  const upgraded = packageJson('portal').replace('5.1.0', '5.2.0');
  write(root, { 'portal/amqpClient.js': UPSTREAM.amqpClient, 'portal/grpcTools.js': UPSTREAM.grpcTools, 'portal/package.json': upgraded });
  const before = snapshot(root, ['.owt-grpc-swap']);
  assert.match(swap(root).stdout, /^Replaced again: 2 files that had been swapped before\.$/m);
  assert.match(read(root, 'portal/package.json'), /5\.2\.0[^]*"owt-grpc"/);
  swap(root, '--undo');
  assert.deepEqual(snapshot(root), before);
});

test('read-only files, a missing or broken package.json, and a folder that cannot be written are refused by name', (t) => {
  const cases = [
    [(root) => fs.chmodSync(path.join(root, 'portal/amqpClient.js'), 0o444), /portal\/amqpClient\.js is read-only/],
    [(root) => fs.rmSync(path.join(root, 'portal/package.json')), /portal\/package\.json is missing/],
    [(root) => write(root, { 'portal/package.json': '{' }), /portal\/package\.json cannot be edited: it is no JSON/],
    [(root) => write(root, { 'portal/package.json': '{ "dependencies": [] }' }), /dependencies are no object/],
    [(root) => write(root, { 'portal/portal.toml': 'portal = { port = 1 }\n' }), /portal\/portal\.toml cannot be edited: it writes section portal as/],
    [(root) => fs.writeFileSync(path.join(root, 'portal/portal.toml'), Buffer.from('[portal]\n#\xe4\n', 'latin1')), /portal\/portal\.toml is not UTF-8/],
  ];
  if (process.getuid?.() !== 0) cases.push([(root) => fs.chmodSync(path.join(root, 'portal'), 0o555), /its folder cannot be written \(EACCES\)/]);
  for (const [spoil, expected] of cases) {
    const root = installation(t, ['portal', 'sip_portal']);
    spoil(root);
    const before = snapshot(root);
    const { code, stderr } = owtGrpc('swap', root, '--enable-grpc');
    assert.equal(code, 1);
    assert.match(stderr, expected);
    assert.deepEqual(snapshot(root), before);
    fs.chmodSync(path.join(root, 'portal'), 0o755);
  }
});

test('a read-only file and a missing package.json are no hindrance with --force', (t) => {
  const root = installation(t, ['portal']);
  fs.chmodSync(path.join(root, 'portal/amqpClient.js'), 0o444);
  fs.rmSync(path.join(root, 'portal/package.json'));
  const before = snapshot(root);
  assert.match(swap(root, '--force').stderr, /note: portal\/package\.json is missing: install owt-grpc for portal yourself/);
  assert.match(snapshot(root)['portal/amqpClient.js'], /^100444 [^]*owt-grpc/);
  swap(root, '--undo');
  assert.deepEqual(snapshot(root), before);
});

test('a package.json or toml that is a link is edited where it leads to', { skip: process.platform === 'win32' && 'needs links' }, (t) => {
  const root = installation(t, ['portal']);
  fs.renameSync(path.join(root, 'portal/portal.toml'), path.join(root, 'etc.toml'));
  fs.symlinkSync('../etc.toml', path.join(root, 'portal/portal.toml'));
  const before = snapshot(root);
  swap(root, '--enable-grpc');
  assert.match(read(root, 'etc.toml'), /^enable_grpc = true$/m);
  assert.equal(fs.readlinkSync(path.join(root, 'portal/portal.toml')), '../etc.toml');
  swap(root, '--undo');
  assert.deepEqual(snapshot(root), before);
});

test('a folder that is no OWT, OWT 4, links to modules, and no folder are told apart', (t) => {
  const other = tempFolder(t);
  write(other, { 'package.json': '{}' });
  const old = tempFolder(t);
  write(old, { 'portal/amqp_client.js': '' });
  const links = tempFolder(t);
  fs.symlinkSync(path.join(installation(t, ['portal']), 'portal'), path.join(links, 'portal'), 'junction');
  for (const [folder, expected] of [[other, /is no OWT/], [old, /is OWT 4/], [links, /links to modules only \(portal\)/], [path.join(other, 'nothing'), /there is no folder/], [path.join(other, 'package.json'), /there is no folder/]]) {
    const { code, stdout, stderr } = owtGrpc('swap', folder);
    assert.deepEqual([code, stdout], [1, '']);
    assert.match(stderr, expected);
  }
});

test('--dry-run shows a diff that patch takes, and changes nothing', (t) => {
  const root = installation(t);
  const before = snapshot(root);
  const { stdout } = swap(root, '--enable-grpc', '--grpc-host', 'manager:10080', '--dry-run');
  assert.deepEqual(snapshot(root), before);
  const copy = path.join(tempFolder(t), 'copy');
  copyFolder(root, copy);
  const applied = spawnSync('git', ['apply', '-p1', '-'], { cwd: copy, input: stdout, encoding: 'utf8' });
  assert.equal(applied.status, 0, applied.stderr);
  swap(root, '--enable-grpc', '--grpc-host', 'manager:10080');
  assert.deepEqual(snapshot(copy), snapshot(root, ['.owt-grpc-swap']));
  const undo = swap(root, '--undo', '--dry-run');
  assert.match(undo.stdout, /^-enable_grpc = true$/m);
  assert.deepEqual(snapshot(copy), snapshot(root, ['.owt-grpc-swap']));
});

test('--json tells programs, also of refusals', (t) => {
  const root = installation(t, ['portal']);
  const json = (...args) => JSON.parse(owtGrpc('swap', root, '--json', ...args).stdout);
  const dry = json('--dry-run');
  assert.deepEqual([dry.ok, dry.dryRun, dry.changed.length], [true, true, 3]);
  assert.match(dry.diff, /^--- a\/portal\/amqpClient\.js$/m);
  assert.deepEqual([json().changed, json().changed], [['portal/amqpClient.js', 'portal/grpcTools.js', 'portal/package.json'].map(path.normalize), []]);
  const undone = json('--undo');
  assert.deepEqual([undone.action, undone.ok, undone.changed.length], ['undo', true, 3]);
  fs.appendFileSync(path.join(root, 'portal/grpcTools.js'), '//');
  const refused = owtGrpc('swap', root, '--json');
  assert.deepEqual([refused.code, refused.stderr, JSON.parse(refused.stdout).ok, JSON.parse(refused.stdout).problems.length], [1, '', false, 1]);
  const missing = owtGrpc('swap', path.join(root, 'nothing'), '--json');
  assert.deepEqual([missing.code, JSON.parse(missing.stdout).ok], [1, false]);
});

test('wrong options end with 2 and a word on what is right', (t) => {
  const root = installation(t, ['portal']);
  const before = snapshot(root);
  for (const [args, expected] of [
    [[], /the folder of OWT is missing/],
    [[root, root], /one folder is taken/],
    [[root, '-n'], /options begin with --/],
    [[root, '--enable-rpc'], /did you mean --enable-grpc\?/],
    [[root, '--grpc-host', 'a:1'], /--grpc-host is for --enable-grpc/],
    [[root, '--enable-grpc', '--grpc-host', 'manager'], /a port/],
    [[root, '--enable-grpc', '--grpc-host', 'a:70000'], /a port/],
    [[root, '--enable-grpc', '--grpc-host', '[::1]:1'], /IPv4/],
    [[root, '--undo', '--amqp'], /takes no --amqp/],
  ]) {
    const { code, stderr } = owtGrpc('swap', ...args);
    assert.equal(code, 2, args.join(' '));
    assert.match(stderr, expected);
  }
  assert.deepEqual(snapshot(root), before);
});

test('colours are for a terminal', { skip: noTerminal }, async (t) => {
  const { onTerminal } = require('../support/cli/terminal');
  const root = installation(t, ['portal']);
  const env = { ...process.env, NODE_OPTIONS: preload.join('='), TERM: 'xterm', NO_COLOR: '' };
  const { screen } = await onTerminal(t, ['swap', root, '--dry-run'], { cwd: root, env }).end();
  assert.ok(screen.includes('\u001b[32m+module.exports'), screen);
  assert.ok(!owtGrpc('swap', root, '--dry-run').stdout.includes('\u001b'));
});
