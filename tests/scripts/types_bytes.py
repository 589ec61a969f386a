# bytes, bytearray, memoryview: literals, methods, mutation, slices, formatting, errors.
b = b"Hello\x00\xff\n'"
print(b, b[0], b[1:3], len(b), b.hex(), bytes.fromhex("00 ff"), bytes(3), bytes([65, 66]), bytes("é", "utf-8"), b"a" + b"b", b"ab" * 2, b"\"'")
print(b"a,b".split(b","), b",".join([b"x", b"y"]), b"abc".find(b"c"), b"abc".replace(b"b", b"BB"), b" x ".strip(), b"Ab".upper(), b"abc".startswith(b"a"), 97 in b"abc", b"bc" in b"abc", b"abc" < b"abd", list(b"ab"))
print(b"%d %s %r" % (1, b"x", "y"), b"abc".decode(), b"\xc3\xa9".decode("utf-8"), b"a\nb".splitlines(), b"x".zfill(3), b"abc".index(b"b"), b"a b".title(), b"ab".center(6, b"*"), b"abcabc".count(b"bc"), b"abc".translate(None, b"b"), b"a-b-c".partition(b"-"))
a = bytearray(b"abc")
a.append(100); a += b"e"; a[0] = 65; a[1:3] = b"XYZ"; a.extend([33]); del a[-1]
print(a, a.pop(), a, bytes(a), a == b"AXYZd", len(a), a.find(b"Z"), bytearray(2), a.decode(), a[::-1])
a.reverse(); a.insert(0, 0); a.remove(0)
print(a, a.hex("-"), a.copy() is a, hash(bytes(a)) == hash(bytes(a)))
m = memoryview(bytearray(b"abcdef"))
m[0] = 122
m[2:4] = b"__"
print(m[0], bytes(m), m[1:3].tobytes(), len(m), m.nbytes, m.format, m.readonly, m.tolist()[:2], m.itemsize, m[::2].tobytes(), bytes(m[-2:]))
for call in (lambda: bytes([256]), lambda: b"a" + "b", lambda: b"a"[5], lambda: bytes(-1), lambda: bytes("x"), lambda: b"x".join(["a"]), lambda: bytes.fromhex("0g"), lambda: b"a".__setitem__, lambda: a.append(300), lambda: b"\xff".decode("ascii"), lambda: b"a".index(b"z"), lambda: hash(a), lambda: memoryview(b"x").__setitem__(0, 1), lambda: memoryview(5)):
    try:
        print(call())
    except Exception as error:
        print(type(error).__name__, error)
print(b"a" == "a", bytes(b"x") is not None, b"".join([]), bytes(range(3)), b"tab\there".expandtabs(4), b"A".isupper(), b"12".isdigit(), int(b"42"), b"ab".rjust(4, b"."))
with memoryview(a) as view:
    try:
        a.append(1)
    except BufferError as error:
        print(type(error).__name__)
