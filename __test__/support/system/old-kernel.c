/*
 * A kernel 3.10, as far as a process can ask: preloaded into a process, this
 * library has every system call that came later answered with ENOSYS, for that
 * process and those that it starts, and calls the kernel 3.10.0. Without the
 * latter OpenSSL, told of a newer kernel that has no getrandom, takes no random
 * numbers from it, and Node.js ends at its start.
 *
 * x86-64 only, where calls are numbered in the order of their age.
 */

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/shm.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

/* finit_module, 313, came with 3.8 and is the last that 3.10 has. */
#define FIRST_UNKNOWN 314

static int filter(void)
{
  struct sock_filter rules[] = {
    BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
    BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, FIRST_UNKNOWN, 0, 1),
    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  struct sock_fprog program = { sizeof rules / sizeof rules[0], rules };

  return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

/* getrandom came with 3.17. */
static int is_old(void)
{
  char byte;
  return syscall(SYS_getrandom, &byte, 1, 0) == -1 && errno == ENOSYS;
}

__attribute__((constructor)) static void begin(void)
{
  /* A process that one of these has started has the filter already. */
  if (is_old() || (filter() && is_old())) return;
  fprintf(stderr, "no seccomp filter: %s\n", strerror(errno));
  _exit(1);
}

int uname(struct utsname *name)
{
  int result = syscall(SYS_uname, name);
  if (result == 0) strcpy(name->release, "3.10.0-1160.el7.x86_64");
  return result;
}

/*
 * Once it has waited for /dev/random, OpenSSL leaves a segment of shared memory
 * behind, which tells every later process until the next boot not to wait. None
 * is made, and none is found.
 */
int shmget(key_t key, size_t size, int flags)
{
  (void) key, (void) size, (void) flags;
  errno = ENOSYS;
  return -1;
}
