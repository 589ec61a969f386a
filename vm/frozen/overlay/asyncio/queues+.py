
# `get`, `put` and their like have intrinsics for queues that keep their items as these two classes do.
from _lasti_loop import _set_queue_intrinsics

_set_queue_intrinsics(Queue, LifoQueue)
del _set_queue_intrinsics
