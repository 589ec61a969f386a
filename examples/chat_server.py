# A chat room over TCP: nicknames, messages to everybody else, and a note when somebody leaves.
import asyncio


class Room:
    def __init__(self):
        self.members = {}

    def tell(self, text, but=None):
        for name, writer in self.members.items():
            if name != but:
                writer.write(text.encode() + b"\n")

    async def ask_name(self, reader, writer):
        while True:
            writer.write(b"your name?\n")
            line = await reader.readline()
            if not line:
                return None
            name = line.decode().strip()
            if name.isalpha() and name not in self.members:
                return name
            writer.write(b"taken or odd, try another\n")

    async def __call__(self, reader, writer):
        name = await self.ask_name(reader, writer)
        try:
            if name is None:
                return
            self.members[name] = writer
            writer.write(f"here: {', '.join(sorted(self.members))}\n".encode())
            self.tell(f"* {name} joined", but=name)
            async for line in reader:
                text = line.decode().strip()
                if text == "/quit":
                    break
                if text == "/who":
                    writer.write(f"here: {', '.join(sorted(self.members))}\n".encode())
                elif text:
                    self.tell(f"<{name}> {text}", but=name)
        finally:
            if self.members.pop(name, None):
                self.tell(f"* {name} left")
            writer.close()


class Client:
    """Prints every line it hears; `expect` waits for the next one, which puts the script's events in order."""

    def __init__(self, label):
        self.label = label

    async def connect(self, port, name):
        self.reader, self.writer = await asyncio.open_connection("127.0.0.1", port)
        await self.expect()
        self.say(name)
        await self.expect()

    def say(self, text):
        self.writer.write(text.encode() + b"\n")

    async def expect(self, lines=1):
        for _ in range(lines):
            line = await self.reader.readline()
            print(f"{self.label:>4} hears | {line.decode().rstrip() or 'end of file'}")

    async def leave(self):
        self.say("/quit")
        await self.expect()
        self.writer.close()
        await self.writer.wait_closed()


async def main():
    room = Room()
    server = await asyncio.start_server(room, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    ann, bob, cyd = Client("ann"), Client("bob"), Client("cyd")
    async with server:
        await ann.connect(port, "ann")
        await bob.connect(port, "bob")
        await ann.expect()
        await cyd.connect(port, "bob")      # taken
        await cyd.expect()
        cyd.say("cyd")
        await cyd.expect()
        await ann.expect()
        await bob.expect()

        ann.say("good evening")
        await bob.expect()
        await cyd.expect()
        bob.say("hi ann")
        await ann.expect()
        await cyd.expect()
        await cyd.leave()
        await ann.expect()
        await bob.expect()
        bob.writer.close()                  # without a word
        await ann.expect()
        ann.say("/who")
        await ann.expect()
        await ann.leave()
    print("left in the room:", list(room.members))


asyncio.run(main())
