"""Who holds most gives way, and nobody else: greed.py still PID | slots | v6 | buffers N | idle | starved N."""
import os
import socket
import sys
import threading
import time

from client import (PORT, TLS, WEB, Reader, connect, dial, eventually, get, read_to_end, same, secure, test)
from wire import client_hello, serve

HOST, PLAIN, QUIET = "www.bed.test", "plain.bed.test", "far.quiet.bed.test"
A, B, C = "127.0.0.2", "127.0.0.3", "127.0.0.4"
BUFFERS = int(sys.argv[2]) if len(sys.argv) > 2 else 0  # as many as the proxy has


def ask(path, host=HOST, extra="", **kw):
    return get(path, "%s:%d" % (host, TLS), extra, **kw)


def ask_clear(path, host=PLAIN, extra="", **kw):
    return get("http://%s:%d%s" % (host, WEB, path), "%s:%d" % (host, WEB), extra, **kw)


def served_inside(source):
    s = secure(HOST, source=source)
    s.sendall(ask("/hello", extra="Connection: close\r\n"))
    same(Reader(s).response().body, b"hello from www\n")
    s.close()


def served_clear(source):
    s = dial(source=source)
    s.sendall(ask_clear("/hello", extra="Connection: close\r\n"))
    same(Reader(s).response().body, b"hello from plain\n")
    s.close()


# --- a transfer beside connections that end -----------------------------------------
class Watched:
    """What the kernel knows of the proxy: is it asleep, how often has it slept, what waits in its sockets."""

    def __init__(self, pid):
        self.pid = pid

    def sleeps(self):
        """(asleep, how often it has gone to sleep)."""
        fields = {}
        with open("/proc/%d/status" % self.pid) as lines:
            for line in lines:
                name, value = line.split(":", 1)
                fields[name] = value.split()[0] if value.split() else ""
        return fields["State"] == "S", fields["voluntary_ctxt_switches"]

    def unread(self, port):
        """Bytes that have come from that port of an origin and were not taken."""
        most = 0
        with open("/proc/%d/net/tcp" % self.pid) as lines:
            for line in list(lines)[1:]:
                words = line.split()
                if int(words[2].split(":")[1], 16) == port:
                    most = max(most, int(words[4].split(":")[1], 16))
        return most


def stands_still(watched, port, moved):
    """Asleep all the time without waking once, with bytes of the origin unread and nobody in the way: no machine is
    too slow for that.  A proxy that is only slow runs, or wants to."""
    before = watched.sleeps()
    for _ in range(10):
        time.sleep(0.05)
        if moved() or watched.sleeps() != before or not before[0] or watched.unread(port) == 0:
            return False
    return True


def transfer(watched, begin, port):
    """Others that end beside one transfer, one at a time, and then nothing happens that could wake the proxy."""
    still = 0
    for _ in range(80):
        others = [dial() for _ in range(3)]
        s = begin()
        count = [0]
        gone = threading.Event()

        def read():
            buf = bytearray(1 << 20)
            try:
                while not gone.is_set():
                    n = s.recv_into(buf)
                    if n == 0:
                        return
                    count[0] += n
            except (OSError, ValueError):
                pass

        reader = threading.Thread(target=read)
        reader.start()
        assert eventually(lambda: count[0] > 1 << 20, 20), "the transfer does not begin"
        others[1].close()
        seen = count[0]
        time.sleep(0.01)
        # Only what moved after the close counts, and more than the sockets had in them.
        if not eventually(lambda: count[0] > seen + (8 << 20), 0.3):
            at = count[0]
            still += stands_still(watched, port, lambda: count[0] > at)
        gone.set()
        s.close()
        for o in others:
            o.close()
        reader.join()
        if still:
            break
    same(still, 0)


def transfer_clear():
    s = dial()
    s.sendall(ask_clear("/bytes/4000000000"))
    return s


def transfer_inside():
    s = secure(HOST)
    s.sendall(ask("/bytes/4000000000"))
    return s


# --- slots ------------------------------------------------------------------------------
def begin_tunnel(source, family):
    addr = "::1" if family == socket.AF_INET6 else "127.0.0.1"
    s = socket.create_connection((addr, PORT), 15, (source, 0))
    s.sendall(b"CONNECT %s:%d HTTP/1.1\r\nHost: %s:%d\r\n\r\n" % (QUIET.encode(), TLS, QUIET.encode(), TLS))
    return s, int(Reader(s).until(b"\r\n\r\n").split()[1])


def tunnel(source, family=socket.AF_INET):
    """Again for a while: what was closed before may not have left yet."""
    opened = []

    def opens():
        s, status = begin_tunnel(source, family)
        opened.append(s)
        return status == 200

    assert eventually(opens, 10), "no tunnel for %s" % source
    return opened[-1]


def two_greedy():
    held = [tunnel(source) for source in (A, B) for _ in range(64)]
    for _ in range(3):
        served_clear(C)
        served_inside(C)
    # Who was not chosen lives: the third needed few of them.
    dead = 0
    for s in held:
        s.setblocking(False)
        try:
            dead += s.recv(1) == b""
        except BlockingIOError:
            pass
        except OSError:
            dead += 1
    assert dead <= 6, "%d tunnels ended for six connections" % dead
    for s in held:
        s.close()


