"""zlib and gzip: every format and level, streams in pieces, limits, copies, dictionaries, errors."""
import gzip
import io
import os
import tempfile
import zlib

TEXT = b"the quick brown fox jumps over the lazy dog; " * 200
NOISE = bytes((i * 7919 + (i >> 3) * 104729) >> 5 & 255 for i in range(100_000))

print("== sums")
print(zlib.crc32(b""), zlib.crc32(b"hello"), zlib.crc32(b"lo", zlib.crc32(b"hel")), zlib.crc32(NOISE))
print(zlib.adler32(b""), zlib.adler32(b"hello"), zlib.adler32(b"lo", zlib.adler32(b"hel")), zlib.adler32(NOISE))

print("== one go")
for data in (b"", b"a", TEXT, NOISE):
    for level in range(-1, 10):
        for wbits in (15, 9, -15, -9, 31, 25):
            packed = zlib.compress(data, level, wbits)
            assert zlib.decompress(packed, wbits) == data, (len(data), level, wbits)
            if wbits > 0:
                assert zlib.decompress(packed, 47) == data
print(len(zlib.compress(TEXT)) < 200, len(zlib.compress(NOISE, 0)) > len(NOISE))
print(zlib.compress(b"x")[:2], zlib.compress(b"x", 1)[:2], zlib.compress(b"x", 9)[:2], zlib.compress(b"x", wbits=31)[:4])
# What another zlib made.
print(zlib.decompress(bytes.fromhex("789ccb48cdc9c907000 62c0215".replace(" ", ""))))

print("== streams")
c = zlib.compressobj(6)
parts = [c.compress(TEXT[i : i + 1000]) for i in range(0, len(TEXT), 1000)] + [c.flush()]
print(zlib.decompress(b"".join(parts)) == TEXT)
d = zlib.decompressobj()
print(b"".join(d.decompress(bytes([b])) for b in b"".join(parts)) == TEXT, d.eof, d.unused_data, d.flush())
d = zlib.decompressobj()
out = d.decompress(zlib.compress(TEXT) + b"rest", 100)
print(len(out), d.eof, d.unused_data)
while not d.eof:
    piece = d.decompress(d.unconsumed_tail, 1000)
    assert len(piece) <= 1000
    out += piece
print(out == TEXT, d.unused_data, d.unconsumed_tail)
print(d.decompress(b"more"), d.unused_data)
c = zlib.compressobj(wbits=-15)
first = c.compress(b"first ") + c.flush(zlib.Z_SYNC_FLUSH)
print(zlib.decompressobj(-15).decompress(first))
second = c.compress(b"second ") + c.flush(zlib.Z_FULL_FLUSH)
copy = c.copy()
ends = c.compress(b"end") + c.flush(), copy.compress(b"other end") + copy.flush()
for end in ends:
    print(zlib.decompress(first + second + end, -15))
d = zlib.decompressobj()
packed = zlib.compress(TEXT)
start = d.decompress(packed[:50])
twin = d.copy()
print(start + d.decompress(packed[50:]) == TEXT, start + twin.decompress(packed[50:]) == TEXT)
d = zlib.decompressobj()
print(d.decompress(packed[:-3]) == TEXT, d.eof, d.flush(), d.eof)
c = zlib.compressobj(zlib.Z_BEST_COMPRESSION, zlib.DEFLATED, 15, 9, zlib.Z_HUFFMAN_ONLY)
print(zlib.decompress(c.compress(TEXT) + c.flush()) == TEXT)

print("== dictionaries")
words = b"the quick brown fox"
c = zlib.compressobj(zdict=words)
packed = c.compress(TEXT) + c.flush()
print(zlib.decompressobj(zdict=words).decompress(packed) == TEXT)
for zdict in (b"wrong", None):
    try:
        d = zlib.decompressobj(zdict=zdict) if zdict else zlib.decompressobj()
        d.decompress(packed)
    except zlib.error as e:
        print(e)

print("== errors")
for make in (
    lambda: zlib.decompress(b"not zlib at all"),
    lambda: zlib.decompress(b""),
    lambda: zlib.decompress(zlib.compress(TEXT)[:-1]),
    lambda: zlib.decompress(zlib.compress(TEXT)[:-4] + b"abcd"),
    lambda: zlib.decompress(zlib.compress(b"x", wbits=31)[:-4] + b"abcd", 31),
    lambda: zlib.decompress(zlib.compress(b"x"), 31),
    lambda: zlib.compress(b"", 10),
    lambda: zlib.compress(b"", wbits=50),
    lambda: zlib.compressobj(10),
    lambda: zlib.compressobj(method=7),
    lambda: zlib.decompressobj(wbits=99),
    lambda: zlib.decompressobj().decompress(b"", -1),
    lambda: zlib.decompressobj().flush(0),
    lambda: zlib.compress("text"),
):
    try:
        print(make())
    except (zlib.error, ValueError, TypeError) as e:
        print(type(e).__module__, type(e).__name__, e)

print("== gzip")
packed = gzip.compress(TEXT, mtime=0)
print(packed[:4], gzip.decompress(packed) == TEXT, gzip.decompress(packed * 3) == TEXT * 3)
with tempfile.TemporaryDirectory() as folder:
    path = os.path.join(folder, "f.gz")
    with gzip.open(path, "wt", encoding="utf-8") as f:
        for i in range(1000):
            f.write(f"line {i} ü\n")
    with gzip.open(path, "rt", encoding="utf-8") as f:
        lines = f.readlines()
    print(len(lines), lines[0], lines[-1], end="")
    with gzip.open(path, "ab") as f:
        f.write(b"appended\n")
    with gzip.open(path) as f:
        data = f.read()
        print(data.endswith(b"999 \xc3\xbc\nappended\n"), f.seek(5), f.read(3), f.tell())
buffer = io.BytesIO()
with gzip.GzipFile("name", "wb", fileobj=buffer, mtime=1) as f:
    f.write(NOISE)
print(buffer.getvalue()[:15])
with gzip.GzipFile(fileobj=io.BytesIO(buffer.getvalue())) as f:
    print(f.read(10) == NOISE[:10], f.read() == NOISE[10:], f.mtime)
for bad in (b"", b"no gzip here", packed[:-2], packed[:-8] + b"01234567"):
    try:
        print(gzip.decompress(bad))
    except (OSError, EOFError) as e:
        print(type(e).__name__, e)
