# A chat server over streams with a few clients: rooms, private messages, leaving.
import asyncio, contextlib
class Room:
    def __init__(self): self.members = {}
    async def broadcast(self, text, skip=None):
        for name, w in list(self.members.items()):
            if name != skip:
                w.write((text + "\n").encode())
                with contextlib.suppress(ConnectionError): await w.drain()
room = Room()
async def serve(r, w):
    w.write(b"name?\n")
    name = (await r.readline()).decode().strip()
    if not name or name in room.members:
        w.write(b"taken\n"); w.close(); return
    await room.broadcast(f"* {name} joined")
    room.members[name] = w
    w.write(b"welcome\n")
    try:
        async for line in r:
            text = line.decode().rstrip()
            if text == "/quit": break
            elif text == "/who": w.write((", ".join(sorted(room.members)) + "\n").encode())
            elif text.startswith("/msg "):
                _, to, rest = text.split(maxsplit=2)
                room.members[to].write(f"[{name}] {rest}\n".encode())
            else: await room.broadcast(f"{name}: {text}", skip=name)
    finally:
        del room.members[name]
        await room.broadcast(f"* {name} left")
        w.close()
async def connect(port, name):
    r, w = await asyncio.open_connection("127.0.0.1", port)
    assert await r.readline() == b"name?\n"
    w.write(name.encode() + b"\n")
    return r, w, await r.readline()
async def main():
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    ar, aw, hello = await connect(port, "ann"); print(hello)
    br, bw, hello = await connect(port, "bob"); print(hello, await ar.readline())
    cr, cw, hello = await connect(port, "bob"); print(hello, await cr.read()); cw.close()
    aw.write("héllo\n".encode()); print((await br.readline()).decode())
    bw.write(b"/who\n/msg ann psst you\n"); print(await br.readline(), await ar.readline())
    bw.write(b"/quit\n"); print(await br.read(), await ar.readline())
    bw.close(); aw.close()
    await aw.wait_closed()
    server.close(); await server.wait_closed()
    print(server.is_serving(), server.sockets)
    print(len(asyncio.all_tasks()) <= 2)
asyncio.run(main())
