"""Child processes in asyncio: streams, waiting, timeouts, signals, many at once."""
import asyncio
import signal
import sys
from asyncio.subprocess import DEVNULL, PIPE, STDOUT

SH = "/bin/sh"


class Watch(asyncio.SubprocessProtocol):
    def __init__(self):
        self.events = []
        self.done = asyncio.get_running_loop().create_future()

    def connection_made(self, transport):
        self.events.append("made")

    def pipe_data_received(self, fd, data):
        self.events.append((fd, data))

    def pipe_connection_lost(self, fd, exc):
        self.events.append(("lost", fd))

    def process_exited(self):
        self.events.append("exited")

    def connection_lost(self, exc):
        self.done.set_result(exc)


async def main():
    p = await asyncio.create_subprocess_exec(SH, "-c", "echo out; echo err >&2; exit 3", stdout=PIPE, stderr=PIPE)
    print(await p.communicate(), p.returncode)
    p = await asyncio.create_subprocess_shell("cat; exit 2", stdin=PIPE, stdout=PIPE)
    print(await p.communicate(b"through"), p.returncode)
    p = await asyncio.create_subprocess_shell("echo a; echo b >&2", stdout=PIPE, stderr=STDOUT)
    print((await p.communicate())[0])

    print("== streams")
    p = await asyncio.create_subprocess_exec(SH, "-c", "while read x; do echo \"<$x>\"; done; echo end", stdin=PIPE, stdout=PIPE)
    for word in (b"one", b"two"):
        p.stdin.write(word + b"\n")
        await p.stdin.drain()
        print(await p.stdout.readline())
    p.stdin.close()
    await p.stdin.wait_closed()
    print(await p.stdout.read(), await p.wait())
    p = await asyncio.create_subprocess_exec("cat", stdin=PIPE, stdout=PIPE)
    out, _ = await p.communicate(b"x" * 500_000)
    print(len(out))
    p = await asyncio.create_subprocess_exec(SH, "-c", "for i in 1 2 3; do echo $i; done", stdout=PIPE)
    print([line async for line in p.stdout], await p.wait(), p.returncode)

    print("== signals and timeouts")
    p = await asyncio.create_subprocess_exec("sleep", "10")
    print(p.returncode)
    p.terminate()
    print(await p.wait())
    p = await asyncio.create_subprocess_exec("sleep", "10")
    p.kill()
    print(await p.wait(), await p.wait())
    p = await asyncio.create_subprocess_exec("sleep", "10", stdout=DEVNULL)
    p.send_signal(signal.SIGUSR2)
    print(await p.wait())
    p = await asyncio.create_subprocess_exec("sleep", "10")
    try:
        await asyncio.wait_for(p.wait(), 0.05)
    except TimeoutError:
        print("late")
    try:
        async with asyncio.timeout(0.05):
            await p.communicate()
    except TimeoutError:
        print("late again")
    p.kill()
    print(await p.wait())
    try:
        p.kill()
    except ProcessLookupError:
        print("gone")

    print("== many")
    async def one(n):
        p = await asyncio.create_subprocess_exec(SH, "-c", f"exit {n}")
        return await p.wait()

    print(await asyncio.gather(*(one(n) for n in range(12))))
    ended = await asyncio.gather(*(asyncio.create_subprocess_shell("sleep 0.05; echo $$", stdout=PIPE) for _ in range(4)))
    texts = [(await p.communicate())[0] for p in ended]
    print([int(t) == p.pid for t, p in zip(texts, ended)])

    print("== errors")
    for name in ("/no/such/program", "no-such-program-anywhere"):
        try:
            await asyncio.create_subprocess_exec(name)
        except FileNotFoundError as e:
            print(e)
    p = await asyncio.create_subprocess_exec(SH, "-c", "exec 0<&-; sleep 0.1", stdin=PIPE)
    try:
        while True:
            p.stdin.write(b"x" * 100_000)
            await p.stdin.drain()
    except (BrokenPipeError, ConnectionResetError) as e:
        print("broken")
    print(await p.wait())

    print("== protocol")
    loop = asyncio.get_running_loop()
    transport, watch = await loop.subprocess_exec(Watch, SH, "-c", "read x; echo hi", stderr=None)
    print(transport.get_pid() > 0, transport.get_returncode())
    # It cannot end before it is told to.
    transport.get_pipe_transport(0).write(b"go\n")
    print(await watch.done, transport.get_returncode(), sorted(map(str, watch.events)))
    transport.close()

    print("== the interpreter")
    code = "import asyncio; asyncio.run(asyncio.sleep(0.01)); print('child done')"
    p = await asyncio.create_subprocess_exec(sys.executable, "-c", code, stdout=PIPE)
    print(await p.communicate(), p.returncode)


asyncio.run(main())
