"""File control: what the library looks for when it loads. Calls say what is missing."""

F_DUPFD, F_GETFD, F_SETFD, F_GETFL, F_SETFL = range(5)
FD_CLOEXEC = 1
LOCK_SH, LOCK_EX, LOCK_NB, LOCK_UN = 1, 2, 4, 8


def _missing(name):
    def call(*args):
        raise NotImplementedError(f"lasti has no fcntl.{name} yet")

    call.__name__ = name
    return call


fcntl = _missing("fcntl")
ioctl = _missing("ioctl")
flock = _missing("flock")
lockf = _missing("lockf")
del _missing
