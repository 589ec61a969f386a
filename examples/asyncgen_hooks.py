# The two hooks by which an event loop learns of async generators. Written without a loop; prints what CPython 3.8 does.
import sys


async def ticker(start):
    yield start


def on_first(agen):
    print("first iteration of", agen)


def on_finalize(agen):
    print("dropped while open:", agen)


sys.set_asyncgen_hooks(on_first, on_finalize)
agen = ticker(7)
print(agen.ag_running, agen.ag_frame.f_lasti, agen.ag_code.co_name, agen.ag_await)
step = agen.__anext__()
print(step)
try:
    step.send(None)
except StopIteration as stop:
    # an asend hands its value over as the value of a StopIteration
    print("value", stop.value, "lasti", agen.ag_frame.f_lasti)

another = agen.__anext__()      # the first hook runs only once
another.close()
del another, step
print("letting go")
del agen                        # suspended at its yield: only a loop could run what is left of it
hooks = sys.get_asyncgen_hooks()
print(hooks.firstiter is on_first, hooks.finalizer is on_finalize)
