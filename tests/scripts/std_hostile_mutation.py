# Special methods that change the object at work: it is looked at again after they ran.
import array, collections, io, json

b = array.array('i', [1, 2, 3])


class Clears:
    def __index__(self):
        b[:] = b[:0]
        return 1


def attempt(name, f):
    global b
    b = array.array('i', [1, 2, 3])
    try:
        print(name, f())
    except Exception as e:
        print(name, type(e).__name__, e)


attempt('insert', lambda: b.insert(1, Clears()))
attempt('append', lambda: b.append(Clears()))
attempt('fromlist', lambda: b.fromlist([Clears(), 5]))
attempt('extend', lambda: b.extend([Clears(), Clears()]))
attempt('setitem', lambda: b.__setitem__(2, Clears()))

items = [1, object(), 3]


def default(o):
    items.clear()
    return 'gone'


print(json.dumps(items, default=default), items)
d = collections.deque(maxlen=1)
d.append(d)
print(d, repr(collections.deque([d, 1])))


class Closes:
    def __init__(self, f):
        self.f = f

    def __buffer__(self, flags):
        self.f.close()
        return memoryview(bytearray(4))

    def __index__(self):
        self.f.close()
        return 1


for make in (lambda: io.BytesIO(b'xyz'), lambda: io.StringIO('xyz')):
    for name in ('readinto', 'write', 'truncate'):
        f = make()
        if hasattr(f, name):
            try:
                print(type(f).__name__, name, getattr(f, name)(Closes(f)))
            except Exception as e:
                print(type(f).__name__, name, type(e).__name__)
