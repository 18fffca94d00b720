'use strict';

// What a release publishes, packed as it is packed there and published to a
// registry of the test. Addons that this machine does not have are stood in for
// by a file that no system loads.

const { execFileSync, spawn, spawnSync } = require('node:child_process');
const { once } = require('node:events');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { parse } = require('yaml');
const { addon } = require('../../../lib/crossing/platform');
const { version } = require('../../../package.json');
const { packAll, platforms } = require('../../../scripts/pack');

const root = path.join(__dirname, '../../..');
const STANDS_IN = 'stands in for an addon that was not built here\n';

/** The lines of the release that publish; where a package comes from can only be proved there. */
function publishingScript() {
  const { jobs } = parse(fs.readFileSync(path.join(root, '.github/workflows/release.yml'), 'utf8'));
  return jobs.publish.steps.find(({ run }) => run && run.includes('npm publish')).run.replace('--provenance ', '');
}

class Release {
  constructor() {
    this.folder = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), 'owt-grpc-release-')));
    const addons = path.join(this.folder, 'addons');
    fs.mkdirSync(addons);
    for (const name of platforms) {
      const built = path.join(root, addon(name));
      if (fs.existsSync(built)) fs.copyFileSync(built, path.join(addons, addon(name)));
      else fs.writeFileSync(path.join(addons, addon(name)), STANDS_IN);
    }
    const packed = packAll({ addons, output: path.join(this.folder, 'target', 'pack'), forRegistry: true });
    /** In the order in which they are published. */
    this.tarballs = [...packed.platforms.values(), packed.main];
  }

  /** Starts the registry; `this.env` is for an npm that uses it. */
  async open() {
    this.registry = spawn(process.execPath, [path.join(__dirname, 'npm-registry.js')], { stdio: ['pipe', 'pipe', 'inherit'] });
    const [line] = await once(this.registry.stdout, 'data');
    this.url = line.toString().trim();
    const config = path.join(this.folder, 'npmrc');
    // npm publishes for somebody who is logged in; this registry lets in anybody.
    fs.writeFileSync(config, [`registry=${this.url}`, `${this.url.replace('http:', '')}:_authToken=anybody`, `cache=${path.join(this.folder, 'cache')}`].join('\n'));
    const kept = Object.entries(process.env).filter(([name]) => !/^npm_/i.test(name));
    this.env = { ...Object.fromEntries(kept), NPM_CONFIG_USERCONFIG: config };
  }

  /** What npm prints of a tarball that it would publish. */
  rehearse(tarball) {
    const { status, stdout, stderr } = spawnSync('npm', ['publish', '--dry-run', '--access', 'public', tarball], { cwd: this.folder, env: this.env, encoding: 'utf8' });
    if (status !== 0) throw new Error(stderr);
    return stdout;
  }

  /** Runs the release's own lines. @returns {string} what npm prints of what it has published */
  publish() {
    return execFileSync('bash', ['-e', '-c', publishingScript()], {
      cwd: this.folder, env: { ...this.env, GITHUB_REF_NAME: `v${version}` }, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'],
    });
  }

  async close() {
    if (this.registry) {
      const ended = once(this.registry, 'exit');
      this.registry.stdin.end();
      await ended;
    }
    fs.rmSync(this.folder, { recursive: true, force: true, maxRetries: 3 });
  }
}

module.exports = { Release };
