"""Who says half a word holds no place for long, and what comes before a ClientHello hides it from nobody: halves.py."""
import os
import ssl
import sys
import threading
import time

from client import (TLS, WEB, End, Reader, connect, context, dial, forget, get, got, read_to_end, same, test)
from wire import any_hello, client_hello

HOST, PLAIN, QUIET, WAITS = "www.bed.test", "plain.bed.test", "echo.quiet.bed.test", "echo.bed.test"
BLOCKED = "ads.bed.test"
BOUND = 60  # the proxy's are 10 and 20 s; those of a tunnel and of an answer are hours


def ask(path, host=HOST, extra="", **kw):
    return get(path, "%s:%d" % (host, TLS), extra, **kw)


def ask_clear(path, host=PLAIN, extra="", **kw):
    return get("http://%s:%d%s" % (host, WEB, path), "%s:%d" % (host, WEB), extra, **kw)


# --- halves ---------------------------------------------------------------------------
def is_ended(s, trickle=None):
    """Within the bound, whatever is still said in the meantime."""
    def drip():
        try:
            for i in range(len(trickle)):
                time.sleep(1)
                s.sendall(trickle[i:i + 1])
        except OSError:
            pass

    if trickle:
        threading.Thread(target=drip, daemon=True).start()
    _, end = read_to_end(s, BOUND)
    assert end != End.OPEN, "open after %d s" % BOUND


def tunnel(host):
    s, status = connect(host)
    same(status, 200)
    return s


def kept():
    s = dial()
    s.sendall(ask_clear("/hello"))
    same(Reader(s).response().status, 200)
    return s


def kept_tunnel(host):
    """A CONNECT in two pieces on a kept connection."""
    s = kept()
    head = b"CONNECT %s:%d HTTP/1.1\r\nHost: %s:%d\r\n\r\n" % (host.encode(), TLS, host.encode(), TLS)
    s.sendall(head[:20])
    time.sleep(0.5)
    s.sendall(head[20:])
    same(Reader(s).until(b"\r\n\r\n").split()[1], b"200")
    return s


class Inside:
    """A TLS session over a socket whose bytes are in our hands."""

    def __init__(self, s, host):
        self.s, self.incoming, self.outgoing = s, ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = context().wrap_bio(self.incoming, self.outgoing, server_hostname=host)
        s.settimeout(15)
        self.until_done(self.tls.do_handshake)

    def until_done(self, step):
        while True:
            try:
                result = step()
                self.s.sendall(self.outgoing.read())
                return result
            except ssl.SSLWantReadError:
                self.s.sendall(self.outgoing.read())
                self.incoming.write(self.s.recv(65536))

    def wire(self, data):
        """Its records, not sent."""
        self.tls.write(data)
        return self.outgoing.read()

    def exchange(self):
        self.s.sendall(self.wire(ask("/hello")))
        data = b""
        while b"hello from www\n" not in data:
            data += self.until_done(lambda: self.tls.read(65536))


def half_hello():
    hello = client_hello(QUIET)
    s = tunnel(QUIET)
    s.sendall(hello[:40])
    is_ended(s)


def trickled_hello():
    hello = client_hello(QUIET)
    s = tunnel(QUIET)
    s.sendall(hello[:20])
    is_ended(s, hello[20:80])


def half_hello_kept():
    s = kept_tunnel(QUIET)
    s.sendall(client_hello(QUIET)[:40])
    is_ended(s)


def half_hello_inspected():
    s = tunnel(HOST)
    s.sendall(client_hello(HOST)[:40])
    is_ended(s)


def begun_record(exchanges, opened):
    t = Inside(opened(HOST), HOST)
    for _ in range(exchanges):
        t.exchange()
    t.s.sendall(t.wire(ask("/hello"))[:20])
    is_ended(t.s)


def begun_head_inside(exchanges, trickle):
    t = Inside(tunnel(HOST), HOST)
    for _ in range(exchanges):
        t.exchange()
    t.s.sendall(t.wire(ask("/hello")[:30]))
    is_ended(t.s, t.wire(b"x" * 60) if trickle else None)


def begun_head_clear(first):
    s = dial() if first else kept()
    s.sendall(ask_clear("/hello")[:30])
    is_ended(s, b"x" * 60)


HALVES = [
    ("half a ClientHello in a named tunnel", half_hello),
    ("a ClientHello in a named tunnel, a byte a second", trickled_hello),
    ("half a ClientHello in a named tunnel, its CONNECT in two pieces on a kept connection", half_hello_kept),
    ("half a ClientHello to an inspected host", half_hello_inspected),
    ("a begun record as the first", lambda: begun_record(0, tunnel)),
    ("a begun record as the first, its CONNECT in two pieces on a kept connection", lambda: begun_record(0, kept_tunnel)),
    ("a begun record after an exchange", lambda: begun_record(1, tunnel)),
    ("a begun head inside TLS, after an exchange", lambda: begun_head_inside(1, False)),
    ("a begun head inside TLS, a byte a second", lambda: begun_head_inside(1, True)),
    ("a begun head in clear, a byte a second", lambda: begun_head_clear(True)),
    ("a begun head in clear, after an exchange, a byte a second", lambda: begun_head_clear(False)),
]


# --- before a ClientHello -----------------------------------------------------------------
def record(kind, data):
    return bytes([kind]) + b"\x03\x03" + len(data).to_bytes(2, "big") + data


def refused(host, *pieces):
    """Nothing of it reaches the origin."""
    forget("echo.quiet")
    s = tunnel(host)
    for piece in pieces:
        s.sendall(piece)
        time.sleep(0.3)
    data, end = read_to_end(s, 15)
    assert end != End.OPEN, "left open"
    assert data == b"" or data[:1] == b"\x15", "no alert: %r" % data[:60]
    same(got("echo.quiet"), b"")


def before(host, kind, count=1, piecewise=False):
    first = record(kind, b"\x01\x00") * count
    pieces = [first[:1], first[1:], client_hello(BLOCKED)] if piecewise else [first + client_hello(BLOCKED)]
    refused(host, *pieces)


BEFORE = [("record type %d before a ClientHello in a tunnel" % kind, QUIET, kind, 1, False) for kind in (20, 21, 23, 24)]
BEFORE += [("an alert before a ClientHello to be inspected", WAITS, 21, 1, False),
           ("five alerts before a ClientHello in a tunnel", QUIET, 21, 5, False),
           ("an alert before a ClientHello in a tunnel, byte by byte", QUIET, 21, 1, True)]


def waits_then_speaks():
    """A client that waits is let through where it may be, since servers may speak first; what it says then is heard."""
    s = tunnel(WAITS)
    time.sleep(13)
    forget("waits")
    try:
        s.sendall(any_hello(BLOCKED))
        read_to_end(s, 5)
    except OSError:
        pass
    same(got("waits"), b"")


def main():
    threads = [threading.Thread(target=test, args=("ended: " + name, run)) for name, run in HALVES]
    threads.append(threading.Thread(target=test, args=("a client that waits and then says another name", waits_then_speaks)))
    for t in threads:
        t.start()
    for case in BEFORE:
        test(case[0], before, *case[1:])
    for t in threads:
        t.join()
    sys.stdout.flush()
    os._exit(0)  # past the threads


main()
