# Timeouts that no clock reaches, that are no number, or that are negative, for every wait that takes one.
import queue, select, socket, threading, time

def show(name, f):
    try:
        r = f()
    except (OverflowError, ValueError) as e:
        r = f'{type(e).__name__}: {e}'
    print(name, r)

lock = threading.Lock()
lock.acquire()
a, b = socket.socketpair()
b.send(b'x')
for t in 1e19, 1e300, float('inf'), float('nan'):
    print(t)
    show('sleep', lambda: time.sleep(t))
    show('Lock', lambda: lock.acquire(timeout=t))
    show('RLock', lambda: threading.RLock().acquire(timeout=t))
    if t == t:
        show('Event', lambda: threading.Event().wait(t))
    show('SimpleQueue', lambda: queue.SimpleQueue().get(True, t))
    show('settimeout', lambda: a.settimeout(t))
show('sleep', lambda: time.sleep(-1))
show('Lock', lambda: lock.acquire(timeout=-2))
show('Lock', lambda: lock.acquire(timeout=9.3e9))
show('Lock', lambda: lock.acquire(False, 1))
show('SimpleQueue', lambda: queue.SimpleQueue().get(True, -1))
show('settimeout', lambda: a.settimeout(-1))
with_lock = threading.Lock()
try:
    with with_lock:
        with_lock.release()
except RuntimeError as e:
    print(e)
for n in 0, 65536, 1, -1:
    show('stack_size', lambda: threading.stack_size(n))
    show('stack_size', threading.stack_size)
