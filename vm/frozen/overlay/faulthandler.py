"""Tracebacks on demand. lasti is safe code that does not get the signals this module is about (a crash of it is a bug that
ends with a message of its own), so enabling only remembers that it was asked for; the dumps are real.
"""

import sys as _sys

_enabled = False


def enable(file=None, all_threads=True, c_stack=True):
    """Remembers that tracebacks are wanted on fatal errors; nothing else."""
    global _enabled
    _descriptor(file)
    _enabled = True


def disable():
    """Undoes enable(); tells whether it was enabled."""
    global _enabled
    was, _enabled = _enabled, False
    return was


def is_enabled():
    return _enabled


def _descriptor(file):
    if file is None:
        file = _sys.stderr
        if file is None:
            raise RuntimeError("unable to get sys.stderr")
    if isinstance(file, int):
        if file < 0:
            raise ValueError("file is not a valid file descripter")
        return file
    number = file.fileno()
    file.flush()
    return number


def _lines(frame):
    n = 0
    while frame is not None:
        if n == 100:
            yield "  ...\n"
            return
        code = frame.f_code
        yield f'  File "{code.co_filename}", line {frame.f_lineno} in {code.co_name}\n'
        frame = frame.f_back
        n += 1


def dump_traceback(file=None, all_threads=True):
    """Writes the stack of this thread, and of the others if asked for, innermost call first."""
    import os
    import _thread

    fd = _descriptor(file)
    mine = _thread.get_ident()
    here = _sys._getframe(1)
    text = []
    if all_threads:
        for ident, frame in _sys._current_frames().items():
            if ident != mine:
                text += [f"Thread 0x{ident:016x} (most recent call first):\n", *_lines(frame), "\n"]
        text.append(f"Current thread 0x{mine:016x} (most recent call first):\n")
    else:
        text.append("Stack (most recent call first):\n")
    text += _lines(here)
    os.write(fd, "".join(text).encode("utf-8", "backslashreplace"))


_timer = None


def dump_traceback_later(timeout, repeat=False, file=None, exit=False):
    """Writes the stacks of all threads after a time, unless cancelled."""
    global _timer
    import os
    import threading

    if timeout <= 0:
        raise ValueError("timeout must be greater than 0")
    fd = _descriptor(file)
    cancel_dump_traceback_later()
    done = threading.Event()

    def watch():
        while not done.wait(timeout):
            os.write(fd, f"Timeout ({timeout!r})!\n".encode())
            dump_traceback(fd)
            if exit:
                os._exit(1)
            if not repeat:
                return

    thread = threading.Thread(target=watch, daemon=True)
    _timer = done
    thread.start()


def cancel_dump_traceback_later():
    global _timer
    if _timer is not None:
        _timer.set()
        _timer = None


def register(signum, file=None, all_threads=True, chain=False):
    """Writes a traceback when a signal arrives, between two instructions of the main thread."""
    import signal

    fd = _descriptor(file)
    before = signal.getsignal(signum)

    def handler(number, frame):
        dump_traceback(fd, all_threads)
        if chain and callable(before):
            before(number, frame)

    _registered.setdefault(signum, before)
    signal.signal(signum, handler)


_registered = {}


def unregister(signum):
    import signal

    if signum not in _registered:
        return False
    signal.signal(signum, _registered.pop(signum))
    return True
