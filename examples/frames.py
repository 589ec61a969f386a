# Frames linked by f_back: of calls, where it is fixed, and of a generator, where each resumer becomes the caller (3.8).
import dis
import inspect

frame = None


def outer():
    inner()


def inner():
    global frame
    frame = inspect.currentframe()


dis.dis(outer)
outer()
while frame is not None:
    print(frame.f_code.co_name, "line", frame.f_lineno, "lasti", frame.f_lasti if frame.f_back else "of the module")
    frame = frame.f_back


def recorder():
    callers = []
    while True:
        callers.append(inspect.currentframe().f_back.f_code.co_name)
        yield callers


def alice(gen):
    return next(gen)


def bob(gen):
    return next(gen)


gen = recorder()
print(gen.gi_frame.f_back, alice(gen), bob(gen), gen.gi_frame.f_back)
