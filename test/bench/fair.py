"""A small request of client B on a kept, inspected connection, idle and beside a greedy client A: fair.py [ROUNDS].

Each case is measured beside its own idle time, several rounds interleaved; the best of the rounds is told, since what
else the machine does only adds.  What A does runs in processes of its own at the lowest priority, so that it is the proxy
that is measured and not the machine.
"""
import gc
import os
import signal
import socket
import ssl
import sys
import threading
import time

from client import PORT, TLS, Reader, connect, context, get, same, secure
from wire import any_hello, client_hello, serve

B_HOST, A_HOST, MUMBLE, QUIET = "www.bed.test", "rsa.bed.test", "mumble.bed.test", "far.quiet.bed.test"
A, A2 = "127.0.0.2", "127.0.0.3"
REQUESTS, PAUSE = 1000, 0.002
EMPTY = b"\x16\x03\x03\x00\x00" * 20000  # handshake records of no bytes


# --- client B ---------------------------------------------------------------------------
class Kept:
    def __init__(self):
        self.s = secure(B_HOST)
        self.s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.r = Reader(self.s)
        self.request = get("/hello", "%s:%d" % (B_HOST, TLS))

    def once(self):
        began = time.perf_counter()
        self.s.sendall(self.request)
        same(self.r.response().status, 200)
        return time.perf_counter() - began


def measure():
    """(median, p99) in ms of kept requests."""
    b, times = Kept(), []
    for _ in range(50):
        b.once()
    for _ in range(REQUESTS):
        times.append(b.once())
        time.sleep(PAUSE)
    b.s.close()
    times.sort()
    return times[len(times) // 2] * 1000, times[len(times) * 99 // 100] * 1000


# --- client A ---------------------------------------------------------------------------
def tls_to(host, source):
    s, _ = connect(host, source=source)
    s.settimeout(30)
    c = context()
    return c.wrap_socket(s, server_hostname=host)


def forever(step):
    while True:
        try:
            step()
        except (OSError, AssertionError, ssl.SSLError):
            time.sleep(0.05)


def handshakes():
    forever(lambda: tls_to(A_HOST, A).close())


def stalls():
    """Twenty at a time to an origin that stops in its ServerHello, again and again."""
    def step():
        held = []
        for _ in range(20):
            s, _ = connect(MUMBLE, source=A)
            s.sendall(client_hello(MUMBLE))
            held.append(s)
        time.sleep(1)
        for s in held:
            s.close()

    forever(step)


def floods():
    def step():
        s, _ = connect(A_HOST, source=A)
        s.sendall(any_hello(A_HOST))
        s.recv(65536)
        while True:
            s.sendall(EMPTY)

    forever(step)


def greedy(source):
    """64 tunnels, and as many more as are let in place of those that end."""
    def run():
        held = []

        def step():
            while len(held) < 64:
                s, status = connect(QUIET, source=source)
                if status != 200:
                    raise OSError
                held.append(s)
            for s in held:
                s.setblocking(True)
                s.settimeout(0.01)
                try:
                    s.sendall(b"x" * 1000)
                    if not s.recv(4096):
                        held.remove(s)
                        return
                except TimeoutError:
                    pass
                except OSError:
                    held.remove(s)
                    return

        forever(step)
    return run


CASES = [
    ("8 workers that open handshakes", [handshakes] * 8),
    ("origins stalled in a ServerHello", [stalls] * 2),
    ("floods of empty records", [floods] * 3),
    ("two addresses with 64 tunnels each", [greedy(A), greedy(A2)]),
]


def attack(workers):
    pids = []
    for work in workers:
        pid = os.fork()
        if pid == 0:
            os.nice(39)
            try:
                work()
            finally:
                os._exit(0)
        pids.append(pid)
    time.sleep(1.5)
    return pids


def end(pids):
    for pid in pids:
        os.kill(pid, signal.SIGKILL)
    for pid in pids:
        os.waitpid(pid, 0)
    time.sleep(1)


def mumbles(s):
    s.recv(65536)
    s.sendall(b"\x16\x03\x03\x00\x60\x02\x00\x00\x5c\x03\x03")
    time.sleep(60)


def main():
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    gc.disable()
    if os.fork() == 0:  # the origin that stalls
        serve(MUMBLE, mumbles, backlog=512)
        threading.Event().wait(600)
        os._exit(0)
    print("%-38s %9s %9s %9s %9s %7s" % ("client B, ms", "median", "beside A", "p99", "beside A", "ratio"))
    for name, workers in CASES:
        got, served = [], True
        for _ in range(rounds):
            idle = measure()
            pids = attack(workers)
            try:
                got.append(idle + measure())
            except (OSError, EOFError, AssertionError) as e:
                served = "%s %s" % (type(e).__name__, e)
            end(pids)
        if not got:
            print("%-38s is not served: %s" % (name, served))
            continue
        i50, i99, a50, a99 = (min(r[k] for r in got) for k in range(4))
        print("%-38s %9.2f %9.2f %9.2f %9.2f %7.1f%s" % (name, i50, a50, i99, a99, a99 / i99,
                                                      "" if served is True else "  (not served in all rounds: %s)" % served))
        sys.stdout.flush()
    os.kill(0, signal.SIGTERM)


if os.fork() == 0:
    os.setpgid(0, 0)
    main()
os.wait()
sys.stdout.flush()
os._exit(0)
