"""asyncio: a native loop, futures and tasks, with the library's own files behind them.

Only what nearly every script uses is made here. The rest comes from the submodules, which load when one of their
names is first asked for.
"""

import _signal
import posix
import sys

from _asyncio import (
    Future,
    Task,
    all_tasks,
    current_task,
    future_add_to_awaited_by,
    future_discard_from_awaited_by,
    get_event_loop as _current_loop,
    get_running_loop,
    set_event_loop as _set_event_loop,
    _enter_task,
    _get_running_loop,
    _leave_task,
    _register_task,
    _set_running_loop,
    _unregister_task,
)
from _lasti_loop import Handle, Loop, TimerHandle, create_task, gather, get_event_loop, _set_sleep_intrinsics, _yield_once

# Which submodule brings which names. Names of the stream, protocol and subprocess files cost the most to load.
_HOMES = {
    "base_events": "BaseEventLoop Server",
    "base_futures": "",
    "coroutines": "iscoroutinefunction iscoroutine",
    "events": "AbstractEventLoop AbstractServer AbstractEventLoopPolicy get_event_loop_policy set_event_loop_policy"
    " _AbstractEventLoopPolicy _get_event_loop_policy _set_event_loop_policy _init_event_loop_policy",
    "exceptions": "BrokenBarrierError CancelledError InvalidStateError IncompleteReadError"
    " LimitOverrunError SendfileNotAvailableError",
    "futures": "wrap_future isfuture",
    "graph": "capture_call_graph format_call_graph print_call_graph FrameCallGraphEntry FutureCallGraph",
    "locks": "Lock Event Condition Semaphore BoundedSemaphore Barrier",
    "protocols": "BaseProtocol Protocol DatagramProtocol SubprocessProtocol BufferedProtocol",
    "queues": "Queue PriorityQueue LifoQueue QueueFull QueueEmpty QueueShutDown",
    "runners": "Runner",
    "streams": "StreamReader StreamWriter StreamReaderProtocol open_connection start_server"
    " open_unix_connection start_unix_server",
    "subprocess": "create_subprocess_exec create_subprocess_shell",
    "taskgroups": "TaskGroup",
    "tasks": "FIRST_COMPLETED FIRST_EXCEPTION ALL_COMPLETED wait_for as_completed shield"
    " run_coroutine_threadsafe create_eager_task_factory eager_task_factory",
    "threads": "to_thread",
    "timeouts": "Timeout timeout timeout_at",
    "transports": "BaseTransport ReadTransport WriteTransport Transport DatagramTransport SubprocessTransport",
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names.split()}
_HOME_OF["TimeoutError"] = "exceptions"


async def sleep(delay, result=None):
    """Lets `delay` seconds pass, in which other tasks run, and gives `result`."""
    if delay <= 0:
        await _yield_once()
        return result
    if delay != delay:
        raise ValueError("Invalid delay: NaN (not a number)")
    loop = get_running_loop()
    future = loop.create_future()
    timer = loop.call_later(delay, _complete, future, result)
    try:
        return await future
    finally:
        timer.cancel()


def _complete(future, result):
    if not future.cancelled():
        future.set_result(result)


# Its coroutines are native where nobody asks for their origins.
sleep.__module__ = "asyncio.tasks"
_set_sleep_intrinsics(sleep)


def __getattr__(name):
    home = _HOME_OF.get(name)
    if home is not None:
        if name in ("AbstractEventLoop", "BaseEventLoop"):
            # Whoever asks for these may ask whether a loop is one: loading this makes it so.
            __import__("asyncio._lasti_net")
        module = __import__("asyncio." + home, None, None, ["*"])
        value = getattr(module, name)
        globals()[name] = value
        return value
    if name == "SelectorEventLoop":
        return EventLoop
    if name in ("DefaultEventLoopPolicy", "_DefaultEventLoopPolicy"):
        return _module("events")._LoopPolicy
    if name == "__all__":
        own = [n for n in globals() if not n.startswith("_") and n not in ("sys", "posix", "Loop")]
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

    slow_callback_duration = 0.1

    def __init__(self):
        if sys.flags.dev_mode or not sys.flags.ignore_environment and posix.environ.get(b"PYTHONASYNCIODEBUG"):
            self.set_debug(True)

    def _report_slow(self, what, seconds):
        _module("log").logger.warning("Executing %s took %.3f seconds", what, seconds)

    def __getattr__(self, name):
        from asyncio import _lasti_net

        return _lasti_net.method(self, name)

    def _run_once(self):
        self._once()

    def run_forever(self):
        self._enter()
        hooks = sys.get_asyncgen_hooks()
        depth = sys.get_coroutine_origin_tracking_depth()
        try:
            if self._debug:
                sys.set_coroutine_origin_tracking_depth(10)
            sys.set_asyncgen_hooks(firstiter=self._asyncgen_firstiter_hook, finalizer=self._asyncgen_finalizer_hook)
            _run_once(self)
        finally:
            self._leave()
            sys.set_asyncgen_hooks(*hooks)
            if self._debug:
                sys.set_coroutine_origin_tracking_depth(depth)

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

    def add_signal_handler(self, sig, callback, *args):
        """Has a callback run in the loop when a signal arrives."""
        if _module("coroutines").iscoroutine(callback) or _module("coroutines")._iscoroutinefunction(callback):
            raise TypeError("coroutines cannot be used with add_signal_handler()")
        _check_signal(sig)
        self._check_closed()
        handle = Handle(callback, args, self, None)

        def arrived(signum, frame):
            if handlers.get(signum) is handle:
                if handle.cancelled():
                    self.remove_signal_handler(signum)
                else:
                    self._add_callback(handle)

        handlers = self.__dict__.setdefault("_signal_handlers", {})
        try:
            _signal.signal(sig, arrived)
        except ValueError as error:
            # Only the main thread may.
            raise RuntimeError(str(error)) from None
        except OSError as error:
            if error.errno == 22:
                raise RuntimeError(f"sig {sig} cannot be caught") from None
            raise
        handlers[sig] = handle

    def remove_signal_handler(self, sig):
        """Takes a signal's callback away; whether there was one."""
        _check_signal(sig)
        if self.__dict__.get("_signal_handlers", {}).pop(sig, None) is None:
            return False
        handler = _signal.default_int_handler if sig == _signal.SIGINT else _signal.SIG_DFL
        try:
            _signal.signal(sig, handler)
        except OSError as error:
            if error.errno == 22:
                raise RuntimeError(f"sig {sig} cannot be caught") from None
            raise
        return True

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
        results = await gather(*[agen.aclose() for agen in closing], return_exceptions=True)
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


