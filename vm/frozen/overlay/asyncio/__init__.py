"""asyncio: a native loop, futures and tasks, with the library's own files behind them.

Only what nearly every script uses is made here. The rest comes from the submodules, which load when one of their
names is first asked for.
"""

import sys

from _asyncio import (
    Future,
    Task,
    all_tasks,
    current_task,
    future_add_to_awaited_by,
    future_discard_from_awaited_by,
    get_event_loop,
    get_running_loop,
    set_event_loop,
    _enter_task,
    _get_running_loop,
    _leave_task,
    _register_task,
    _set_running_loop,
    _unregister_task,
)
from _lasti_loop import Handle, Loop, TimerHandle, sleep

# Which submodule brings which names. Names of the stream, protocol and subprocess files cost the most to load.
_HOMES = {
    "base_events": "BaseEventLoop Server",
    "base_futures": "",
    "coroutines": "iscoroutinefunction iscoroutine",
    "events": "AbstractEventLoop AbstractServer",
    "exceptions": "BrokenBarrierError CancelledError InvalidStateError IncompleteReadError"
    " LimitOverrunError QueueShutDown SendfileNotAvailableError",
    "futures": "wrap_future isfuture",
    "graph": "capture_call_graph format_call_graph print_call_graph FrameCallGraphEntry FutureCallGraph",
    "locks": "Lock Event Condition Semaphore BoundedSemaphore Barrier",
    "protocols": "BaseProtocol Protocol DatagramProtocol SubprocessProtocol BufferedProtocol",
    "queues": "Queue PriorityQueue LifoQueue QueueFull QueueEmpty",
    "runners": "Runner",
    "streams": "StreamReader StreamWriter StreamReaderProtocol open_connection start_server"
    " open_unix_connection start_unix_server",
    "subprocess": "create_subprocess_exec create_subprocess_shell",
    "taskgroups": "TaskGroup",
    "tasks": "FIRST_COMPLETED FIRST_EXCEPTION ALL_COMPLETED wait_for as_completed gather shield"
    " run_coroutine_threadsafe create_eager_task_factory eager_task_factory",
    "threads": "to_thread",
    "timeouts": "Timeout timeout timeout_at",
    "transports": "BaseTransport ReadTransport WriteTransport Transport DatagramTransport SubprocessTransport",
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names.split()}
_HOME_OF["TimeoutError"] = "exceptions"


def __getattr__(name):
    home = _HOME_OF.get(name)
    if home is not None:
        module = __import__("asyncio." + home, None, None, ["*"])
        value = getattr(module, name)
        globals()[name] = value
        return value
    if name in ("SelectorEventLoop", "DefaultEventLoopPolicy"):
        return EventLoop
    if name == "__all__":
        own = [n for n in globals() if not n.startswith("_") and n not in ("sys", "Loop")]
        return own + list(_HOME_OF)
    if name in _HOMES or name in ("log", "base_tasks", "selector_events", "unix_events", "constants", "mixins"):
        return __import__("asyncio." + name, None, None, ["*"])
    raise AttributeError(f"module 'asyncio' has no attribute {name!r}")


def __dir__():
    return sorted(set(globals()) | set(_HOME_OF))


def _run(spin):
    spin()


def _run_once(loop):
    # The native loop turns inside these two frames, so that whatever it calls has the f_back chain and the origin it has
    # under asyncio's own loop, at no cost for each step.
    _run(loop._spin)


def _done_callback(future):
    if not future.cancelled():
        error = future.exception()
        if isinstance(error, (SystemExit, KeyboardInterrupt)):
            # It left the loop already.
            return
    future.get_loop().stop()


