# Transports and protocols, raw sockets on the loop, add_reader and add_writer, level-triggered reading.
import asyncio
import socket


class Upper(asyncio.Protocol):
    def connection_made(self, transport):
        self.transport = transport

    def data_received(self, data):
        self.transport.write(data.upper())

    def eof_received(self):
        self.transport.write(b"<eof>")

    def connection_lost(self, error):
        lost.set_result(error)


class Client(asyncio.Protocol):
    def __init__(self):
        self.received = bytearray()
        self.done = asyncio.get_running_loop().create_future()

    def connection_made(self, transport):
        transport.write(b"hello ")
        transport.write(b"there")
        transport.write_eof()

    def data_received(self, data):
        self.received += data

    def connection_lost(self, error):
        self.done.set_result(bytes(self.received))


async def main():
    global lost
    loop = asyncio.get_running_loop()
    lost = loop.create_future()
    server = await loop.create_server(Upper, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    transport, protocol = await loop.create_connection(Client, "127.0.0.1", port)
    print(await protocol.done, await lost, transport.is_closing())
    server.close()

    a, b = socket.socketpair()
    a.setblocking(False)
    b.setblocking(False)
    got, finished = [], loop.create_future()

    def readable():
        byte = a.recv(1)            # one at a time: the loop must call again for the rest
        got.append(byte)
        if byte == b"!":
            loop.remove_reader(a)
            finished.set_result(b"".join(got))
    loop.add_reader(a, readable)
    b.send(b"level!")
    print(await finished, loop.remove_reader(a))
    writable = loop.create_future()

    def can_write():
        if not writable.done():
            writable.set_result("writable")
            loop.remove_writer(b)
    loop.add_writer(b.fileno(), can_write)
    print(await writable, loop.remove_writer(b))
    loop.add_reader(a, print, "replaced")
    again = loop.create_future()
    loop.add_reader(a, lambda: again.done() or again.set_result(a.recv(10)))
    b.send(b"second")
    print(await again)
    loop.remove_reader(a)
    await loop.sock_sendall(a, b"by the loop")
    print(await loop.sock_recv(b, 100))
    pending = asyncio.create_task(loop.sock_recv(a, 10))
    await asyncio.sleep(0)
    b.send(b"later")
    print(await pending)
    b.close()
    print(await loop.sock_recv(a, 10))
    a.close()

    listener = socket.create_server(("127.0.0.1", 0))
    listener.setblocking(False)
    client = socket.socket()
    client.setblocking(False)
    accepting = asyncio.create_task(loop.sock_accept(listener))
    await loop.sock_connect(client, listener.getsockname())
    connection, address = await accepting
    print(address == client.getsockname())
    sender = asyncio.create_task(loop.sock_sendall(connection, b"x" * 500_000))
    size = 0
    while size < 500_000:
        size += len(await loop.sock_recv(client, 65536))
    await sender
    print(size)
    for each in (listener, client, connection):
        each.close()


asyncio.run(main())
