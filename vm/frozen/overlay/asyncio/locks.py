"""Event, with its waiters in native code; the other locks are the library's, with native versions of what they do most."""

from _lasti_loop import _set_event_intrinsics, _set_lock_intrinsics, _Event

from . import mixins
from ._library_locks import Barrier, BoundedSemaphore, Condition, Lock, Semaphore, _BarrierState, _ContextManagerMixin

__all__ = ("Lock", "Event", "Condition", "Semaphore", "BoundedSemaphore", "Barrier")


class Event(_Event, mixins._LoopBoundMixin):
    """A flag that tasks wait for: those that do are parked until somebody sets it."""

    def __repr__(self):
        text = super().__repr__()
        state = "set" if self._value else "unset"
        if waiting := self._waiting():
            state = f"{state}, waiters:{waiting}"
        return f"<{text[1:-1]} [{state}]>"

    async def wait(self):
        """Wait until the event is set; gives True."""
        if self._value:
            return True
        fut = self._get_loop().create_future()
        self._add(fut)
        try:
            await fut
            return True
        finally:
            self._discard(fut)


# Calls of `wait`, `acquire` and the like do in native code what their Python code says (which runs where origins are tracked,
# and for objects that are not just as the library makes them).
_set_event_intrinsics(Event)
_set_lock_intrinsics(Lock, Semaphore, BoundedSemaphore, Condition)

for _class in Barrier, BoundedSemaphore, Condition, Lock, Semaphore, _BarrierState, _ContextManagerMixin:
    _class.__module__ = __name__
del _class
