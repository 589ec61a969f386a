"""Child processes by subprocess and os: pipes, status, signals, environment, folder, descriptors."""
import os
import signal
import subprocess
import sys
import tempfile

SH = "/bin/sh"


def sh(script, **options):
    return subprocess.run([SH, "-c", script], **options)


print("== status")
print(sh("exit 0").returncode, sh("exit 7").returncode)
print(sh("kill -TERM $$").returncode, sh("kill -KILL $$").returncode)
try:
    sh("exit 3", check=True)
except subprocess.CalledProcessError as e:
    print(e, e.returncode)
try:
    sh("kill -INT $$", check=True)
except subprocess.CalledProcessError as e:
    print(str(e).split("died")[1])

print("== pipes")
print(sh("echo out; echo err >&2", capture_output=True))
print(sh("echo out; echo err >&2", stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True).stdout)
print(sh("cat", input=b"abc\n" * 3, stdout=subprocess.PIPE).stdout)
print(len(sh("cat", input=b"x" * 1_000_000, stdout=subprocess.PIPE).stdout))
print(subprocess.check_output("echo one two | tr a-z A-Z", shell=True, text=True))
print(sh("cat", stdin=subprocess.DEVNULL, stdout=subprocess.PIPE).stdout)
p = subprocess.Popen([SH, "-c", "read line; echo got $line"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
print(p.communicate("hello\n"), p.returncode, p.poll())
p = subprocess.Popen([SH, "-c", "while read x; do echo $x$x; done"], stdin=-1, stdout=-1, bufsize=0)
for word in (b"a\n", b"b\n"):
    p.stdin.write(word)
    print(p.stdout.readline())
p.stdin.close()
print(p.stdout.read(), p.wait())
p.stdout.close()
first = subprocess.Popen([SH, "-c", "echo b; echo a"], stdout=subprocess.PIPE)
second = subprocess.Popen([SH, "-c", "sort"], stdin=first.stdout, stdout=subprocess.PIPE)
first.stdout.close()
print(second.communicate()[0], first.wait())

print("== files")
with tempfile.TemporaryDirectory() as folder:
    path = os.path.join(folder, "f")
    with open(path, "wb") as f:
        sh("echo to a file", stdout=f)
    print(open(path).read())
    with open(path) as f:
        print(sh("cat", stdin=f, capture_output=True).stdout)
    print(sh("pwd", cwd=folder, capture_output=True, text=True).stdout.strip() == os.path.realpath(folder))

print("== environment")
print(sh("echo $A-$HOME", env={"A": "1"}, capture_output=True).stdout)
os.environ["LASTI_TEST"] = "set"
print(sh("echo $LASTI_TEST", capture_output=True).stdout)
del os.environ["LASTI_TEST"]
print(sh("echo $LASTI_TEST", capture_output=True).stdout)

print("== errors")
for make in (
    lambda: subprocess.run(["/no/such/program"]),
    lambda: subprocess.run(["no-such-program-anywhere"]),
    lambda: subprocess.run([SH, "-c", ":"], cwd="/no/such/folder"),
    lambda: subprocess.run(["/etc/passwd"]),
    lambda: subprocess.run(["/etc/passwd/x"]),
    lambda: subprocess.run([SH, "-c", "a\0b"]),
    lambda: subprocess.run([SH], env={"a=b": "c"}),
):
    try:
        print(make())
    except (OSError, ValueError) as e:
        print(type(e).__name__, e)

print("== timeouts and signals")
try:
    subprocess.run([SH, "-c", "sleep 10"], timeout=0.1)
except subprocess.TimeoutExpired as e:
    print(str(e).split(" after ")[0])
p = subprocess.Popen([SH, "-c", "sleep 10"])
print(p.poll())
try:
    p.wait(0.05)
except subprocess.TimeoutExpired as e:
    print("still there")
p.terminate()
print(p.wait())
p = subprocess.Popen(["sleep", "10"])
p.kill()
print(p.wait(), p.poll())
p.kill()
p = subprocess.Popen(["sleep", "10"])
os.kill(p.pid, signal.SIGUSR1)
print(p.wait())
try:
    os.kill(p.pid, 0)
except ProcessLookupError as e:
    print(e)

print("== descriptors")
r, w = os.pipe()
print(os.get_inheritable(r))
print(sh(f"echo through >&{w}", pass_fds=[w]).returncode, os.read(r, 100))
print(sh(f"echo lost >&{w}", stderr=subprocess.DEVNULL).returncode != 0)
os.set_inheritable(w, True)
print(os.get_inheritable(w))
print(sh(f"echo lost >&{w}", stderr=subprocess.DEVNULL).returncode != 0)
print(sh(f"echo kept >&{w}", close_fds=False).returncode, os.read(r, 100))
os.close(r)
os.close(w)

print("== sessions")
p = subprocess.Popen(["sleep", "10"], start_new_session=True)
print(os.getsid(p.pid) == p.pid, os.getpgid(p.pid) == p.pid)
os.killpg(p.pid, signal.SIGTERM)
print(p.wait())
p = subprocess.Popen(["sleep", "10"], process_group=0)
print(os.getsid(p.pid) == p.pid, os.getpgid(p.pid) == p.pid, os.getpgid(0) == os.getpgrp())
p.kill()
print(p.wait())
print(sh("umask", umask=0o077, capture_output=True).stdout)

print("== os")
print(os.system("exit 3"), os.waitstatus_to_exitcode(os.system("exit 3")))
with os.popen("echo hi; echo there") as f:
    print(f.read())
f = os.popen("exit 4")
print(f.close())
with os.popen("cat >/dev/null", "w") as f:
    print(f.write("text"))
p = subprocess.Popen([SH, "-c", "exit 5"])
pid, status = os.waitpid(p.pid, 0)
print(pid == p.pid, status, os.WIFEXITED(status), os.WEXITSTATUS(status), os.waitstatus_to_exitcode(status))
try:
    os.waitpid(p.pid, 0)
except ChildProcessError as e:
    print(e)
p = subprocess.Popen([SH, "-c", "kill -9 $$"])
pid, status = os.wait()
print(pid == p.pid, os.WIFSIGNALED(status), os.WTERMSIG(status), os.waitstatus_to_exitcode(status))
p = subprocess.Popen(["sleep", "0.2"])
print(os.waitpid(p.pid, os.WNOHANG), os.waitpid(-1, 0) == (p.pid, 0))

print("== the interpreter")
code = "import sys, os; print(sys.argv[1:], sys.stdin.read()); sys.exit(9)"
done = subprocess.run([sys.executable, "-c", code, "a b", "ü"], input="text", capture_output=True, text=True)
print(done.returncode, done.stdout, done.stderr)
code = "import os; os.execv('/bin/sh', ['sh', '-c', 'echo replaced'])"
print(subprocess.run([sys.executable, "-c", code], capture_output=True).stdout)
code = "import os; os.execve('/bin/sh', ['sh', '-c', 'echo $V'], {'V': 'w'})"
print(subprocess.run([sys.executable, "-c", code], capture_output=True).stdout)
print(subprocess.getstatusoutput("echo x; exit 2"), subprocess.getoutput("echo y"))
print(repr(p), subprocess.list2cmdline(["a b", "c"]))
