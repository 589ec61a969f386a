# Native functions check how many arguments they are given, in one place and in CPython's words.
import bisect, inspect, itertools, math, struct


def attempt(text):
    try:
        print(text, '->', repr(eval(text)))
    except Exception as e:
        print(text, '->', type(e).__name__, e)


# No arguments, one, and a range of them.
for text in ('[].append()', '[].append(1, 2)', '[].append(x=1)', '{}.clear(1)', '[].copy(1)', '[].insert(1)', '[].pop(1, 2)', '{}.get()',
             '{}.get(1, 2, 3)', '{}.pop()', '{}.update(1, 2)', 'len()', 'len(1, 2)', 'len(x=1)', 'abs(1, 2)', 'getattr(1)',
             'getattr(1, 2, 3, 4)', 'iter()', 'next()', 'isinstance(1)', "'a'.join()", "'a'.find()", "'a'.find(1, 2, 3, 4)",
             'set().add()', '(1).bit_length(2)', 'math.floor()', 'math.pow(1)', 'math.sin(x=1)', 'itertools.tee()', 'bytes.fromhex(1, 2)'):
    attempt(text)
# Through a bound method, the type, a class method and a static one.
for text in ('list.append()', 'list.append([])', 'list.append([], 1, 2)', 'list.append(1, 2)', 'dict.fromkeys()', 'str.maketrans()',
             'object().__dir__(1)', '[].__getstate__(1)', '[].__sizeof__(1)', 'object().__reduce_ex__()', 'type.__subclasshook__()',
             'int.__subclasshook__(1, 2)', 'int.__init_subclass__(1)', '(i for i in ()).send()', '(i for i in ()).close(1)'):
    attempt(text)
# Keywords: too many, missing, and none at all.
for text in ("''.split(1, 2, 3)", '[].sort(1)', 'pow(1)', 'round()', 'bisect.bisect([])', "[3, 1].sort(reverse=True)",
             "'a b'.split(maxsplit=1)", 'round(number=1.5)', 'pow(base=2, exp=3)'):
    attempt(text)
# Over a call with a star, and over map.
attempt('len(*[1, 2])')
attempt('list(map(len, [[]], [[]]))')
attempt('[].append(**{"a": 1})')
# The signature that is checked is the one that is shown.
for f in (list.append, math.atan2, str.split, bisect.bisect, struct.calcsize, math.floor, itertools.chain.from_iterable):
    print(f.__name__, inspect.signature(f))
print(getattr.__text_signature__, next.__text_signature__, dict.update.__text_signature__, int.__new__.__text_signature__)
