#!/usr/bin/env bash
# The guess: a gRPC client that dials a unix socket sends `:authority: localhost`, as
# a socket has no host, and checks a certificate against that name.
#
# What happens: Python's grpcio 1.85.3 sends the path of the socket, percent-encoded
# but for its first slash, and asks for that as server name in TLS, so that a
# certificate for localhost is refused ("Hostname Verification Check failed").
# Option grpc.default_authority=localhost cures the first, and with it the second.
# A client of @grpc/grpc-js 1.14.7 sends localhost.
#
# Whom it hurts: servers that read an authority by the rules of a URL's host, which
# has no percent signs (Rust's http crate, and what is built on it), refuse the
# call as a protocol error, and nothing in the server's code is asked.
#
# Source: seen with the packages grpcio (PyPI) and @grpc/grpc-js (npm); a certificate
# by openssl.
set -euo pipefail

folder="$(mktemp -d)"
server=''
trap '[ -z "$server" ] || kill "$server"; rm -rf "$folder"' EXIT
cd "$folder"

npm install --no-save --no-audit --no-fund --silent @grpc/grpc-js@1.14.7 >/dev/null
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check grpcio==1.85.3
openssl req -x509 -newkey rsa:2048 -nodes -keyout key.pem -out cert.pem -days 2 -subj /CN=localhost -addext subjectAltName=DNS:localhost 2>/dev/null

# Answers each call with the authority that it has come with.
cat > server.js <<'JS'
const fs = require('fs');
const grpc = require('@grpc/grpc-js');
const bytes = (value) => Buffer.from(value);
const service = { ask: { path: '/test.Test/Ask', requestStream: false, responseStream: false, requestSerialize: bytes, requestDeserialize: bytes, responseSerialize: bytes, responseDeserialize: bytes } };
const server = new grpc.Server();
server.addService(service, { ask: (call, callback) => callback(null, call.getHost()) });
const tls = grpc.ServerCredentials.createSsl(null, [{ cert_chain: fs.readFileSync('cert.pem'), private_key: fs.readFileSync('key.pem') }]);
const bind = (file, credentials) => new Promise((resolve, reject) => server.bindAsync(`unix:${__dirname}/${file}`, credentials, (error) => (error ? reject(error) : resolve())));
const Client = grpc.makeGenericClientConstructor(service, 'test');
bind('plain.sock', grpc.ServerCredentials.createInsecure()).then(() => bind('tls.sock', tls)).then(() => {
  const client = new Client(`unix:${__dirname}/plain.sock`, grpc.credentials.createInsecure());
  client.ask('', (error, reply) => console.log(`grpc-js: ${error || reply}`));
});
JS

cat > client.py <<'PY'
import os, urllib.parse
import grpc

folder = os.getcwd()
tls = grpc.ssl_channel_credentials(open('cert.pem', 'rb').read())

def ask(name, credentials, options=()):
    target = f'unix:{folder}/{name}.sock'
    with (grpc.secure_channel(target, credentials, options) if credentials else grpc.insecure_channel(target, options)) as channel:
        try:
            reply = channel.unary_unary('/test.Test/Ask')(b'', timeout=10).decode()
            encoded = urllib.parse.quote(f'{folder[1:]}/{name}.sock', safe='')
            return 'the path, percent-encoded' if reply == encoded else reply
        except grpc.RpcError as error:
            refused = 'Hostname Verification Check failed' in error.details()
            return f'{error.code().name}, {"the name is refused" if refused else error.details()}'

LOCALHOST = [('grpc.default_authority', 'localhost')]
print('grpcio:', ask('plain', None))
print('grpcio, default_authority:', ask('plain', None, LOCALHOST))
print('grpcio, TLS:', ask('tls', tls))
print('grpcio, TLS, default_authority:', ask('tls', tls, LOCALHOST))
PY

node server.js > server.log &
server=$!
for _ in $(seq 100); do [ -s server.log ] && break; sleep 0.1; done

seen="$(cat server.log; venv/bin/python client.py 2>/dev/null)"
echo "$seen"
expected='grpc-js: localhost
grpcio: the path, percent-encoded
grpcio, default_authority: localhost
grpcio, TLS: UNAVAILABLE, the name is refused
grpcio, TLS, default_authority: localhost'
[ "$seen" = "$expected" ] || { printf 'expected:\n%s\n' "$expected"; exit 1; }