class EventLoop(Loop):
    """The event loop. What the native class lacks (sockets, servers, subprocesses, executors) is the library's
    selector loop, whose methods run on this object."""

    def __getattr__(self, name):
        from asyncio import _lasti_net

        return _lasti_net.method(self, name)

    def _run_once(self):
        self._once()

    def run_forever(self):
        self._enter()
        hooks = sys.get_asyncgen_hooks()
        try:
            sys.set_asyncgen_hooks(firstiter=self._asyncgen_firstiter_hook, finalizer=self._asyncgen_finalizer_hook)
            _run_once(self)
        finally:
            self._leave()
            sys.set_asyncgen_hooks(*hooks)

    def run_until_complete(self, future):
        self._check_closed()
        if self.is_running():
            raise RuntimeError("This event loop is already running")
        if _get_running_loop() is not None:
            raise RuntimeError("Cannot run the event loop while another loop is running")
        new_task = not _isfuture(future)
        future = ensure_future(future, loop=self)
        if new_task:
            # An exception that is raised here need not be reported too.
            future._log_destroy_pending = False
        future.add_done_callback(_done_callback)
        try:
            self.run_forever()
        except:
            if new_task and future.done() and not future.cancelled():
                future.exception()
            raise
        finally:
            future.remove_done_callback(_done_callback)
        if not future.done():
            raise RuntimeError("Event loop stopped before Future completed.")
        return future.result()

    def close(self):
        if self.is_running():
            raise RuntimeError("Cannot close a running event loop")
        if self.is_closed():
            return
        state = self.__dict__
        handlers = state.get("_signal_handlers")
        if handlers:
            for signum in list(handlers):
                self.remove_signal_handler(signum)
        self._mark_closed()
        executor = state.pop("_default_executor", None)
        if executor is not None:
            executor.shutdown(wait=False)

    def _timer_handle_cancelled(self, handle):
        pass

    def _asyncgen_firstiter_hook(self, agen):
        if self._note_asyncgen(agen):
            import warnings

            warnings.warn(
                f"asynchronous generator {agen!r} was scheduled after loop.shutdown_asyncgens() call",
                ResourceWarning,
                source=self,
            )

    def _asyncgen_finalizer_hook(self, agen):
        if not self.is_closed():
            self.call_soon_threadsafe(self.create_task, _aclose(agen))

    async def shutdown_asyncgens(self):
        closing = self._take_asyncgens()
        if not closing:
            return
        results = await _module("tasks").gather(*[agen.aclose() for agen in closing], return_exceptions=True)
        for result, agen in zip(results, closing):
            if isinstance(result, Exception):
                self.call_exception_handler(
                    {
                        "message": f"an error occurred during closing of asynchronous generator {agen!r}",
                        "exception": result,
                        "asyncgen": agen,
                    }
                )

    async def shutdown_default_executor(self, timeout=None):
        executor = self.__dict__.get("_default_executor")
        self.__dict__["_executor_shutdown_called"] = True
        if executor is not None:
            self.__dict__["_default_executor"] = None
            executor.shutdown(wait=True)

    def call_exception_handler(self, context):
        handler = self.get_exception_handler()
        if handler is None:
            try:
                self.default_exception_handler(context)
            except (SystemExit, KeyboardInterrupt):
                raise
            except BaseException:
                _module("log").logger.error("Exception in default exception handler", exc_info=True)
            return
        try:
            handler(self, context)
        except (SystemExit, KeyboardInterrupt):
            raise
        except BaseException as error:
            try:
                self.default_exception_handler(
                    {"message": "Unhandled error in exception handler", "exception": error, "context": context}
                )
            except (SystemExit, KeyboardInterrupt):
                raise
            except BaseException:
                _module("log").logger.error(
                    "Exception in default exception handler while handling an unexpected error in custom"
                    " exception handler",
                    exc_info=True,
                )

    def default_exception_handler(self, context):
        message = context.get("message") or "Unhandled exception in event loop"
        error = context.get("exception")
        info = (type(error), error, error.__traceback__) if error is not None else False
        lines = [message]
        for key in sorted(context):
            if key not in ("message", "exception"):
                lines.append(f"{key}: {context[key]!r}")
        _module("log").logger.error("\n".join(lines), exc_info=info)


async def _aclose(agen):
    await agen.aclose()


def _module(name):
    return __import__("asyncio." + name, None, None, ["*"])


def _isfuture(value):
    return isinstance(value, Future) or (
        hasattr(type(value), "_asyncio_future_blocking") and value._asyncio_future_blocking is not None
    )


