# try: order of else and finally, return and break through finally, swallowing, nesting, except by tuple, name cleared.
log = []


def flow(kind):
    log.append("start")
    try:
        if kind == "return":
            return "try"
        if kind == "raise":
            raise ValueError(kind)
        if kind == "other":
            raise KeyError(kind)
    except ValueError as error:
        log.append(f"except {error}")
        return "except"
    else:
        log.append("else")
    finally:
        log.append("finally")
    return "end"


for kind in ("none", "return", "raise", "other"):
    try:
        log.append(flow(kind))
    except KeyError as error:
        log.append(f"outside {error}")
    print(log)
    log.clear()


def override():
    try:
        return "try"
    finally:
        return "finally"


def swallow():
    try:
        raise ValueError
    finally:
        return "swallowed"


def loops():
    out = []
    for n in range(5):
        try:
            if n == 1:
                continue
            if n == 3:
                break
            out.append(n)
        finally:
            out.append(f"f{n}")
    else:
        out.append("else")
    return out


def value_kept():
    x = 1
    try:
        return x
    finally:
        x = 2


def nested():
    out = []
    try:
        try:
            raise ValueError(1)
        finally:
            out.append("inner")
    except ValueError as error:
        out.append(repr(error))
        try:
            raise TypeError(2) from error
        except (KeyError, TypeError) as second:
            out.append((repr(second.__cause__), repr(second.__context__)))
    return out


print(override(), swallow(), loops(), value_kept(), nested())


def cleared():
    try:
        1 / 0
    except ZeroDivisionError as error:
        pass
    try:
        error
    except UnboundLocalError as unbound:
        print(unbound)


cleared()


def rethrow():
    try:
        raise ValueError("first")
    except ValueError:
        raise


try:
    rethrow()
except ValueError as error:
    print(error, error.__traceback__.tb_next.tb_frame.f_code.co_name)
try:
    raise
except RuntimeError as error:
    print(error)


def class_of(x):
    try:
        raise x
    except BaseException as error:
        return type(error).__name__, str(error)


print(class_of(ValueError), class_of(ValueError("x")), class_of(5), class_of(int))
try:
    try:
        raise ValueError
    except 5:
        pass
except TypeError as error:
    print(error, "|", repr(error.__context__))


class E1(Exception):
    pass


class E2(E1):
    pass


for kind in (E1, E2):
    try:
        raise kind("m", 2)
    except E2 as error:
        print("E2", error.args)
    except E1 as error:
        print("E1", error.args, error)


def gen():
    try:
        yield 1
        yield 2
    finally:
        print("generator finally")


for n in gen():
    break
print("after break")


def deep():
    for a in range(2):
        try:
            for b in range(2):
                try:
                    if (a, b) == (1, 0):
                        return a, b
                finally:
                    print("inner", a, b)
        finally:
            print("outer", a)


print(deep())
while True:
    try:
        break
    finally:
        print("break through finally")
