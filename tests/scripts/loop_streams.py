# Streams: the read methods, limits, end of file, write_eof, several writes, peer names, server life cycle, refused.
import asyncio


async def handle(reader, writer):
    peer, own = writer.get_extra_info("peername"), writer.get_extra_info("sockname")
    writer.write(f"{peer[0]} {own[0]}\n".encode())
    writer.writelines([b"abc", b"def", b"\n"])
    writer.write(b"exactly10!" + b"until;" + b"rest" * 10)
    await writer.drain()
    data = await reader.read()
    writer.write(f" got {len(data)}".encode())
    writer.close()
    await writer.wait_closed()


async def main():
    server = await asyncio.start_server(handle, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    print(server.is_serving(), len(server.sockets))
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    print(await reader.readline(), await reader.readline())
    print(await reader.readexactly(10), await reader.readuntil(b";"), await reader.read(4))
    print(writer.can_write_eof(), writer.is_closing(), reader.at_eof())
    writer.write(b"x" * 300_000)
    await writer.drain()
    writer.write_eof()
    print((await reader.read()).decode(), reader.at_eof(), await reader.read(), await reader.readline())
    try:
        await reader.readexactly(3)
    except asyncio.IncompleteReadError as error:
        print(error, error.partial, error.expected)
    writer.close()
    await writer.wait_closed()
    print(writer.is_closing())
    server.close()
    await server.wait_closed()
    print(server.is_serving())
    try:
        await asyncio.open_connection("127.0.0.1", port)
    except ConnectionRefusedError as error:
        print(type(error).__name__, isinstance(error, OSError))

    async def long_lines(reader, writer):
        writer.write(b"y" * 100 + b"\n" + b"short\n")
        writer.close()
    server = await asyncio.start_server(long_lines, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=20)
    try:
        await reader.readline()
    except ValueError as error:
        print(type(error).__name__)
    writer.close()
    server.close()

    fed = asyncio.StreamReader()
    fed.feed_data(b"one\ntwo\nthr")
    lines = asyncio.create_task(collect(fed))
    await asyncio.sleep(0)
    fed.feed_data(b"ee\nlast without newline")
    fed.feed_eof()
    print(await lines)
    broken = asyncio.StreamReader()
    broken.set_exception(ValueError("broken"))
    try:
        await broken.read()
    except ValueError as error:
        print(error)


async def collect(reader):
    return [line async for line in reader]


asyncio.run(main())
