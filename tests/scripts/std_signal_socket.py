# signal and socket: handlers, alarms, sending oneself a signal, the loop's handlers; plain blocking sockets.
import asyncio
import os
import signal
import socket
import threading

seen = []
old = signal.signal(signal.SIGUSR1, lambda number, frame: seen.append((number == signal.SIGUSR1, frame.f_code.co_name)))
os.kill(os.getpid(), signal.SIGUSR1)
print(seen, old == signal.SIG_DFL, signal.getsignal(signal.SIGUSR1) is not None, signal.SIGINT, signal.Signals(15).name, signal.getsignal(signal.SIGINT) is signal.default_int_handler)
try:
    signal.raise_signal(signal.SIGINT)
except KeyboardInterrupt as error:
    print(repr(error))
signal.signal(signal.SIGALRM, lambda *_: seen.append("alarm"))
signal.setitimer(signal.ITIMER_REAL, 0.01)
signal.pause()
print(seen[-1])


def stop(*_):
    raise TimeoutError("from a handler")


signal.signal(signal.SIGALRM, stop)
signal.setitimer(signal.ITIMER_REAL, 0.01)
try:
    while True:
        pass
except TimeoutError as error:
    print(error)


async def main():
    loop = asyncio.get_running_loop()
    got = asyncio.Event()
    loop.add_signal_handler(signal.SIGUSR2, got.set)
    os.kill(os.getpid(), signal.SIGUSR2)
    await asyncio.wait_for(got.wait(), 5)
    print("in the loop", loop.remove_signal_handler(signal.SIGUSR2), loop.remove_signal_handler(signal.SIGUSR2))


asyncio.run(main())


async def interrupted():
    asyncio.get_running_loop().call_later(0.005, signal.raise_signal, signal.SIGINT)
    try:
        await asyncio.sleep(3600)
    except asyncio.CancelledError:
        print("main was cancelled")
        raise


try:
    asyncio.run(interrupted())
except KeyboardInterrupt:
    print("KeyboardInterrupt from run")
for bad in (lambda: signal.signal(999, stop), lambda: signal.signal(signal.SIGUSR1, "x"), lambda: signal.signal(signal.SIGKILL, stop)):
    try:
        bad()
    except (ValueError, TypeError, OSError) as error:
        print(type(error).__name__)

listener = socket.create_server(("127.0.0.1", 0))


def serve():
    connection, address = listener.accept()
    with connection:
        connection.sendall(connection.recv(100).upper())


thread = threading.Thread(target=serve)
thread.start()
with socket.create_connection(listener.getsockname(), timeout=5) as client:
    client.sendall(b"hello")
    print(client.recv(100), client.recv(100), client.gettimeout(), client.family.name, client.type.name)
thread.join()
listener.close()
a, b = socket.socketpair()
a.settimeout(0.01)
try:
    a.recv(1)
except TimeoutError as error:
    print(error)
a.setblocking(False)
try:
    a.recv(1)
except BlockingIOError as error:
    print(type(error).__name__)
print(b.send(b"abc"), a.recv(2), a.recv_into(bytearray(5)), a.getblocking(), a.fileno() >= 0)
b.shutdown(socket.SHUT_WR)
a.setblocking(True)
print(a.recv(5), a.close(), a.fileno())
b.close()
udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
udp.bind(("127.0.0.1", 0))
udp.sendto(b"datagram", udp.getsockname())
print(udp.recvfrom(100)[0], socket.inet_aton("127.0.0.1"), socket.htons(1) in (1, 256), socket.getaddrinfo("127.0.0.1", 80, type=socket.SOCK_STREAM)[0][4], udp.getsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR))
udp.close()
try:
    udp.recv(1)
except OSError as error:
    print(error.errno is not None)
