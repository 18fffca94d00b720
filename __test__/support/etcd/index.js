'use strict';

// An etcd cluster for tests, on free ports of loopback: of the etcd that is first
// on PATH.

const { execFile, spawn, spawnSync } = require('node:child_process');
const { once } = require('node:events');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { performance } = require('node:perf_hooks');
const { promisify } = require('node:util');
const { freePort } = require('../bus');

/** What is missing to run these tests; empty if nothing is. */
function missing() {
  const programs = ['etcd', 'etcdctl'].filter((name) => spawnSync(name, ['--version'], { env: { ...process.env, ETCDCTL_API: '3' } }).error !== undefined);
  return programs.length === 0 ? '' : `${programs.join(' and ')} cannot be started: apt-get install etcd-server etcd-client`;
}

/** @typedef {{ ca: string, cert: string, key: string, client: { cert: string, key: string } }} Tls files */

/** One of the cluster's members, which can be stopped, killed and started again. */
class Server {
  constructor(name, folder, { host, client, peer, within }) {
    Object.assign(this, { name, folder, host, client, peer, within, child: null });
  }

  /**
   * @param {Server[]} all
   * @param {string[]} extra
   * @param {Tls} [tls]
   */
  start(all, extra, tls) {
    const scheme = tls === undefined ? 'http' : 'https';
    const initial = all.map(({ name, host, peer }) => `${name}=http://${host}:${peer}`).join(',');
    const args = [
      ['--name', this.name],
      ['--data-dir', path.join(this.folder, this.name)],
      ['--listen-client-urls', `${scheme}://${this.host}:${this.client}`],
      ['--advertise-client-urls', `${scheme}://${this.host}:${this.client}`],
      ['--listen-peer-urls', `http://${this.host}:${this.peer}`],
      ['--initial-advertise-peer-urls', `http://${this.host}:${this.peer}`],
      ['--initial-cluster', initial],
      ['--log-level', 'fatal'],
      tls === undefined ? [] : ['--client-cert-auth', '--trusted-ca-file', tls.ca, '--cert-file', tls.cert, '--key-file', tls.key],
    ].flat();
    const [program, ...rest] = [...this.within, 'etcd', ...args, ...extra];
    this.child = spawn(program, rest, { stdio: 'ignore' });
    this.child.on('error', () => {});
  }

  /** @param {NodeJS.Signals} signal */
  async kill(signal = 'SIGKILL') {
    const { child } = this;
    if (child === null) return;
    this.child = null;
    const closed = once(child, 'close');
    child.kill('SIGCONT');
    child.kill(signal);
    await closed;
  }

  get endpoint() {
    return `${this.host}:${this.client}`;
  }
}

class Etcd {
  /**
   * A cluster that answers.
   *
   * @param {number} [count] of members
   * @param {string[]} [extra] arguments for each
   * @param {Tls} [tls] for clients
   * @param {{ address: string, within: string[] }[]} [hosts] where each is, if not on loopback
   */
  static async start(count = 3, extra = [], tls, hosts) {
    const etcd = new Etcd();
    Object.assign(etcd, { extra, tls });
    etcd.folder = fs.mkdtempSync(path.join(os.tmpdir(), 'owt-grpc-etcd-'));
    /** @type {Server[]} */
    etcd.servers = [];
    for (let n = 0; n < count; n++) {
      const { address, within } = hosts?.[n] ?? { address: '127.0.0.1', within: [] };
      const ports = hosts === undefined ? { client: await freePort(), peer: await freePort() } : { client: 2379, peer: 2380 };
      etcd.servers.push(new Server(`etcd${n}`, etcd.folder, { host: address, within, ...ports }));
    }
    etcd.startAll();
    await etcd.answers();
    return etcd;
  }

  startAll() {
    for (const server of this.servers) if (server.child === null) this.restart(server);
  }

  /** @param {Server} server */
  restart(server) {
    server.start(this.servers, this.extra, this.tls);
  }

  /** Resolves when there is a majority, and one of these reaches it. @param {string[]} [endpoints] */
  async answers(endpoints = this.endpoints) {
    const until = performance.now() + 20_000;
    for (;;) {
      try {
        return await this.control(['put', 'answers', '1'], endpoints);
      } catch (error) {
        if (performance.now() > until) throw error;
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    }
  }

  /** What etcdctl prints. @param {string[]} args @param {string[]} [endpoints] */
  async control(args, endpoints = this.endpoints) {
    const { tls } = this;
    const how = tls === undefined ? [] : ['--cacert', tls.ca, '--cert', tls.client.cert, '--key', tls.client.key];
    const all = ['--endpoints', endpoints.join(','), '--command-timeout', '1s', '--dial-timeout', '1s', ...how, ...args];
    const [program, ...rest] = [...this.servers[0].within, 'etcdctl', ...all];
    const { stdout } = await promisify(execFile)(program, rest, { env: { ...process.env, ETCDCTL_API: '3' }, timeout: 10_000 });
    return stdout;
  }

  /** @returns {Promise<Server>} */
  async leader() {
    for (const server of this.servers.filter(({ child }) => child !== null)) {
      const [{ Status }] = JSON.parse(await this.control(['endpoint', 'status', '-w', 'json'], [server.endpoint]));
      if (Status.leader === Status.header.member_id) return server;
    }
    throw new Error('etcd has no leader');
  }

  /** Leases that keys below a prefix go with, by key. @param {string} prefix */
  async leases(prefix) {
    const json = await this.control(['get', '--prefix', prefix, '-w', 'json']);
    // Their numbers are beyond JavaScript's.
    const { kvs = [] } = JSON.parse(json.replace(/"lease":(\d+)/g, '"lease":"$1"'));
    const text = (/** @type {string} */ base64) => Buffer.from(base64, 'base64').toString();
    return new Map(kvs.map((/** @type {any} */ kv) => [text(kv.key), kv.lease]));
  }

  /**
   * Puts `etcd grpc-proxy` in front of the cluster.
   *
   * @param {import('node:test').TestContext} t
   * @returns {Promise<string>} where it listens
   */
  async proxy(t) {
    const address = `127.0.0.1:${await freePort()}`;
    const data = path.join(this.folder, 'proxy');
    const child = spawn('etcd', ['grpc-proxy', 'start', '--endpoints', this.endpoints.join(','), '--listen-addr', address, '--data-dir', data], { stdio: 'ignore' });
    const ended = once(child, 'close');
    t.after(async () => {
      child.kill('SIGKILL');
      await ended;
    });
    await this.answers([address]);
    return address;
  }

  get endpoints() {
    return this.servers.map(({ endpoint }) => endpoint);
  }

  /** @param {string} prefix */
  url(prefix) {
    return `etcd://${this.endpoints.join(',')}${prefix}`;
  }

  async stop() {
    await Promise.all(this.servers.map((server) => server.kill()));
    fs.rmSync(this.folder, { recursive: true, force: true });
  }
}

module.exports = { Etcd, missing };
