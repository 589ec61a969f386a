"""What the native loop takes from the library: sockets, servers, subprocesses, executors, signal handlers.

The library's loop classes are plain Python, so their methods run on any object with the attributes they use. Loading
this module makes them bases of the loop, behind the native class; the attributes are put into the loop's namespace when
the first of them is asked for.
"""

import selectors
import weakref

from asyncio import EventLoop, Loop, unix_events

EventLoop.__bases__ = (Loop, unix_events._UnixSelectorEventLoop)

# What must not come from there: it would go around the native loop.
_NATIVE = {"_selector", "_ready", "_scheduled", "_ssock", "_csock"}


def _prepare(loop):
    state = loop.__dict__
    state["_net_ready"] = True
    state.setdefault("_transports", weakref.WeakValueDictionary())
    state.setdefault("_signal_handlers", {})
    state.setdefault("_unix_server_sockets", {})
    state.setdefault("_default_executor", None)
    state.setdefault("_executor_shutdown_called", False)
    state.setdefault("_exception_handler", None)
    state.setdefault("_internal_fds", 0)
    state.setdefault("_thread_id", None)
    state.setdefault("_selector", _Selector(loop))
    # A child's end is told by its pidfd, so no signal handler and no other wait can take it away.
    pidfd = unix_events.can_use_pidfd()
    state.setdefault("_watcher", unix_events._PidfdChildWatcher() if pidfd else unix_events._ThreadedChildWatcher())


class _Selector:
    """The little of a selector that the library's transports look at."""

    def __init__(self, loop):
        self._loop = weakref.ref(loop)

    def get_map(self):
        return {}

    def get_key(self, fileobj):
        loop = self._loop()
        fd = fileobj if isinstance(fileobj, int) else fileobj.fileno()
        events = loop._watched(fd) if loop is not None else 0
        if not events:
            raise KeyError(f"{fileobj!r} is not registered")
        return selectors.SelectorKey(fileobj, fd, events, None)


def method(loop, name):
    if name in ("__getstate__", "__setstate__"):
        raise AttributeError(name)
    if "_net_ready" not in loop.__dict__:
        _prepare(loop)
        if name in loop.__dict__:
            return loop.__dict__[name]
    if name not in _NATIVE:
        # Found from now on without coming here.
        for cls in type(loop).__mro__:
            if name in cls.__dict__:
                return cls.__dict__[name].__get__(loop, type(loop))
    raise AttributeError(f"{type(loop).__name__!r} object has no attribute {name!r}")
