

# ---- lasti: the default policy gives native loops ----
import asyncio as _asyncio_package


class _LoopPolicy(_BaseDefaultEventLoopPolicy):
    _loop_factory = _asyncio_package.EventLoop

    def get_event_loop(self):
        return _asyncio_package.get_event_loop()

    def set_event_loop(self, loop):
        _asyncio_package._set_event_loop(loop)


_LoopPolicy.__name__ = _LoopPolicy.__qualname__ = "_UnixDefaultEventLoopPolicy"
_LoopPolicy.__module__ = "asyncio.unix_events"


def _init_event_loop_policy():
    global _event_loop_policy
    with _lock:
        if _event_loop_policy is None:
            _event_loop_policy = _LoopPolicy()
