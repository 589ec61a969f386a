# Objects that live for one step come from a free list: the next asend takes the place of the last. True in CPython 3.8.
async def ticker():
    yield 1
    yield 2


agen = ticker()
step = agen.asend(None)
print(type(step))
place = id(step)
del step
step = agen.asend(None)
print("same place:", id(step) == place)
step.close()
