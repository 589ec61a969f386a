# lasti only: marshalled code with a byte changed is told of, whatever the byte; CPython may crash on it.
import marshal
import random


def f(a, b=2):
    return [a, b, "text", 1.5, (1, 2)]


data = marshal.dumps(f.__code__)
print(marshal.loads(data).co_consts == f.__code__.co_consts)
random.seed(1)
outcomes = set()
for _ in range(2000):
    damaged = bytearray(data)
    damaged[random.randrange(len(damaged))] ^= random.randrange(1, 256)
    try:
        marshal.loads(bytes(damaged))
    except (ValueError, EOFError, TypeError) as e:
        outcomes.add("refused")
    else:
        # The file name, and what only marks a reference, are outside the code.
        outcomes.add("loaded")
print("refused" in outcomes)
for end in range(len(data)):
    try:
        marshal.loads(data[:end])
        print("loaded a part", end)
    except (ValueError, EOFError, TypeError):
        pass
