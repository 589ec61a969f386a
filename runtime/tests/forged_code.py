"""Runs damaged code objects that pass the verifier. Arguments: seed, rounds. Prints how many there were."""
import asyncio
import marshal
import resource
import signal
import sys
import types
import zlib

resource.setrlimit(resource.RLIMIT_AS, (6 << 30, 6 << 30))

state = int(sys.argv[1]) * 2654435761 % (1 << 32) + 1


def random(n):
    global state
    state = (state * 6364136223846793005 + 1442695040888963407) % (1 << 64)
    return (state >> 33) % n


# ---- what is damaged ----

class Manager:
    def __enter__(self):
        return self

    def __exit__(self, *args):
        return len(args) == 3 and args[0] is KeyError

    async def __aenter__(self):
        return self

    async def __aexit__(self, *args):
        return False


class Awaitable:
    def __await__(self):
        yield 1
        return 2


async def numbers(a):
    for x in a:
        yield x


def plain(a, b=2, *args, c=3, **kwargs):
    x = [a, b]
    y = (x, c, args)
    d = {'k': a, **kwargs}
    return d['k'], y[0][1:2], f'{a!r:>3}{b}', a if b else c, -b + c * 2, a in x


def closures(a):
    def inner(b=a, *, c=a):
        nonlocal a
        a = b
        return a, c
    f = lambda x: (x, a)
    return inner(), f(1), inner(b=2, c=3), [x for x in (1, 2) if x], {x: a for x in 'ab'}


def handlers(a):
    out = []
    for x in (1, 2, 3):
        try:
            try:
                if x == 2:
                    raise KeyError(x)
                if x == 3:
                    return out
                out.append(x)
            except KeyError as e:
                out.append(e.args)
                continue
            except (TypeError, ValueError):
                raise
            else:
                out.append(0)
            finally:
                out.append('f')
        finally:
            try:
                a.missing
            except AttributeError:
                pass
    return out


def managers(a):
    with Manager() as m, Manager():
        if a:
            raise KeyError
    for x in (1, 2):
        with m:
            if x == 2:
                return x
            continue
    return m


def groups(a):
    try:
        raise ExceptionGroup('g', [ValueError(1), TypeError(2)])
    except* ValueError as e:
        a = e.exceptions
    except* TypeError:
        return_ = 1
    return a


def matches(a):
    match a:
        case [1, *rest]:
            return rest
        case {'k': v, **more}:
            return v, more
        case complex(real=r) | int(r):
            return r
        case str() as s if s:
            return s
    (x, *y), z = (1, 2, 3), 4
    del x
    return y, z


def classes(a):
    class C[T]:
        x: int = 1
        def m(self):
            return __class__, super().__init__()
    return C().m(), C.x


def generator(a):
    try:
        x = yield a
        yield from (1, 2)
        with Manager():
            yield x
    finally:
        a = [y for y in (1, 2)]
    return a


async def coroutine(a):
    await asyncio.sleep(0)
    async with Manager() as m:
        async for x in numbers((1, 2)):
            if x == 2:
                break
            await Awaitable()
        else:
            return m
    return [x async for x in numbers((1, 2))]


async def agen(a):
    try:
        async for x in numbers((1, 2)):
            yield x
            await asyncio.sleep(0)
    finally:
        await asyncio.sleep(0)


SOURCES = [plain, closures, handlers, managers, groups, matches, classes, generator, coroutine, agen,
           Manager.__exit__, numbers]
NAMES = {'Manager': Manager, 'Awaitable': Awaitable, 'numbers': numbers, 'asyncio': asyncio}
ABSOLUTE = (111, 112, 113, 114, 115)


def may_loop(code):
    """Jumps back that a for loop does not bound. (What has none ends.)"""
    at, arg = 0, 0
    data = code.co_code
    while at < len(data):
        op = data[at]
        arg = arg << 8 | data[at + 1]
        if op in ABSOLUTE and arg <= at and data[arg] not in (93, 122):
            return True
        if op != 144:
            arg = 0
        at += 2
    return any(may_loop(c) for c in code.co_consts if isinstance(c, types.CodeType))


def flipped(data, first=0):
    data = bytearray(data)
    for _ in range(1 + random(3)):
        at = first + random(len(data) - first)
        data[at] = random(256) if random(2) else (data[at] + random(5) - 2) % 256
    return data


OPCODES = sorted({op for f in SOURCES for op in f.__code__.co_code[::2]})


def damaged_code(code):
    data = bytearray(code.co_code)
    for _ in range(1 + random(3)):
        at = random(len(data) // 2) * 2
        kind = random(4)
        if kind == 0:
            data[at] = OPCODES[random(len(OPCODES))]
        elif kind == 1:
            data[at + 1] = random(12)
        elif kind == 2:
            other = random(len(data) // 2) * 2
            data[at:at + 2], data[other:other + 2] = data[other:other + 2], data[at:at + 2]
        else:
            data = flipped(data)
    changes = {'co_code': bytes(data)}
    if random(3) == 0:
        changes['co_stacksize'] = code.co_stacksize + random(8) - 2
    if random(6) == 0:
        changes['co_flags'] = code.co_flags ^ 1 << random(10)
    if random(6) == 0:
        changes['co_consts'] = code.co_consts[:-1] + ((),)
    if random(6) == 0:
        changes['co_argcount'] = random(4)
    return code.replace(**changes)


def damaged_marshal(code):
    data = marshal.dumps(code)
    start = next(o for o in range(4, 400) if zlib.crc32(data[o:]).to_bytes(4, 'little') == data[o - 4:o])
    data = flipped(data, start)
    data[start - 4:start] = zlib.crc32(data[start:]).to_bytes(4, 'little')
    return marshal.loads(bytes(data))


class Late(BaseException):
    pass


def late(*args):
    raise Late


signal.signal(signal.SIGALRM, late)


def run(f):
    v = f([1])
    if isinstance(v, types.GeneratorType):
        for x in v:
            if v.gi_frame is None or random(3) == 0:
                v.throw(KeyError(1))
    elif isinstance(v, types.CoroutineType):
        async def main():
            await asyncio.wait_for(v, 0.2)
        asyncio.run(main())
    elif isinstance(v, types.AsyncGeneratorType):
        async def main():
            async with asyncio.timeout(0.2):
                async for x in v:
                    pass
        asyncio.run(main())
    repr(v)[:100]


passed = ran = 0
for n in range(int(sys.argv[2])):
    f = SOURCES[random(len(SOURCES))]
    try:
        code = damaged_code(f.__code__) if random(3) else damaged_marshal(f.__code__)
    except (ValueError, SystemError, OverflowError, EOFError, TypeError):
        continue
    if not isinstance(code, types.CodeType):
        continue
    passed += 1
    if may_loop(code):
        continue
    cells = tuple(types.CellType(f) for _ in code.co_freevars)
    try:
        signal.setitimer(signal.ITIMER_REAL, 2)
        g = types.FunctionType(code, {**NAMES}, None, (1, 2, 3), cells)
        run(g)
        ran += 1
    except BaseException as e:
        str(e)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
print(passed, ran)
