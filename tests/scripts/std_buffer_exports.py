# A buffer keeps its size while a call in another thread fills or sends it; what arrives is not lost.
import array
import os
import socket
import threading


def held(buf, change):
    while True:
        try:
            change(buf)
        except BufferError as e:
            return str(e)


def grow(buf):
    buf.append(1)
    buf.pop()


def fill(name, buf, call, feed):
    got = []
    t = threading.Thread(target=lambda: got.append(call(buf)))
    t.start()
    said = held(buf, grow)
    feed()
    t.join()
    print(name, got, bytes(buf)[:5], said)
    grow(buf)


r, w = os.pipe()
raw = open(r, 'rb', buffering=0)
fill('readinto', bytearray(8), raw.readinto, lambda: os.write(w, b'hello'))
fill('readinto array', array.array('b', bytes(8)), raw.readinto, lambda: os.write(w, b'hello'))
fill('buffered', bytearray(5), open(r, 'rb', closefd=False).readinto, lambda: os.write(w, b'hello'))
a, b = socket.socketpair()
fill('recv_into', bytearray(8), a.recv_into, lambda: b.send(b'hello'))
fill('recvfrom_into', bytearray(8), lambda x: a.recvfrom_into(x)[0], lambda: b.send(b'hello'))
fill('recv_into some', bytearray(8), lambda x: a.recv_into(x, 3), lambda: b.send(b'hello'))
print(a.recv(9))
for wrong in (b'abc', 'abc', 5):
    try:
        a.recv_into(wrong)
    except TypeError as e:
        print(type(e).__name__)
try:
    a.recv_into(bytearray(3), 5)
except ValueError as e:
    print(e)
ints = array.array('i', [0, 0])
b.send(b'\1\0\0\0\2\0\0\0')
print(a.recv_into(ints), ints)


def drain(n):
    got = b''
    while len(got) < n:
        got += b.recv(1 << 16)
    return set(got)


size = 1 << 24
buf = bytearray(b'x') * size
t = threading.Thread(target=a.sendall, args=(buf,))
t.start()
said = held(buf, grow)
print('sendall', said, drain(size))
t.join()
grow(buf)
