# A future that is set up again, and callbacks whose comparison raises, cancels, adds or removes.
import asyncio


class Hostile:
    def __init__(self, name, act=None):
        self.name, self.act = name, act

    def __call__(self, fut):
        print('called', self.name)

    def __eq__(self, other):
        if self.act:
            act, self.act = self.act, None
            return act(self, other)
        return self is other

    __hash__ = None

    def __repr__(self):
        return f'<{self.name}>'


def boom(*_):
    raise ZeroDivisionError


async def main():
    loop = asyncio.get_running_loop()

    # An error in a comparison leaves the others where they are.
    f = loop.create_future()
    for cb in (Hostile('a'), Hostile('b'), Hostile('c', boom), Hostile('d')):
        f.add_done_callback(cb)
    try:
        f.remove_done_callback('x')
    except ZeroDivisionError as e:
        print(type(e).__name__, [c.name for c, _ in f._callbacks])
    f.set_result(1)
    await asyncio.sleep(0)
    await asyncio.sleep(0)

    # Equal ones go, however many; a task that waits stays.
    f = loop.create_future()
    cb = Hostile('twice')
    f.add_done_callback(cb)
    f.add_done_callback(cb)

    async def waits():
        print('waited', await f)

    t = asyncio.create_task(waits())
    await asyncio.sleep(0)
    print(f.remove_done_callback(cb))
    f.set_result(2)
    await t

    # Set up again: pending, without callbacks, result and exception.
    f = loop.create_future()
    f.add_done_callback(Hostile('gone'))
    f.set_result(3)
    f.__init__(loop=loop)
    print(f.done(), f._state, f._callbacks, f._log_traceback)
    f.set_exception(ValueError('one'))
    print(f._log_traceback)
    f.exception()
    f.__init__(loop=loop)
    print(f.done(), f.cancelled(), f._log_traceback)
    f.cancel('why')
    f.__init__(loop=loop)
    print(f._state, f._cancel_message)
    f.set_result(4)
    print(await f)
    try:
        f.__init__(1)
    except TypeError as e:
        print(type(e).__name__)
    print(f._state)


asyncio.run(main())
