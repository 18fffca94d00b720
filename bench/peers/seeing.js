'use strict';

// Required before a peer: turns on what BENCH_SEEING names.

const { metrics, setTracing } = require('../..');

if (process.env.BENCH_SEEING === 'metrics') {
  void metrics();
  // A scraper that is in a hurry.
  setInterval(() => void metrics(), 1000).unref();
}
if (process.env.BENCH_SEEING === 'tracing') setTracing(true);
