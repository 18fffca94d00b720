'use strict';

// Node's own clock and timers, as they were when this package was loaded: test
// libraries put theirs in their place, and calls that are under way go on then.
// A deadline that is a Date is compared with the Date of the moment; what the
// network thread tells of time is compared with the real one, `wallTime`.

const { performance } = require('node:perf_hooks');
const { clearInterval, clearTimeout, setImmediate, setInterval, setTimeout } = require('node:timers');

const nextTick = process.nextTick.bind(process);
const now = performance.now.bind(performance);
const wallTime = Date.now;

module.exports = { clearInterval, clearTimeout, nextTick, now, setImmediate, setInterval, setTimeout, wallTime };
