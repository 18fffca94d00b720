#!/usr/bin/env bash
# The guess: a server that stops removes the socket file that it has made, and a
# server that binds to a path on which another one listens is refused, as on a port.
#
# What happens with Python's grpcio 1.85.3: the second server binds to the same path
# without an error, the file is its own from then on, and new clients get to it. When
# the first server stops, it removes the file by its path, which is its successor's:
# the successor runs on, and nobody finds it any more.
#
# Whom it hurts: restarts that start the new server before the old one is stopped.
# What helps is a path for each process, with a link to it that is moved.
#
# Source: seen with the package grpcio (PyPI).
set -euo pipefail

folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
cd "$folder"

python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check grpcio==1.85.3

cat > try.py <<'PY'
import os
from concurrent import futures
import grpc

FILE = os.path.join(os.getcwd(), 'server.sock')

class Name(grpc.GenericRpcHandler):
    def __init__(self, name):
        self.name = name
    def service(self, details):
        return grpc.unary_unary_rpc_method_handler(lambda request, context: self.name)

def serve(name):
    server = grpc.server(futures.ThreadPoolExecutor(1))
    server.add_generic_rpc_handlers([Name(name)])
    server.add_insecure_port(f'unix:{FILE}')
    server.start()
    return server

def ask():
    # Each has a connection of its own.
    with grpc.insecure_channel(f'unix:{FILE}', [('grpc.use_local_subchannel_pool', 1)]) as channel:
        try:
            return channel.unary_unary('/test.Test/Ask')(b'', timeout=5).decode()
        except grpc.RpcError as error:
            return error.code().name

old = serve(b'the old server')
print('at first:', ask())
new = serve(b'the new server')
print('with both:', ask())
old.stop(None).wait()
print('when the old one is stopped:', ask(), 'and', 'there is a file' if os.path.exists(FILE) else 'there is no file')
new.stop(None).wait()
PY

seen="$(venv/bin/python try.py 2>/dev/null)"
echo "$seen"
expected='at first: the old server
with both: the new server
when the old one is stopped: UNAVAILABLE and there is no file'
[ "$seen" = "$expected" ] || { printf 'expected:\n%s\n' "$expected"; exit 1; }
