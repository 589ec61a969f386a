# What makes a function a generator function, and how its frame moves on. Instructions are CPython 3.8's.
import dis
import inspect


def quiz():
    answer = yield 1
    print('first answer: {}'.format(answer))
    answer2 = yield 2
    print('second answer: {}'.format(answer2))
    return 'thanks'


CO_GENERATOR = 1 << 5
print("generator flag:", bool(quiz.__code__.co_flags & CO_GENERATOR), quiz.__code__.co_flags)
gen = quiz()
print(type(gen), gen.gi_code.co_name, inspect.getgeneratorstate(gen), gen.gi_frame.f_lasti)
print("asks", gen.send(None), "at", gen.gi_frame.f_lasti, "of", len(gen.gi_code.co_code), inspect.getgeneratorstate(gen))
print("asks", gen.send('yes'), "knows", gen.gi_frame.f_locals)
try:
    gen.send('no')
except StopIteration as stop:
    print(repr(stop), stop.value, inspect.getgeneratorstate(gen))

# two generators share the code, never the frame
one, two = quiz(), quiz()
print(one.gi_code is two.gi_code, one.gi_frame is two.gi_frame)
try:
    quiz().send('too early')
except TypeError as error:
    print(error)
dis.dis(quiz)
