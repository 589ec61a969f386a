"""The native Future; what chains futures of threads to it loads with the library's file when first asked for."""

from _asyncio import Future, future_add_to_awaited_by, future_discard_from_awaited_by


def isfuture(obj):
    """Whether an object is a future, by the protocol (a task is one too)."""
    return hasattr(obj.__class__, "_asyncio_future_blocking") and obj._asyncio_future_blocking is not None


def __getattr__(name):
    if name.startswith("__"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from asyncio import _library_futures

    value = getattr(_library_futures, name)
    globals()[name] = value
    return value
