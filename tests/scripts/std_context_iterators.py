# keys, values and items of a context are iterators of their own types.
import contextvars

x, y = contextvars.ContextVar('x'), contextvars.ContextVar('y')
x.set(1)
y.set(2)
c = contextvars.copy_context()
for f in (c.keys, c.values, c.items, c.__iter__):
    it = f()
    print(type(it).__name__, iter(it) is it, len(it), isinstance(it, list))
print(sorted(v.name for v in c), sorted(c.values()), sorted((k.name, v) for k, v in c.items()))
it = c.keys()
next(it)
next(it)
print(next(it, 'end'), len(it))
try:
    contextvars.Token()
except RuntimeError as e:
    print(e)
