"""Waiting for several things at once. What is seldom used loads with the library's file when first asked for."""

import asyncio
from _asyncio import (
    Future,
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
from _lasti_loop import sleep
from asyncio import _wrap_awaitable, create_task, ensure_future, wait
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


class _GatheringFuture(Future):
    """What `gather` returns: cancelling it cancels what it waits for, and it is done when they are."""

    def __init__(self, children, *, loop):
        super().__init__(loop=loop)
        self._children = children
        self._cancel_requested = False

    def cancel(self, msg=None):
        if self.done():
            return False
        cancelled = False
        for child in self._children:
            if child.cancel(msg=msg):
                cancelled = True
        if cancelled:
            # Whether it ends cancelled is known when the last of them is done.
            self._cancel_requested = True
        return cancelled


def gather(*coros_or_futures, return_exceptions=False):
    """A future of the list of results of several awaitables, in their order."""
    if not coros_or_futures:
        outer = get_event_loop().create_future()
        outer.set_result([])
        return outer
    loop = None
    outer = None
    finished = 0
    expected = 0

    def one_done(future):
        nonlocal finished
        finished += 1
        if outer is None or outer.done():
            if not future.cancelled():
                # Looked at, so that the loop does not report it.
                future.exception()
            return
        if not return_exceptions:
            if future.cancelled():
                outer.set_exception(future._make_cancelled_error())
                return
            error = future.exception()
            if error is not None:
                outer.set_exception(error)
                return
        if finished == expected:
            if outer._cancel_requested:
                outer.set_exception(future._make_cancelled_error())
            else:
                outer.set_result([_outcome(child) for child in children])

    futures = {}
    children = []
    done = []
    for arg in coros_or_futures:
        future = futures.get(arg)
        if future is None:
            future = ensure_future(arg, loop=loop)
            if loop is None:
                loop = future.get_loop()
            if future is not arg:
                # Nobody else can see it, so a pending one that goes with the gathering needs no report.
                future._log_destroy_pending = False
            expected += 1
            futures[arg] = future
            if future.done():
                done.append(future)
            else:
                future.add_done_callback(one_done)
        children.append(future)
    outer = _GatheringFuture(children, loop=loop)
    for future in done:
        one_done(future)
    return outer


def _outcome(future):
    if future.cancelled():
        message = future._cancel_message
        return CancelledError("" if message is None else message)
    error = future.exception()
    return future.result() if error is None else error


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
