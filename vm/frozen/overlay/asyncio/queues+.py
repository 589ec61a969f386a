
# `get`, `put` and their like have intrinsics for queues that keep their items as these two classes do.
from _lasti_loop import _adopt_queues

_adopt_queues(Queue, LifoQueue)
del _adopt_queues
