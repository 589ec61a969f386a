# Files, buffers and text streams: newlines, positions, encodings, subclasses, errors.
import contextvars
import io
import os
import tempfile

folder = tempfile.mkdtemp()
path = os.path.join(folder, "file")


def show(what, *args):
    try:
        print(what(*args))
    except Exception as e:
        print(type(e).__name__, str(e).replace(path, "PATH").replace(folder, "FOLDER").replace("0xff", "0b11111111"))


with open(path, "w", encoding="utf-8", newline="") as f:
    f.write("one\ntwo\r\nthr\u00e9e\rfour")
for newline in None, "", "\n", "\r", "\r\n":
    with open(path, encoding="utf-8", newline=newline) as f:
        print(repr(newline), list(f), f.newlines)
with open(path, encoding="utf-8") as f:
    print(f.read(2), f.readline(), f.readline(1), end="|")
    place = f.tell()
    rest = f.read()
    f.seek(place)
    print(rest == f.read(), f.read(), f.seek(0), f.read(5))
with open(path, "r+b") as f:
    print(f.read(3), f.peek(1)[:1], f.tell(), f.seek(-4, 2), f.write(b"FOUR"), f.tell())
    f.seek(0)
    print(f.readlines(), f.truncate(3))
print(os.path.getsize(path))
for encoding in "utf-16", "utf-8-sig", "latin-1", "cp1252":
    with open(path, "w", encoding=encoding) as f:
        f.write("h\u00e9llo\nw\u00f6rld\n")
    with open(path, "a", encoding=encoding) as f:
        f.write("\u00e4\n")
    with open(path, encoding=encoding) as f:
        line, place = f.readline(), f.tell()
        print(encoding, ascii(line), ascii(f.read()), f.seek(place) == place, ascii(f.readline()))
with open(path, "wb") as f:
    f.write(b"a\xffb\n")
show(lambda: open(path, encoding="utf-8").read())
for errors in "replace", "ignore", "surrogateescape", "backslashreplace":
    with open(path, encoding="utf-8", errors=errors) as f:
        print(errors, ascii(f.read()))


class Raw(io.RawIOBase):
    def __init__(self, parts):
        self.parts = parts

    def readable(self):
        return True

    def readinto(self, buffer):
        part = self.parts.pop(0) if self.parts else b""
        buffer[: len(part)] = part
        return len(part)


print(io.BufferedReader(Raw([b"ab", b"c\nd", b"e"])).read(), Raw([b"x", b"y"]).readall(), list(Raw([b"a\nb"])))
print(io.TextIOWrapper(io.BufferedReader(Raw([b"\xc3", b"\xa9\r", b"\nb"])), encoding="utf-8").readlines())


class Upper(io.TextIOWrapper):
    def readline(self, *args):
        return super().readline(*args).upper()


print(list(Upper(io.BytesIO(b"x\ny\n"), encoding="ascii")))
b = io.BytesIO(b"abc\ndef")
with b.getbuffer() as view:
    view[0] = 65
    show(b.write, b"more than there is room for")
print(b.readline(), b.read1(), b.getvalue(), b.seek(20), b.write(b"!"), b.getvalue())
s = io.StringIO("a\u00e9\nb")
print(ascii(s.read(2)), s.tell(), s.seek(1), s.write("XY"), ascii(s.getvalue()), s.seek(0, 2), s.truncate(2))
for mode in "q", "rw", "rbt", "", "r+w":
    show(open, path, mode)
show(open, path, "rb", 1, "utf-8")
show(open, path, "r", 0)
show(open, os.path.join(folder, "none"))
show(open, folder)
show(open, -1)
f = open(path, "rb")
f.close()
show(f.read)
show(f.__enter__)
f = open(path, "w")
show(f.read)
show(f.write, b"x")
show(f.seek, 1, 1)
print(f.readable(), f.writable(), f.line_buffering, type(f.buffer).__name__)
f.detach().close()
show(f.read)
show(lambda: io.BytesIO().fileno())
pair = io.BufferedRWPair(io.BytesIO(b"in"), io.BytesIO())
print(pair.read(), pair.write(b"out"), pair.closed)
os.remove(path)
os.rmdir(folder)

# Variables of copied contexts are their own.
variables = [contextvars.ContextVar(f"v{i}") for i in range(100)]


def change():
    tokens = [v.set(i) for i, v in enumerate(variables)]
    inner = contextvars.copy_context()
    for v, t in list(zip(variables, tokens))[::2]:
        v.reset(t)
    outer = contextvars.copy_context()
    print(len(inner), len(outer), sum(inner.values()), sum(outer.values()), inner == outer, inner == inner.copy())


contextvars.Context().run(change)
text = "".join(chr(0x3B1 + i % 24) if i % 3 else "a" for i in range(1000))
letters = list(text)
print(all(text[i] == letters[i] for i in range(1000)), all(text[i : i + 130] == "".join(letters[i : i + 130]) for i in range(1000)))
