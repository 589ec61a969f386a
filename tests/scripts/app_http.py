# An HTTP client and server by hand: keep-alive, chunks, many connections at once, a cut request, a timeout.
import asyncio, json
from dataclasses import dataclass, field, asdict
from urllib.parse import urlsplit, parse_qs, urlencode

@dataclass
class Response:
    status: int
    headers: dict
    body: bytes = b""
    def json(self): return json.loads(self.body)

async def handler(reader, writer):
    try:
        while True:
            line = await reader.readline()
            if not line: break
            method, target, version = line.decode().split()
            headers = {}
            while (h := (await reader.readline()).rstrip(b"\r\n")):
                k, _, v = h.decode("latin-1").partition(":")
                headers[k.strip().lower()] = v.strip()
            body = await reader.readexactly(int(headers.get("content-length", 0)))
            parts = urlsplit(target)
            out = json.dumps({"m": method, "p": parts.path, "q": parse_qs(parts.query), "b": body.decode()}).encode()
            if parts.path == "/chunked":
                writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
                for i in range(0, len(out), 10):
                    c = out[i:i+10]
                    writer.write(f"{len(c):x}\r\n".encode() + c + b"\r\n")
                    await writer.drain()
                writer.write(b"0\r\n\r\n")
            elif parts.path == "/missing":
                writer.write(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")
            else:
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(out) + out)
            await writer.drain()
            if headers.get("connection") == "close": break
    except (asyncio.IncompleteReadError, ConnectionResetError) as e:
        print("server:", type(e).__name__)
    finally:
        writer.close()
        await writer.wait_closed()

class Client:
    def __init__(self, host, port): self.host, self.port = host, port
    async def __aenter__(self):
        self.r, self.w = await asyncio.open_connection(self.host, self.port)
        return self
    async def __aexit__(self, *exc):
        self.w.close()
        await self.w.wait_closed()
    async def request(self, method, path, body=b"", **params):
        if params: path += "?" + urlencode(params, doseq=True)
        self.w.write(f"{method} {path} HTTP/1.1\r\nHost: {self.host}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body)
        await self.w.drain()
        status = int((await self.r.readuntil(b"\r\n")).split()[1])
        headers = {}
        while (line := await self.r.readuntil(b"\r\n")) != b"\r\n":
            k, v = line.decode().split(":", 1)
            headers[k.lower()] = v.strip()
        if headers.get("transfer-encoding") == "chunked":
            chunks = []
            while size := int(await self.r.readline(), 16):
                chunks.append(await self.r.readexactly(size)); await self.r.readexactly(2)
            await self.r.readline()
            body = b"".join(chunks)
        else:
            body = await self.r.readexactly(int(headers.get("content-length", 0)))
        return Response(status, headers, body)

async def main():
    server = await asyncio.start_server(handler, "127.0.0.1", 0)
    host, port = server.sockets[0].getsockname()
    async with server:
        async with Client(host, port) as c:
            for m, p, b, q in [("GET", "/a", b"", dict(x=1, y=["p", "q"])), ("POST", "/b", "größe".encode(), {}), ("GET", "/chunked", b"", {}), ("GET", "/missing", b"", {})]:
                r = await c.request(m, p, b, **q)
                print(r.status, r.headers, r.body and r.json())
        async def one(i):
            async with Client(host, port) as c:
                return (await c.request("GET", f"/n/{i}")).json()["p"]
        print(await asyncio.gather(*(one(i) for i in range(20))))
        r, w = await asyncio.open_connection(host, port)
        w.write(b"POST /x HTTP/1.1\r\nContent-Length: 100\r\n\r\nshort")
        w.write_eof()
        print(await r.read())
        w.close()
        r2, w2 = await asyncio.open_connection(host, port)
        try:
            async with asyncio.timeout(0.05):
                await r2.readline()
        except TimeoutError as e: print("timeout", repr(e))
        w2.close()
    print(asdict(Response(1, {})))
asyncio.run(main())
