# A generator's frame between two sends: its variables and the instruction (of CPython 3.8's bytecode) where it stands.
import inspect


def numbers(count):
    turn = 0
    low = 1
    high = 1
    total = 0
    answer = None
    while turn <= count:
        print("received", repr(answer))
        if turn < 2:
            answer = yield low
        else:
            total = low + high
            answer = yield total
            low = high
            high = total
        turn += 1
    try:
        1 / 0
    except ZeroDivisionError:
        total = yield "divided by zero"
        print(repr(total))
        try:
            import no_such_module
        except ModuleNotFoundError:
            answer = yield "no such module"
            print("received", repr(answer))
        finally:
            answer = yield "finally"
            print("received", repr(answer))
    raise StopIteration


gen = numbers(5)
print(type(gen), type(numbers), gen.gi_code is numbers.__code__)
print("created: lasti", gen.gi_frame.f_lasti, inspect.getgeneratorstate(gen), gen.gi_running, gen.gi_yieldfrom)
print("yields", gen.send(None), "lasti", gen.gi_frame.f_lasti)
for word in "ant bee cat dog elk fox gnu hen ibis".split():
    try:
        value = gen.send(word)
    except RuntimeError as error:
        # PEP 479: a StopIteration that leaves the body is a mistake, not an end
        print(repr(error), "from", repr(error.__cause__), error.__cause__ is error.__context__)
    else:
        variables = sorted(gen.gi_frame.f_locals.items())
        print("yields", repr(value), "lasti", gen.gi_frame.f_lasti, variables)
print(gen.gi_frame, inspect.getgeneratorstate(gen), list(gen))
try:
    gen.gi_frame.f_lasti
except AttributeError as error:
    print(error)
