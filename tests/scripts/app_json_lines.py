# Dataclasses as JSON lines over a Unix socket; datagrams, pipes, plain sockets on the loop, argparse.
import asyncio, json, dataclasses, enum, datetime, uuid, argparse, sys, tempfile, os, pathlib
class Kind(enum.StrEnum): ADD = enum.auto(); DEL = enum.auto()
@dataclasses.dataclass(slots=True, order=True, frozen=True)
class Event:
    id: int; kind: Kind; tags: tuple[str, ...] = (); at: datetime.datetime = dataclasses.field(default=datetime.datetime(2024, 1, 2, 3, 4, 5, tzinfo=datetime.timezone.utc), compare=False)
    @classmethod
    def parse(cls, d): return cls(d["id"], Kind(d["kind"]), tuple(d["tags"]), datetime.datetime.fromisoformat(d["at"]))
def enc(o):
    if isinstance(o, datetime.datetime): return o.isoformat()
    raise TypeError(f"cannot encode {type(o).__name__}")
async def produce(w, n):
    for i in range(n):
        w.write((json.dumps(dataclasses.asdict(Event(i, Kind.ADD if i % 2 else Kind.DEL, (f"t{i}", "ü"))), default=enc, ensure_ascii=bool(i % 2)) + "\n").encode())
        await w.drain()
    w.write(b"{bad json}\n"); w.close()
async def main(args):
    got = asyncio.get_running_loop().create_future(); evs = []
    async def on(r, w):
        async for line in r:
            try: evs.append(Event.parse(json.loads(line)))
            except json.JSONDecodeError as e: print("bad:", e)
        w.close(); got.set_result(None)
    path = os.path.join(tempfile.mkdtemp(), "s.sock")
    srv = await asyncio.start_unix_server(on, path)
    r, w = await asyncio.open_unix_connection(path)
    await produce(w, args.count); await got
    print(*evs, sep="\n"); print(max(evs), sorted({e.kind for e in evs}))
    try: evs[0].id = 3
    except dataclasses.FrozenInstanceError as e: print(e)
    srv.close(); await srv.wait_closed()
    print(srv, os.path.exists(path))
    class Echo(asyncio.DatagramProtocol):
        def connection_made(self, t): self.t = t
        def datagram_received(self, d, a): self.t.sendto(d[::-1], a)
    class Cli(asyncio.DatagramProtocol):
        def __init__(self): self.f = asyncio.get_running_loop().create_future()
        def connection_made(self, t): t.sendto(b"abc"); 
        def datagram_received(self, d, a): self.f.set_result(d)
        def connection_lost(self, e): print("lost", e)
    loop = asyncio.get_running_loop()
    t, p = await loop.create_datagram_endpoint(Echo, local_addr=("127.0.0.1", 0))
    t2, p2 = await loop.create_datagram_endpoint(Cli, remote_addr=t.get_extra_info("sockname"))
    print(await p2.f); t2.close(); t.close(); await asyncio.sleep(0)
    rfd, wfd = os.pipe()
    rd = asyncio.StreamReader(); tr, _ = await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(rd), os.fdopen(rfd, "rb"))
    os.write(wfd, b"line1\nline2"); os.close(wfd)
    print(await rd.readline(), await rd.read()); tr.close()
    a, b = __import__("socket").socketpair(); a.setblocking(False); b.setblocking(False)
    await loop.sock_sendall(a, b"x" * 100000 if False else b"hello"); print(await loop.sock_recv(b, 10))
    ev = asyncio.Event(); loop.add_reader(b, lambda: (print(b.recv(5)), loop.remove_reader(b), ev.set())); a.send(b"w"); await ev.wait()
    a.close(); b.close()
    print(await loop.getaddrinfo("127.0.0.1", 80, type=1), await loop.getnameinfo(("127.0.0.1", 80), 3))
ap = argparse.ArgumentParser(prog="jsonl"); ap.add_argument("--count", "-n", type=int, default=3); ap.add_argument("-v", action="count", default=0)
sub = ap.add_subparsers(dest="cmd"); sp = sub.add_parser("run", help="runs"); sp.add_argument("names", nargs="*")
args = ap.parse_args(["-n", "4", "-vv", "run", "a", "b"]); print(args)
asyncio.run(main(args))
try: ap.parse_args(["--count", "x"])
except SystemExit as e: print(e.code)
