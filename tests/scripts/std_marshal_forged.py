# lasti only: marshalled code with forged instructions and a right checksum is refused before it can run.
import marshal
import zlib


def f(a):
    x = [a, a]
    y = [x, x]
    return x


code = f.__code__
data = marshal.dumps(code)
place, length = data.find(code.co_code), len(code.co_code)
start = next(n for n in range(4, 300) if zlib.crc32(data[n:]).to_bytes(4, "little") == data[n - 4:n])
FORGED = {
    "local out of range": [124, 250, 83, 0],
    "stack underflow": [1, 0] * 40,
    "rotation of nothing": [2, 0, 3, 0, 1, 0] * 10,
    "jump out of the code": [113, 254],
    "constant out of range": [100, 250, 83, 0],
    "call of nothing": [131, 200, 83, 0],
    "store out of range": [124, 0, 125, 250, 124, 251, 83, 0],
    "tuple of nothing": [102, 250, 83, 0],
    "block that is not there": [87, 0] * 20,
    "cell out of range": [136, 99, 83, 0],
    "no end": [9, 0] * 50,
    "yield outside of a generator": [124, 0, 86, 0, 83, 0],
    "more values than the stack holds": [124, 0, 92, 200, 83, 0],
    "loop over nothing": [93, 250] * 5,
    "unknown opcode": [255, 0, 83, 0],
    "address as a value": [162, 0, 83, 0],
    "NULL as a value": [53, 0, 83, 0],
    "endless pushing": [124, 0, 113, 0],
    "blocks without end": [122, 0, 113, 0],
    "handler without exception": [89, 0, 83, 0],
    "function of nothing": [132, 8, 83, 0],
}


def load(instructions):
    forged = bytearray(data)
    forged[place:place + length] = bytes((instructions * 50)[:length])
    forged[start - 4:start] = zlib.crc32(forged[start:]).to_bytes(4, "little")
    return marshal.loads(bytes(forged))


print(load(list(code.co_code)) == code)
for name, instructions in FORGED.items():
    try:
        print(name, load(instructions))
    except ValueError as e:
        print(name, str(e).startswith("bad marshal data (code object: "))
    # The same by way of replace.
    try:
        print(name, code.replace(co_code=bytes((instructions * 50)[:length])))
    except ValueError as e:
        print(name, str(e).startswith("code: "))
