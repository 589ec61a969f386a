# A code object taken apart: everything that `dis` and the co_ fields say about two yields, as CPython 3.8 compiles them.
import dis


def ping():
    reply = yield 111
    print(f'first reply: {reply}')
    reply2 = yield 222
    print(f'second reply: {reply2}')
    return 'over'


dis.dis(ping)
code = ping.__code__
for field in ("co_name", "co_argcount", "co_nlocals", "co_varnames", "co_cellvars", "co_freevars",
              "co_consts", "co_names", "co_firstlineno", "co_stacksize", "co_flags"):
    print(field, getattr(code, field))
print(code.co_code.hex())
print(code.co_lnotab.hex())

gen = ping()
print("lasti", gen.gi_frame.f_lasti)
print("yields", gen.send(None), "lasti", gen.gi_frame.f_lasti, "line", gen.gi_frame.f_lineno)
print("yields", gen.send('pong'), "lasti", gen.gi_frame.f_lasti, "line", gen.gi_frame.f_lineno, gen.gi_frame.f_locals)
try:
    gen.send('pong again')
except StopIteration as stop:
    print("returns", stop)
