"""Waiting for several things at once. What is seldom used loads with the library's file when first asked for."""

import asyncio
from _asyncio import (
    Task,
    _enter_task,
    _leave_task,
    _register_eager_task,
    _register_task,
    _swap_current_task,
    _unregister_eager_task,
    _unregister_task,
    all_tasks,
    current_task,
    get_event_loop,
    get_running_loop,
)
from _lasti_loop import _GatheringFuture, gather
from asyncio import _wrap_awaitable, create_task, ensure_future, sleep, wait
from asyncio.exceptions import CancelledError

FIRST_COMPLETED = "FIRST_COMPLETED"
FIRST_EXCEPTION = "FIRST_EXCEPTION"
ALL_COMPLETED = "ALL_COMPLETED"


def __getattr__(name):
    if name.startswith("__"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from asyncio import _library_tasks

    value = getattr(_library_tasks, name)
    globals()[name] = value
    return value


def _release(waiter):
    if not waiter.done():
        waiter.set_result(None)


async def _wait(fs, timeout, return_when, loop):
    """Waits for at least one of a set of futures; returns the sets (done, pending)."""
    waiter = loop.create_future()
    timer = loop.call_later(timeout, _release, waiter) if timeout is not None else None
    left = len(fs)

    def one_done(future):
        nonlocal left
        left -= 1
        if (
            left <= 0
            or return_when == FIRST_COMPLETED
            or return_when == FIRST_EXCEPTION
            and not future.cancelled()
            and future.exception() is not None
        ):
            if timer is not None:
                timer.cancel()
            _release(waiter)

    for f in fs:
        f.add_done_callback(one_done)
    try:
        await waiter
    finally:
        if timer is not None:
            timer.cancel()
        for f in fs:
            f.remove_done_callback(one_done)
    done, pending = set(), set()
    for f in fs:
        (done if f.done() else pending).add(f)
    return done, pending


async def wait_for(fut, timeout):
    """The result of an awaitable, or TimeoutError when it takes longer than `timeout` seconds; it is cancelled then."""
    if timeout is not None and timeout <= 0:
        fut = ensure_future(fut)
        if fut.done():
            return fut.result()
        await _cancel_and_wait(fut)
        try:
            return fut.result()
        except CancelledError as error:
            raise TimeoutError from error
    async with asyncio.timeout(timeout):
        return await fut


async def _cancel_and_wait(fut):
    """Cancels a future and waits until it is done, whatever its result."""
    waiter = get_running_loop().create_future()

    def one_done(_):
        _release(waiter)

    fut.add_done_callback(one_done)
    try:
        fut.cancel()
        await waiter
    finally:
        fut.remove_done_callback(one_done)


def shield(arg):
    """A future that follows an awaitable, which goes on when the future is cancelled."""
    inner = ensure_future(arg)
    if inner.done():
        return inner
    loop = inner.get_loop()
    outer = loop.create_future()

    def inner_done(inner):
        if outer.cancelled():
            return
        if inner.cancelled():
            outer.cancel()
            return
        error = inner.exception()
        if error is not None:
            outer.set_exception(error)
        else:
            outer.set_result(inner.result())

    def report(inner):
        if not inner.cancelled() and inner.exception() is not None:
            loop.call_exception_handler(
                {
                    "message": f"{inner.exception().__class__.__name__} exception in shielded future",
                    "exception": inner.exception(),
                    "future": inner,
                }
            )

    def outer_done(outer):
        if not inner.done():
            inner.remove_done_callback(inner_done)
            # Nobody waits for the inner one any more, so its error would go unseen.
            inner.add_done_callback(report)

    inner.add_done_callback(inner_done)
    outer.add_done_callback(outer_done)
    return outer
