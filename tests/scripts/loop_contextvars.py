# contextvars: tasks copy the context, callbacks run in the one they were made in, tokens, Context.run, explicit contexts.
import asyncio
import contextvars

var = contextvars.ContextVar("var", default="default")
bare = contextvars.ContextVar("bare")


async def child(value):
    before = var.get()
    var.set(value)
    await asyncio.sleep(0)
    return before, var.get()


async def main():
    var.set("main")
    print(await asyncio.gather(child("a"), child("b")), var.get())
    print(await child("awaited directly"), var.get())
    task = asyncio.create_task(child("t"))
    var.set("after create")
    print(await task)
    loop = asyncio.get_running_loop()
    seen = []
    loop.call_soon(lambda: seen.append(var.get()))
    context = contextvars.copy_context()
    context.run(var.set, "explicit")
    loop.call_soon(lambda: seen.append(var.get()), context=context)
    loop.call_later(0, lambda: seen.append(var.get()), )
    var.set("changed after scheduling")
    await asyncio.sleep(0.002)
    print(seen)
    print(await asyncio.create_task(child("c"), context=context), context[var])
    future = loop.create_future()
    future.add_done_callback(lambda f: seen.append(("callback", var.get())))
    var.set("later")
    future.set_result(None)
    await asyncio.sleep(0)
    print(seen[-1])


asyncio.run(main())
print(var.get())
token = var.set(1)
print(token.old_value is contextvars.Token.MISSING, token.var is var)
inner = var.set(2)
print(var.get(), inner.old_value)
var.reset(inner)
print(var.get())
try:
    var.reset(inner)
except RuntimeError as error:
    print("used once only")
var.reset(token)
print(var.get())
try:
    bare.get()
except LookupError as error:
    print(type(error).__name__)
print(bare.get("given"), var.name)
context = contextvars.copy_context()
print(context.run(lambda: (var.set("inside"), var.get())[1]), var.get(), context[var], var in context, len(context), list(context) == [var])
try:
    context.run(context.run, print)
except RuntimeError as error:
    print(str(error).split(":")[0].split(" <")[0])
copy = context.copy()
copy.run(var.set, "copy")
print(context[var], copy.get(var), context.get(bare, "none"))


def gen():
    yield var.get()
    var.set("set by the generator")
    yield var.get()


g = gen()
print(next(g), next(g), var.get())
