# Blocking waits do not wake up to look around: their switches are counted. A signal ends each, its handler runs, and the wait goes on.
import os, queue, select, signal, socket, subprocess, threading, time

def switches():
    with open('/proc/thread-self/status') as f:
        return next(int(l.split()[1]) for l in f if l.startswith('voluntary'))

handled = []
signal.signal(signal.SIGUSR1, lambda *a: handled.append(1))

def check(name, wait, end):
    handled.clear()
    def act():
        time.sleep(.05)
        os.kill(os.getpid(), signal.SIGUSR1)
        time.sleep(.05)
        end()
    t = threading.Thread(target=act)
    t.start()
    before = switches()
    r = wait()
    print(name, r, len(handled), switches() - before < 15)
    t.join()

before = switches()
time.sleep(.3)
print(switches() - before < 5)
lock = threading.Lock()
lock.acquire()
check('Lock', lock.acquire, lock.release)
event = threading.Event()
check('Event', event.wait, event.set)
q = queue.SimpleQueue()
check('SimpleQueue', q.get, lambda: q.put(1))
r, w = os.pipe()
check('read', lambda: os.read(r, 1), lambda: os.write(w, b'x'))
check('select', lambda: len(select.select([r], [], [])[0]), lambda: os.write(w, b'x'))
a, b = socket.socketpair()
check('recv', lambda: a.recv(1), lambda: b.send(b'x'))
p = subprocess.Popen(['cat'], stdin=subprocess.PIPE)
check('waitpid', p.wait, p.stdin.close)
