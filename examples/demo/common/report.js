'use strict';

// What a module tells the supervisor: steps it has confirmed, and its figures.
// A step is confirmed by the side that received it.

const figures = { calls: 0, errors: 0, notifications: 0, micros: [] };
const confirmed = new Set();

function send(message) {
  if (process.connected) process.send(message);
}

/** This process has received what the step is about. */
function confirm(step) {
  if (confirmed.has(step)) return;
  confirmed.add(step);
  send({ step });
}

/** An RPC of ours has ended. */
function count(startedAt, error, what) {
  figures.calls++;
  figures.micros.push(Number(process.hrtime.bigint() - startedAt) / 1000);
  if (!error) return;
  figures.errors++;
  send({ error: `${what}: ${error.message}`, expected: error.code === 14 });
}

function countNotification() {
  figures.notifications++;
}

/** Tells the figures twice a second and ends with the supervisor. */
function start(name, quit = async () => {}) {
  const timer = setInterval(() => send({ figures: { ...figures, micros: figures.micros.splice(0) } }), 500);
  process.on('message', async (message) => {
    if (message !== 'quit') return;
    clearInterval(timer);
    await quit();
    send({ figures: { ...figures, micros: figures.micros.splice(0) } });
    process.disconnect();
  });
  // A supervisor that is gone asks no more: nothing may stay behind.
  process.on('disconnect', () => setImmediate(() => process.exit(0)));
  process.title = `owt-demo-${name}`;
  send({ started: name });
}

module.exports = { confirm, count, countNotification, start };