def _check_signal(sig):
    if not isinstance(sig, int):
        raise TypeError(f"sig must be an int, not {sig!r}")
    if not 1 <= sig <= 64:
        raise ValueError(f"invalid signal number {sig}")


async def _aclose(agen):
    await agen.aclose()


def _module(name):
    return __import__("asyncio." + name, None, None, ["*"])


def _isfuture(value):
    return isinstance(value, Future) or (
        hasattr(type(value), "_asyncio_future_blocking") and value._asyncio_future_blocking is not None
    )


def _own_policy():
    """The policy that a script set, which 3.14 deprecates; most never load what it stands in."""
    library = sys.modules.get("asyncio._library_events")
    return library and library._event_loop_policy


def new_event_loop():
    """A new event loop."""
    policy = _own_policy()
    return policy.new_event_loop() if policy else EventLoop()


def set_event_loop(loop):
    """Makes a loop the current one of this thread."""
    policy = _own_policy()
    if policy:
        policy.set_event_loop(loop)
    else:
        _set_event_loop(loop)


def ensure_future(coro_or_future, *, loop=None):
    """A future of a coroutine, a future or anything that can be awaited."""
    if isinstance(coro_or_future, Task) or _isfuture(coro_or_future):
        if loop is not None and loop is not coro_or_future.get_loop():
            raise ValueError("The future belongs to a different loop than the one specified as the loop argument")
        return coro_or_future
    if loop is None:
        loop = _current_loop()
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
    # Here and not in the tasks module, whose loading would take from the time that is waited for.
    loop = get_running_loop()
    futures = {ensure_future(f, loop=loop) for f in set(fs)}
    waiter = loop.create_future()
    left = len(futures)

    def release():
        if not waiter.done():
            waiter.set_result(None)

    def on_done(future):
        nonlocal left
        left -= 1
        if (
            left <= 0
            or return_when == "FIRST_COMPLETED"
            or return_when == "FIRST_EXCEPTION"
            and not future.cancelled()
            and future.exception() is not None
        ):
            if timer is not None:
                timer.cancel()
            release()

    timer = None if timeout is None else loop.call_later(timeout, release)
    for future in futures:
        future.add_done_callback(on_done)
    try:
        await waiter
    finally:
        if timer is not None:
            timer.cancel()
        for future in futures:
            future.remove_done_callback(on_done)
    done = {future for future in futures if future.done()}
    return done, futures - done


def _cancel_all_tasks(loop):
    left = all_tasks(loop)
    if not left:
        return
    for task in left:
        task.cancel()
    loop.run_until_complete(gather(*left, return_exceptions=True))
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
    loop = new_event_loop() if loop_factory is None else loop_factory()
    try:
        set_event_loop(loop)
        if debug is not None:
            loop.set_debug(debug)
        task = loop.create_task(main)
        interrupts = 0

        def on_interrupt(signum, frame):
            # The first Ctrl-C cancels the main task, so that it may clean up, and is raised when it is done.
            nonlocal interrupts
            interrupts += 1
            if interrupts == 1 and not task.done():
                task.cancel()
                return
            raise KeyboardInterrupt()

        # A script's own handler stays, and only the main thread may set one.
        taken = _signal.getsignal(_signal.SIGINT) is _signal.default_int_handler
        if taken:
            try:
                _signal.signal(_signal.SIGINT, on_interrupt)
            except ValueError:
                taken = False
        try:
            return loop.run_until_complete(task)
        except _module("exceptions").CancelledError:
            if interrupts and hasattr(task, "uncancel") and task.uncancel() == 0:
                raise KeyboardInterrupt()
            raise
        finally:
            if taken and _signal.getsignal(_signal.SIGINT) is on_interrupt:
                _signal.signal(_signal.SIGINT, _signal.default_int_handler)
    finally:
        try:
            _cancel_all_tasks(loop)
            loop.run_until_complete(loop.shutdown_asyncgens())
            if "_default_executor" in loop.__dict__:
                loop.run_until_complete(loop.shutdown_default_executor())
        finally:
            set_event_loop(None)
            loop.close()
