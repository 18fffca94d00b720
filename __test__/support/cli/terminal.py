"""Runs a command on a pseudo terminal: stdin is what is typed, stdout what the
screen gets. When the command has ended, the last line of stderr is its exit
code and whether the terminal echoes and edits lines again."""
import fcntl
import os
import select
import sys
import termios

keyboard, terminal = os.openpty()
pid = os.fork()
if pid == 0:
    os.setsid()
    fcntl.ioctl(terminal, termios.TIOCSCTTY, 0)
    for fd in (0, 1, 2):
        os.dup2(terminal, fd)
    os.closerange(3, 100)
    os.execvp(sys.argv[1], sys.argv[1:])

ended = None
sources = [keyboard, 0]
while True:
    readable, _, _ = select.select(sources, [], [], 0.05 if ended is None else 0)
    if keyboard in readable:
        os.write(1, os.read(keyboard, 65536))
    if 0 in readable:
        typed = os.read(0, 65536)
        if typed:
            os.write(keyboard, typed)
        else:
            sources.remove(0)
    if ended is not None and keyboard not in readable:
        break
    if ended is None:
        done, status = os.waitpid(pid, os.WNOHANG)
        if done:
            ended = os.waitstatus_to_exitcode(status)

flags = termios.tcgetattr(terminal)[3]
normal = bool(flags & termios.ECHO) and bool(flags & termios.ICANON)
sys.stderr.write("%d %s\n" % (ended, "normal" if normal else "raw"))
