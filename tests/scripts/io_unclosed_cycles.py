# lasti only: files that nobody closed, in cycles. What was written is not lost: whoever may write is finalized first, then text
# streams, then buffers, then what they write to. (CPython 3.13 takes them in the order they were made, and loses all of this.)
import gc
import io
import os
import tempfile

folder = tempfile.mkdtemp()
path = os.path.join(folder, "out")


def text():
    with open(path) as f:
        return f.read()


def in_a_cycle(wrap):
    f = open(path, "w")
    f.write("some text")
    wrap(f)


class Holder:
    def __init__(self, f):
        self.f, self.me = f, self

    def __del__(self):
        self.f.write(", and more")


class Attribute:
    def __init__(self, f):
        self.f, self.me = f, self


for wrap in Holder, Attribute:
    in_a_cycle(wrap)
    gc.collect()
    gc.collect()
    print(wrap.__name__, repr(text()))


class Raw(io.RawIOBase):
    """A raw stream in Python, as a socket's."""

    def writable(self):
        return True

    def write(self, data):
        assert not self.closed
        parts.append(bytes(data))
        return len(data)


parts = []
b = io.TextIOWrapper(io.BufferedWriter(Raw()))
b.me = b
b.write("through Python")
del b
gc.collect()
print(parts)

os.remove(path)
os.rmdir(folder)
