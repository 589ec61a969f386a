# A crawler: three workers share a queue of paths and a set of those seen. The web site is a small HTTP server beside it.
import asyncio
import re

SITE = {
    "/": '<h1>Home</h1> <a href="/plants">plants</a> <a href="/animals">animals</a>',
    "/plants": '<h1>Plants</h1> <a href="/plants/oak">oak</a> <a href="/plants/fern">fern</a> <a href="/">home</a>',
    "/plants/oak": '<h1>Oak</h1> home of the <a href="/animals/jay">jay</a>',
    "/plants/fern": "<h1>Fern</h1>",
    "/animals": '<h1>Animals</h1> <a href="/animals/jay">jay</a> <a href="/animals/dodo">dodo</a>',
    "/animals/jay": '<h1>Jay</h1> <a href="/plants/oak">acorns</a> <a href="mailto:jay@example.org">write</a>',
}
TITLE = re.compile(r"<h1>(.*?)</h1>")
LINK = re.compile(r'href="(/[^"]*)"')


async def answer(reader, writer):
    """One request for each connection, as HTTP/1.1 with `Connection: close`."""
    request = (await reader.readline()).decode("ascii").split()
    while (await reader.readline()).strip():
        pass                                # headers end at an empty line
    method, path, _ = request
    body = SITE.get(path) if method == "GET" else None
    status = "200 OK" if body else "404 Not Found"
    data = (body or "no such page").encode()
    head = f"HTTP/1.1 {status}\r\nContent-Length: {len(data)}\r\nConnection: close\r\n\r\n"
    writer.write(head.encode("ascii") + data)
    await writer.drain()
    writer.close()


async def fetch(port, path):
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode("ascii"))
    head = (await reader.readuntil(b"\r\n\r\n")).decode("ascii").split("\r\n")
    status = int(head[0].split()[1])
    headers = dict(line.split(": ", 1) for line in head[1:] if line)
    body = await reader.readexactly(int(headers["Content-Length"]))
    writer.close()
    await writer.wait_closed()
    return status, body.decode()


class Crawler:
    def __init__(self, port):
        self.port = port
        self.queue = asyncio.Queue()
        self.seen = set()
        self.pages = {}

    def visit(self, path):
        if path not in self.seen:
            self.seen.add(path)
            self.queue.put_nowait(path)

    async def work(self):
        while True:
            path = await self.queue.get()
            status, body = await fetch(self.port, path)
            links = LINK.findall(body)
            title = TITLE.search(body)
            self.pages[path] = (status, title.group(1) if title else None, links)
            for link in links:
                self.visit(link)
            self.queue.task_done()

    async def crawl(self, start):
        self.visit(start)
        async with asyncio.TaskGroup() as group:
            workers = [group.create_task(self.work()) for _ in range(3)]
            await self.queue.join()
            for worker in workers:
                worker.cancel()


async def main():
    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        crawler = Crawler(server.sockets[0].getsockname()[1])
        await crawler.crawl("/")
    for path, (status, title, links) in sorted(crawler.pages.items()):
        print(f"{status} {path:14} {title or '-':8} {len(links)} links")
    dead = [path for path, (status, *_) in crawler.pages.items() if status == 404]
    print("dead links:", dead)


asyncio.run(main())
