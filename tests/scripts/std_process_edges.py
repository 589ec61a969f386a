# What stands at the edges of the process: words that are not UTF-8, closed descriptors, output that is lost.
import os
import subprocess
import sys
import tempfile

python = sys.executable


def run(words, redirect="", stdin=None):
    command = [b"sh", b"-c", b'exec "$@" ' + redirect.encode(), b"sh", os.fsencode(python), *words]
    env = {k: v for k, v in os.environ.items() if not k.startswith("PYTHON")}
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=env)
    print(done.returncode, ascii(done.stdout.decode()), ascii(done.stderr.decode()))


run([b"-c", b"import sys; print(ascii(sys.argv[1:]), ascii(sys.orig_argv[-1:]))", b"a\xff", b"\xc3\xa9"])

with tempfile.TemporaryDirectory() as folder:
    os.chdir(folder)
    with open(b"s\xff.py", "w") as f:
        f.write("import sys\nimport os\nprint(ascii(os.path.basename(__file__)), ascii(sys.argv))\n")
    run([b"s\xff.py", b"x"])
    print(os.listdir(b"."), ascii(os.listdir()), os.fsencode(os.listdir()[0]))
    for path in None, ".", "./", b".", b"./":
        found = [e.path for e in os.scandir(path)]
        print(path, ascii(found))
    print(list(os.walk(b".")), os.getcwdb() == os.fsencode(os.getcwd()))
    os.symlink(b"s\xff.py", b"link")
    print(os.readlink(b"link"), ascii(os.readlink("link")))
    for f in os.listdir, os.scandir, os.stat, os.readlink, os.rmdir:
        try:
            f(b"missing")
        except OSError as e:
            print(f.__name__, repr(e.filename))
    os.chdir("/")

run([b"-c", b"print(1)"], ">/dev/full")
run([b"-c", b"import sys; print(1); sys.exit(3)"], ">/dev/full")

closed = b"""
import sys
sys.__stderr__.write(repr([s is None for s in (sys.stdin, sys.stdout, sys.stderr)]) + "\\n")
print(1)
try:
    input()
except Exception as e:
    sys.stderr.write(repr(e) + "\\n")
"""
run([b"-c", closed], "<&-")
run([b"-c", closed], ">&- </dev/null")
run([b"-c", closed], "<&- >&-")
run([b"-c", b"import sys; print(sys.stderr)"], "2>&-")
