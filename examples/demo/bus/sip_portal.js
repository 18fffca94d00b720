'use strict';

// Serves a fixed id; finds the SIP agent and looks after it.

const { confirm, start } = require('../common/report');
const { CLUSTER, connect, retry } = require('./messaging');

async function main() {
  const messages = await connect();
  await messages.serve('sip-portal', {
    // Never answered, as in OWT: the caller tolerates the timeout.
    handleSipUpdate() {
      confirm('sip_portal handleSipUpdate');
    },
  });
  start('sip_portal', () => messages.leave());
  const { id } = await retry(() => messages.call(CLUSTER, 'schedule', 'sip', 'room1', {}, 30_000));
  const beat = async () => {
    if ((await messages.call(id, 'keepAlive').catch(() => false)) === true) confirm('sip_portal keepAlive');
  };
  await beat();
  setInterval(beat, 500).unref();
}

main();
