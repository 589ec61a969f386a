"""pwd, grp, termios, fcntl: what can be told anywhere, without a terminal."""
import fcntl
import grp
import os
import pwd
import tempfile
import termios
import tty

root = pwd.getpwuid(0)
print(root.pw_name, root.pw_uid, root.pw_gid, root.pw_dir, len(root), root[0])
print(pwd.getpwnam("root") == root, root in pwd.getpwall(), type(root))
print(pwd.getpwuid(os.getuid()).pw_uid == os.getuid())
group = grp.getgrgid(0)
print(group.gr_name, group.gr_gid, type(group.gr_mem), grp.getgrnam("root") == group, group in grp.getgrall(), type(group))
for make in (
    lambda: pwd.getpwnam("no such user"),
    lambda: pwd.getpwuid(3999999999),
    lambda: grp.getgrnam("no such group"),
    lambda: grp.getgrgid(3999999999),
):
    try:
        print(make())
    except (KeyError, TypeError) as e:
        print(type(e).__name__, e)
print(os.path.expanduser("~root") == root.pw_dir)

print("== termios")
print(termios.TCSADRAIN, termios.ECHO, termios.ICANON, termios.VMIN, termios.B9600, termios.NCCS)
print(issubclass(termios.error, OSError), termios.error.__mro__[1:])
r, w = os.pipe()
for make in (
    lambda: termios.tcgetattr(r),
    lambda: termios.tcsetattr(r, termios.TCSANOW, []),
    lambda: termios.tcgetattr("x"),
    lambda: tty.setraw(r),
    lambda: os.get_terminal_size(r),
    lambda: fcntl.ioctl(r, termios.TIOCGWINSZ, b"\0" * 8),
):
    try:
        print(make())
    except (termios.error, OSError, TypeError) as e:
        print(type(e).__name__, e)

print("== fcntl")
print(fcntl.fcntl(r, fcntl.F_GETFD), os.get_inheritable(r))
print(fcntl.fcntl(r, fcntl.F_SETFD, 0), fcntl.fcntl(r, fcntl.F_GETFD), os.get_inheritable(r))
flags = fcntl.fcntl(r, fcntl.F_GETFL)
print(bool(flags & os.O_NONBLOCK), os.get_blocking(r))
fcntl.fcntl(r, fcntl.F_SETFL, flags | os.O_NONBLOCK)
print(os.get_blocking(r))
try:
    os.read(r, 1)
except BlockingIOError as e:
    print(e)
os.close(r)
os.close(w)
with tempfile.NamedTemporaryFile() as f, open(f.name) as other:
    fcntl.flock(f, fcntl.LOCK_EX)
    try:
        fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as e:
        print(e)
    fcntl.flock(f, fcntl.LOCK_UN)
    print(fcntl.flock(other.fileno(), fcntl.LOCK_SH | fcntl.LOCK_NB))
    print(fcntl.lockf(f, fcntl.LOCK_EX), fcntl.lockf(f, fcntl.LOCK_UN))
