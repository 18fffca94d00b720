'use strict';

// Required before a peer: turns on what BENCH_OBSERVABILITY names.

const { metrics, setTracing } = require('../..');

if (process.env.BENCH_OBSERVABILITY === 'metrics') {
  void metrics();
  // A scraper that is in a hurry.
  setInterval(() => void metrics(), 1000).unref();
}
if (process.env.BENCH_OBSERVABILITY === 'tracing') setTracing(true);
