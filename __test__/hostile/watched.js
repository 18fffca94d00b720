'use strict';

// What a process that is attacked tells of itself: its memory and its log.

const { setLogger } = require('../..');

const logged = [];
setLogger({ warn: (text) => logged.push(text), error: (text) => logged.push(text) });

const megabytes = () => process.memoryUsage().rss / 2 ** 20;
let most = 0;
setInterval(() => (most = Math.max(most, megabytes())), 20).unref();

/**
 * Answers what its parent asks, for as long as that lives.
 *
 * @param {(message: any) => object} tell what else there is to tell
 */
function answerParent(tell) {
  process.on('message', (message) => {
    if (message.what === 'rest') global.gc();
    if (message.what === 'begin') most = 0;
    const more = tell(message);
    const now = megabytes();
    process.send({ now, most: Math.max(most, now), logged, ...more });
  });
  process.on('disconnect', () => process.exit(0));
}

module.exports = { answerParent };
