"""The running loop; the abstract classes and handles of the library's file load when first asked for."""

from _asyncio import _get_running_loop, _set_running_loop, get_event_loop, get_running_loop


def new_event_loop():
    import asyncio

    return asyncio.new_event_loop()


def set_event_loop(loop):
    import asyncio

    asyncio.set_event_loop(loop)


def __getattr__(name):
    if name.startswith("__"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from asyncio import _library_events

    # Not kept here: the policy in there may change.
    return getattr(_library_events, name)
