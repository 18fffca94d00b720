'use strict';

// A victim, its peaceful client, and what both have to show for it.

const assert = require('node:assert').strict;
const { fork } = require('node:child_process');
const { once } = require('node:events');
const path = require('node:path');
const { createClient } = require('../..');

const LEAST_CALLS_MS = 20;
/** MB that a victim may hold, and so long after the attack as it may take to give back. */
const MOST_MB = 250;
const SOON_MS = 10_000;

const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** Fifty calls a second, of which none may be lost. */
class Peaceful {
  constructor(port) {
    // Options of its own: it shares its connection with nobody.
    this.client = createClient('webrtc', `127.0.0.1:${port}`, { keepaliveMs: 60_000 });
    this.lost = [];
    this.times = [];
    this.isOver = false;
    this.calling = this.call();
  }

  async call() {
    while (!this.isOver) {
      const begun = Date.now();
      try {
        const { id } = await this.client.publish({ id: '5' }, { deadline: Date.now() + 20_000 });
        assert.equal(id, 'xxxxx');
      } catch (error) {
        this.lost.push(error.message);
      }
      this.times.push(Date.now() - begun);
      await sleep(LEAST_CALLS_MS);
    }
  }

  async end() {
    this.isOver = true;
    await this.calling;
    this.client.close();
  }
}

/**
 * Runs an attack against a victim of its own and looks at what it did.
 *
 * @param {import('node:test').TestContext} t
 * @param {'victim' | 'caller'} program that is attacked
 * @param {(port: number, ask: (what?: string, more?: object) => Promise<any>) => Promise<void>} attack
 * @param {NodeJS.ProcessEnv} [settings] of the victim
 * @returns {Promise<any>} what the victim says at the end
 */
async function attacked(t, program, attack, settings = {}) {
  const victim = fork(path.join(__dirname, `${program}.js`), { execArgv: ['--expose-gc'], env: { ...process.env, ...settings } });
  t.after(() => victim.kill('SIGKILL'));
  const [{ port }] = await once(victim, 'message');
  const ask = async (what = 'look', more = {}) => {
    victim.send({ what, ...more });
    const [answer] = await once(victim, 'message');
    return answer;
  };
  const peaceful = new Peaceful(port);
  await sleep(200);
  const rest = await ask('begin');
  await attack(port, ask);
  const { most } = await ask();
  let left = await ask('rest');
  const gone = Date.now();
  while ((left.now > rest.now + 50 || left.bufferedBytes > 0) && Date.now() - gone < SOON_MS) {
    await sleep(200);
    left = await ask('rest');
  }
  await peaceful.end();
  const slowest = Math.max(...peaceful.times);
  t.diagnostic(
    `${rest.now.toFixed(0)} MB at rest, ${most.toFixed(0)} at most, ${left.now.toFixed(0)} after ${((Date.now() - gone) / 1000).toFixed(1)} s; ` +
      `${peaceful.times.length} calls beside it, the slowest ${slowest} ms; log: ${left.logged.length}`
  );
  assert.deepEqual(peaceful.lost, []);
  const said = left.logged.map((text) => text.replace(/\d+ bytes of \d+/, ''));
  assert.equal(new Set(said).size, said.length, `each reason is said once: ${said.join('\n')}`);
  assert.ok(most < MOST_MB, `${most} MB at most`);
  assert.ok(left.now <= rest.now + 50, `${left.now} MB are left, ${rest.now} at rest`);
  assert.equal(left.bufferedBytes, 0);
  return left;
}

module.exports = { attacked, sleep };
