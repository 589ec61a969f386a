# TCP echo through the loopback interface: server and CLIENTS clients in one loop, 64 bytes there and back.
# usage: echo.py [CLIENTS [MESSAGES]]
import asyncio
import sys
import time

MESSAGE = b"x" * 64


async def serve(reader, writer):
    while data := await reader.read(4096):
        writer.write(data)
        await writer.drain()
    writer.close()


async def client(port, messages):
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for _ in range(messages):
        writer.write(MESSAGE)
        await reader.readexactly(len(MESSAGE))
    writer.close()
    await writer.wait_closed()


async def main(clients, messages):
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    await client(port, 100)
    start = time.perf_counter()
    await asyncio.gather(*[client(port, messages) for _ in range(clients)])
    took = time.perf_counter() - start
    print(f"echo/{clients} {took / (clients * messages) * 1e6:.2f} us")
    server.close()
    await server.wait_closed()


clients = int(sys.argv[1]) if len(sys.argv) > 1 else 50
messages = int(sys.argv[2]) if len(sys.argv) > 2 else max(1, 10_000 // clients)
asyncio.run(main(clients, messages))
