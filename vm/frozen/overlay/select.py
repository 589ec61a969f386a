"""Waiting for descriptors: `select` is native, `poll` and `epoll` objects keep their lists here."""

from _select import *
from _select import _poll

EPOLLIN, EPOLLPRI, EPOLLOUT, EPOLLERR, EPOLLHUP = 1, 2, 4, 8, 16
EPOLLRDNORM, EPOLLRDBAND, EPOLLWRNORM, EPOLLWRBAND, EPOLLMSG = 0x40, 0x80, 0x100, 0x200, 0x400
EPOLLRDHUP, EPOLLEXCLUSIVE, EPOLLONESHOT, EPOLLET = 0x2000, 1 << 28, 1 << 30, 1 << 31
EPOLL_CLOEXEC = 0x80000


def _descriptor(file):
    if isinstance(file, int):
        fd = file
    else:
        try:
            fd = file.fileno
        except AttributeError:
            raise TypeError("argument must be an int, or have a fileno() method") from None
        fd = fd()
        if not isinstance(fd, int):
            raise TypeError("fileno() returned a non-integer")
    if fd < 0:
        raise ValueError(f"file descriptor cannot be a negative integer ({fd})")
    return fd


class poll:
    """A polling object, which supports registering and unregistering file descriptors."""

    __slots__ = ("_fds", "_polling")

    def __init__(self):
        self._fds = {}
        self._polling = False

    def register(self, fd, eventmask=POLLIN | POLLPRI | POLLOUT, /):
        """Register a file descriptor with the polling object."""
        self._fds[_descriptor(fd)] = _mask(eventmask)

    def modify(self, fd, eventmask, /):
        """Modify an already registered file descriptor."""
        fd = _descriptor(fd)
        if fd not in self._fds:
            raise FileNotFoundError(2, "No such file or directory")
        self._fds[fd] = _mask(eventmask)

    def unregister(self, fd, /):
        """Remove a file descriptor being tracked by the polling object."""
        del self._fds[_descriptor(fd)]

    def poll(self, timeout=None, /):
        """Polls the registered file descriptors; the timeout is in milliseconds."""
        if timeout is not None:
            if not isinstance(timeout, (int, float)):
                raise TypeError("timeout must be an integer or None")
            timeout = None if timeout < 0 else timeout / 1000
        if self._polling:
            raise RuntimeError("concurrent poll() invocation")
        self._polling = True
        try:
            return _poll(list(self._fds.items()), timeout)
        finally:
            self._polling = False




def _mask(events):
    if not isinstance(events, int):
        raise TypeError(f"{type(events).__name__!r} object cannot be interpreted as an integer")
    if events < 0:
        raise ValueError("value must be positive")
    if events > 0xFFFF:
        raise OverflowError("Python int too large to convert to C unsigned short")
    return events


class epoll:
    """select.epoll(sizehint=-1, flags=0)

    Level-triggered, or once with EPOLLONESHOT; EPOLLET reports as often as level-triggered does."""

    def __init__(self, sizehint=-1, flags=0):
        if sizehint != -1 and sizehint <= 0:
            raise ValueError("negative sizehint")
        if flags & ~EPOLL_CLOEXEC:
            raise OSError(22, "Invalid argument")
        self._fds = {}
        self._closed = False

    def _check(self):
        if self._closed:
            raise ValueError("I/O operation on closed epoll object")

    @property
    def closed(self):
        """True if the epoll handler is closed"""
        return self._closed

    def close(self):
        """Close the epoll control file descriptor."""
        self._closed = True
        self._fds.clear()

    def __enter__(self):
        self._check()
        return self

    def __exit__(self, exc_type=None, exc_value=None, exc_tb=None, /):
        self.close()

    def register(self, fd, eventmask=EPOLLIN | EPOLLPRI | EPOLLOUT):
        """Registers a new fd or raises an OSError if the fd is already registered."""
        self._check()
        fd = _descriptor(fd)
        if fd in self._fds:
            raise FileExistsError(17, "File exists")
        self._fds[fd] = eventmask

    def modify(self, fd, eventmask):
        """Modify event mask for a registered file descriptor."""
        self._check()
        fd = _descriptor(fd)
        if fd not in self._fds:
            raise FileNotFoundError(2, "No such file or directory")
        self._fds[fd] = eventmask

    def unregister(self, fd):
        """Remove a registered file descriptor from the epoll object."""
        self._check()
        if self._fds.pop(_descriptor(fd), None) is None:
            raise FileNotFoundError(2, "No such file or directory")

    def poll(self, timeout=None, maxevents=-1):
        """Wait for events; the timeout is in seconds."""
        self._check()
        if timeout is not None and timeout < 0:
            timeout = None
        if maxevents == -1:
            maxevents = len(self._fds) + 1
        elif maxevents <= 0:
            raise ValueError(f"maxevents must be greater than 0, got {maxevents}")
        found = []
        # The kernel forgets closed descriptors by itself.
        for fd, events in _poll([(fd, mask & 0xFFFF) for fd, mask in self._fds.items()], timeout):
            if events & POLLNVAL:
                self._fds.pop(fd, None)
                continue
            mask = self._fds.get(fd, 0)
            if mask & EPOLLONESHOT:
                self._fds[fd] = 0
            if mask:
                found.append((fd, events))
        return found[:maxevents]
