"""Telling coroutines apart; what formats them loads with the library's file when first asked for."""

from _types import CoroutineType


def iscoroutine(obj):
    """Whether an object is a coroutine, or has the methods of one."""
    if type(obj) is CoroutineType:
        return True
    from collections.abc import Coroutine

    return isinstance(obj, Coroutine)


def __getattr__(name):
    if name.startswith("__"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from asyncio import _library_coroutines

    value = getattr(_library_coroutines, name)
    globals()[name] = value
    return value
