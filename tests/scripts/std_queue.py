# queue.SimpleQueue: order, limits, what is raised, and threads that wait for each other through it.
import concurrent.futures
import queue
import threading

q = queue.SimpleQueue()
print(q.empty(), q.qsize())
for n in range(3):
    q.put(n)
q.put_nowait("last")
print(q.empty(), q.qsize(), q.get(), q.get(timeout=1), q.get_nowait(), q.get(False), q.empty())
for get in (q.get_nowait, lambda: q.get(False), lambda: q.get(timeout=0.01), lambda: q.get(True, 0)):
    try:
        get()
    except queue.Empty as e:
        print(type(e).__module__, type(e).__name__, e.args)
try:
    q.get(timeout=-1)
except ValueError as e:
    print(e)
print(queue.SimpleQueue[int])

answers = queue.SimpleQueue()


def work():
    while (item := q.get()) is not None:
        answers.put(item * item)
    answers.put(None)


threads = [threading.Thread(target=work) for _ in range(3)]
for t in threads:
    t.start()
for n in range(50):
    q.put(n)
for t in threads:
    q.put(None)
got, ends = [], 0
while ends < 3:
    a = answers.get(timeout=10)
    if a is None:
        ends += 1
    else:
        got.append(a)
print(sorted(got) == [n * n for n in range(50)])

with concurrent.futures.ThreadPoolExecutor(3) as pool:
    print(list(pool.map(lambda n: n + 1, range(10))))


class Mine(queue.SimpleQueue):
    pass


m = Mine()
m.put(m)
print(m.get() is m)
