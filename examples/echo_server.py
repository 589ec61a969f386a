# A TCP echo server and three clients that talk to it at the same time, in one script.
import asyncio


async def serve(reader, writer):
    while line := await reader.readline():
        writer.write(line)
        await writer.drain()
    writer.close()
    await writer.wait_closed()


async def client(name, port, lines):
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    heard = []
    for line in lines:
        writer.write(f"{name}: {line}\n".encode())
        await writer.drain()
        heard.append((await reader.readline()).decode().rstrip())
    writer.write_eof()
    rest = await reader.read()
    writer.close()
    await writer.wait_closed()
    return heard, rest


async def main():
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server:
        results = await asyncio.gather(
            client("ann", port, ["hello", "is anybody there?"]),
            client("bob", port, ["x" * 20]),
            client("cyd", port, []),
        )
    for heard, rest in results:
        print(heard, rest)
    print("still serving:", server.is_serving())


asyncio.run(main())