def one_greedy():
    """One address that wants more than all: it is told, in words, and others are served."""
    held = [tunnel(A) for _ in range(128)]
    s = dial(source=A)
    s.sendall(b"CONNECT %s:%d HTTP/1.1\r\nHost: %s:%d\r\n\r\n" % (QUIET.encode(), TLS, QUIET.encode(), TLS))
    same(Reader(s).response().status, 503)
    s = dial(source=A)
    s.sendall(ask_clear("/hello"))
    same(Reader(s).response().status, 503)
    served_clear(C)
    for s in held:
        s.close()


def v6_prefix(prefixes):
    """128 tunnels from addresses of their own, all in so many /64: another /64 and an IPv4 client are served."""
    held = [tunnel("fd77:%x::%x" % (1 + i % prefixes, i + 1), socket.AF_INET6) for i in range(128)]
    for n in range(3):
        s = socket.create_connection(("::1", PORT), 15, ("fd77:ff::%x" % (n + 1), 0))
        s.sendall(ask_clear("/hello", extra="Connection: close\r\n"))
        same(Reader(s).response().body, b"hello from plain\n")
        served_clear(C)
    for s in held:
        s.close()


# --- buffers and chains --------------------------------------------------------------------
def unread(source, n, inside=False):
    """Downloads that nobody reads: each holds buffers for as long as it is let."""
    held = []
    for _ in range(n):
        s = secure(HOST, source=source) if inside else dial(source=source)
        s.sendall(ask("/bytes/50000000") if inside else ask_clear("/bytes/50000000"))
        held.append(s)
    return held


def beside_unread(sources, inside):
    held = [s for source in sources for s in unread(source, BUFFERS // len(sources) + 1, inside)]
    time.sleep(0.5)  # until they have filled what they can
    for _ in range(2):
        served_clear(C)
        served_inside(C)
    for s in held:
        s.close()


def beside_mumblers():
    """Origins that stop in a ServerHello, for two clients: the third waits for no chain."""
    begun = []

    def one(s):
        s.recv(65536)
        s.sendall(b"\x16\x03\x03\x00\x60\x02\x00\x00\x5c\x03\x03")
        begun.append(s)
        time.sleep(60)

    serve("mumble.bed.test", one)
    held = []
    for source in (A, B):
        for _ in range(8):
            s, status = connect("mumble.bed.test", source=source)
            same(status, 200)
            s.sendall(client_hello("mumble.bed.test"))
            held.append(s)
    assert eventually(lambda: len(begun) >= 16, 10), "only %d origins were reached" % len(begun)
    for _ in range(2):
        served_inside(C)
    for s in held:
        s.close()


# --- idle ones ---------------------------------------------------------------------------------
def honest_idle(inside):
    """Two kept connections of an honest client live through all that a greedier one opens."""
    kept = []
    for _ in range(2):
        s = secure(HOST, source=B) if inside else dial(source=B)
        kept.append((s, Reader(s)))
    died = 0
    for round_ in range(8):
        for s, r in kept:
            body = b"round %d" % round_
            extra = "Content-Length: %d\r\n" % len(body)
            try:
                s.sendall((ask("/echo", extra=extra, method="POST") if inside else
                           ask_clear("/echo", extra=extra, method="POST")) + body)
                same(r.response().body, body)
            except (OSError, EOFError):
                died += 1
        if died:
            break
        greedy = []
        for _ in range(24):
            g = dial(source=A)
            g.sendall(ask_clear("/hello"))
            greedy.append(g)
        for g in greedy:
            try:
                Reader(g).response()
            except (OSError, EOFError):
                pass
        for g in greedy:
            g.close()
    same(died, 0)


# --- starved -------------------------------------------------------------------------------------
def starved():
    """No buffers, and nobody who would have to give way: what is heard in the end by who asks, and by who says a hello."""
    hello, status = connect(HOST, source=A)
    same(status, 200)
    held = unread(A, BUFFERS + 4)
    time.sleep(2)
    s = dial(source=A)
    s.sendall(ask_clear("/hello"))
    hello.sendall(client_hello(HOST))
    heard = [read_to_end(s, 40), read_to_end(hello, 40)]
    for h in held:
        h.close()
    return heard


def hears(answer, start):
    data, end = answer
    assert data.startswith(start), "got %r, %s" % (data[:80], end)


def main():
    part = sys.argv[1]
    if part == "still":
        watched = Watched(int(sys.argv[2]))
        test("a transfer in clear goes on when others end", transfer, watched, transfer_clear, WEB)
        test("a transfer inside TLS goes on when others end", transfer, watched, transfer_inside, TLS)
    elif part == "slots":
        test("two addresses with 64 tunnels each: a third is served", two_greedy)
        test("one address with all slots is told so, another is served", one_greedy)
    elif part == "v6":
        test("128 addresses of one /64: others are served", v6_prefix, 1)
        test("128 addresses of two /64: others are served", v6_prefix, 2)
    elif part == "buffers":
        test("beside unread downloads of one client with all buffers", beside_unread, (A,), False)
        test("beside unread downloads of one client with all buffers inside TLS", beside_unread, (A,), True)
        test("beside unread downloads of two clients with all buffers", beside_unread, (A, B), False)
        test("beside 8 origins that stop in a ServerHello for each of two clients", beside_mumblers)
    elif part == "idle":
        test("an honest client's kept connections live beside a greedier one", honest_idle, False)
        test("an honest client's kept connections inside TLS live beside a greedier one", honest_idle, True)
    elif part == "starved":
        asked, said = starved()
        test("without buffers: 503, no silence", hears, asked, b"HTTP/1.1 503 ")
        test("without buffers for a hello: an alert, no silence", hears, said, b"\x15\x03\x03\x00\x02\x02\x50")
    sys.stdout.flush()
    os._exit(0)  # past the threads


main()
