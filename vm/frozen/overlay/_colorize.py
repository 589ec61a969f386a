# The library's module, which runs in this one when something of it is first asked for: its themes are dataclasses, and with those
# come inspect, ast, dis and tokenize, which traceback, logging and concurrent.futures would load without colouring anything.
import _imp
import _thread

_lock = _thread.RLock()


def __getattr__(name):
    own = globals()
    if not name.startswith("__"):
        with _lock:
            if name not in own:
                _run(own)
        if name in own:
            return own[name]
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__():
    with _lock:
        _run(globals())
    return sorted(globals())


def _run(own):
    listing = own.pop("__dir__", None)
    if listing is None:
        return
    # What somebody put here before stays.
    given = {name: value for name, value in own.items() if not name.startswith("_")}
    try:
        exec(_imp._lasti_code("_library_colorize"), own)
    except BaseException:
        own["__dir__"] = listing
        raise
    own.update(given)
