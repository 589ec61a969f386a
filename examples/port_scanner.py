# Scans ports of this machine, a few at a time, and reads the greeting of those that are open.
# The script opens the listeners itself, so it knows what must be found.
import asyncio
import socket


class Gate:
    """A semaphore that remembers how many were inside at once."""

    def __init__(self, limit):
        self.semaphore = asyncio.Semaphore(limit)
        self.inside = self.most = 0

    async def __aenter__(self):
        await self.semaphore.acquire()
        self.inside += 1
        self.most = max(self.most, self.inside)

    async def __aexit__(self, *error):
        self.inside -= 1
        self.semaphore.release()


async def probe(port, gate):
    async with gate:
        try:
            async with asyncio.timeout(5):
                reader, writer = await asyncio.open_connection("127.0.0.1", port)
                greeting = await reader.readline()
        except ConnectionRefusedError:
            return port, None
    writer.close()
    return port, greeting.decode().strip()


def greeter(text):
    async def greet(reader, writer):
        writer.write(text.encode() + b"\r\n")
        await writer.drain()
        writer.close()

    return greet


def silent_sockets(count):
    """Sockets that hold a port without listening on it: whoever connects is refused."""
    sockets = [socket.socket() for _ in range(count)]
    for each in sockets:
        each.bind(("127.0.0.1", 0))
    return sockets


async def main():
    services = ["220 mail ready", "SSH-2.0-toy", "+OK pop"]
    servers = [await asyncio.start_server(greeter(text), "127.0.0.1", 0) for text in services]
    ports = [server.sockets[0].getsockname()[1] for server in servers]
    expected = dict(zip(ports, services))
    silent = silent_sockets(9)
    ports += [each.getsockname()[1] for each in silent]

    gate = Gate(4)
    found = dict(await asyncio.gather(*(probe(port, gate) for port in ports)))
    print(len(found), "ports scanned, never more than", gate.most, "at once")
    is_open = {port: greeting for port, greeting in found.items() if greeting is not None}
    print("open:", sorted(is_open.values()))
    print("as expected:", is_open == expected)
    for server in servers:
        server.close()
        await server.wait_closed()
    for each in silent:
        each.close()


asyncio.run(main())