def new_event_loop():
    """A new event loop."""
    return EventLoop()


def create_task(coro, **kwargs):
    """Schedules a coroutine on the running loop and returns its Task."""
    return get_running_loop().create_task(coro, **kwargs)


def ensure_future(coro_or_future, *, loop=None):
    """A future of a coroutine, a future or anything that can be awaited."""
    if isinstance(coro_or_future, Task) or _isfuture(coro_or_future):
        if loop is not None and loop is not coro_or_future.get_loop():
            raise ValueError("The future belongs to a different loop than the one specified as the loop argument")
        return coro_or_future
    if loop is None:
        loop = get_event_loop()
    try:
        return loop.create_task(coro_or_future)
    except TypeError:
        if not hasattr(type(coro_or_future), "__await__"):
            if hasattr(coro_or_future, "close") and hasattr(coro_or_future, "send"):
                coro_or_future.close()
            raise TypeError("An asyncio.Future, a coroutine or an awaitable is required") from None
    return loop.create_task(_wrap_awaitable(coro_or_future))


async def _wrap_awaitable(awaitable):
    return await awaitable


async def wait(fs, *, timeout=None, return_when="ALL_COMPLETED"):
    """Waits for futures, tasks or bare coroutines (which 3.11 stopped taking); returns the sets (done, pending)."""
    if _isfuture(fs) or hasattr(fs, "cr_frame"):
        raise TypeError(f"expect a list of futures, not {type(fs).__name__}")
    if not fs:
        raise ValueError("Set of Tasks/Futures is empty.")
    if return_when not in ("FIRST_COMPLETED", "FIRST_EXCEPTION", "ALL_COMPLETED"):
        raise ValueError(f"Invalid return_when value: {return_when}")
    loop = get_running_loop()
    return await _module("tasks")._wait({ensure_future(f, loop=loop) for f in set(fs)}, timeout, return_when, loop)


def _cancel_all_tasks(loop):
    left = all_tasks(loop)
    if not left:
        return
    for task in left:
        task.cancel()
    loop.run_until_complete(_module("tasks").gather(*left, return_exceptions=True))
    for task in left:
        if not task.cancelled() and task.exception() is not None:
            loop.call_exception_handler(
                {
                    "message": "unhandled exception during asyncio.run() shutdown",
                    "exception": task.exception(),
                    "task": task,
                }
            )


def run(main, *, debug=None, loop_factory=None):
    """Runs a coroutine in a loop of its own, and closes the loop with everything left in it."""
    if _get_running_loop() is not None:
        raise RuntimeError("asyncio.run() cannot be called from a running event loop")
    if not hasattr(main, "send") or not hasattr(main, "throw"):
        if not hasattr(type(main), "__await__"):
            raise TypeError("An asyncio.Future, a coroutine or an awaitable is required")
        main = _wrap_awaitable(main)
    loop = EventLoop() if loop_factory is None else loop_factory()
    try:
        set_event_loop(loop)
        if debug is not None:
            loop.set_debug(debug)
        task = loop.create_task(main)
        try:
            return loop.run_until_complete(task)
        except KeyboardInterrupt:
            # As Runner does: the main task is cancelled, and may clean up, before the interrupt goes on.
            if not task.done():
                task.cancel()
                try:
                    loop.run_until_complete(task)
                except BaseException as error:
                    if type(error).__name__ != "CancelledError":
                        raise
            raise
    finally:
        try:
            _cancel_all_tasks(loop)
            loop.run_until_complete(loop.shutdown_asyncgens())
            if "_default_executor" in loop.__dict__:
                loop.run_until_complete(loop.shutdown_default_executor())
        finally:
            set_event_loop(None)
            loop.close()


def get_event_loop_policy():
    return _Policy()


def set_event_loop_policy(policy):
    pass


class _Policy:
    """The policy interface that 3.14 deprecates, over the one loop there is."""

    def get_event_loop(self):
        return get_event_loop()

    def set_event_loop(self, loop):
        set_event_loop(loop)

    def new_event_loop(self):
        return EventLoop()
