"""Clients and origins that would hold the proxy up, and those beside them: hold.py others | late | idle | silence."""
import os
import socket
import ssl
import sys
import threading
import time

from client import (TLS, WAIT, WEB, End, Reader, address, connect, context, dial, eventually, forget, get, got, has, read_to_end, same,
                    secure, test)

HOST, PLAIN, SECOND = "www.bed.test", "plain.bed.test", "second.bed.test"
EMPTY = b"\x16\x03\x03\x00\x00" * 50000  # handshake records of no bytes
CPU = int(os.environ.get("BED_CPU", "10"))  # seconds that serving beside a flood may cost at most: see served_beside
GREEDY, MODEST = "127.0.0.2", "127.0.0.3"


def ask(path, host=HOST, extra="", **kw):
    return get(path, "%s:%d" % (host, TLS), extra, **kw)


def ask_clear(path, host=PLAIN, extra="", **kw):
    return get("http://%s:%d%s" % (host, WEB, path), "%s:%d" % (host, WEB), extra, **kw)


def is_served(source=None):
    s = secure(HOST, source=source)
    s.sendall(ask("/hello", extra="Connection: close\r\n"))
    same(Reader(s).response().body, b"hello from www\n")
    s.close()


def client_hello(name):
    """The bytes of a ClientHello; None: without SNI."""
    c = ssl._create_unverified_context()
    out = ssl.MemoryBIO()
    try:
        c.wrap_bio(ssl.MemoryBIO(), out, server_hostname=name).do_handshake()
    except ssl.SSLWantReadError:
        pass
    return out.read()


def listen(host, serve):
    """An origin in this process: serve(socket) in a thread for each connection."""
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((address(host), TLS))
    listener.listen(64)

    def one(s):
        try:
            serve(s)
        except OSError:
            pass

    def run():
        while True:
            s, _ = listener.accept()
            threading.Thread(target=one, args=(s,), daemon=True).start()

    threading.Thread(target=run, daemon=True).start()


def greeted(host, source=None):
    """A tunnel in which a ClientHello has been said."""
    s, status = connect(host, source=source)
    same(status, 200)
    s.sendall(client_hello(host))
    return s


# --- floods -----------------------------------------------------------------------
class Flood:
    """Empty records into a socket until it is closed: the proxy does that when the handshake has had its time."""

    def __init__(self):
        self.sent, self.ended = 0, False

    def run(self, s):
        s.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 20)
        s.settimeout(None)
        try:
            while True:
                self.sent += s.send(EMPTY)
        except OSError:
            self.ended = True


def cpu_seconds():
    """What the proxy has used of a processor so far."""
    with open("/proc/%s/stat" % os.environ["PROXY_PID"]) as f:
        words = f.read().rsplit(")", 1)[1].split()
    return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")


def served_beside(start):
    """Eighty cost the proxy a second, with what it reads of the flood meanwhile; one that reads on as long as the flood lasts
    needs a fifth of a second for each, or serves none.  Seconds of its own processor time: on a busy machine it gets fewer
    of them, and so do those whom it serves.  start() begins floods; the proxy may end them, and then they begin again."""
    used, floods = 0.0, []
    for served in range(80):
        if not floods or any(f.ended for f in floods):
            floods = start()
            assert eventually(lambda: all(f.ended or f.sent >= 1 << 18 for f in floods)), "the flood does not begin"
        before = cpu_seconds()
        is_served()
        used += cpu_seconds() - before
        assert used < CPU, "%d of 80 were served in %d s of processor time" % (served, CPU)


def flooding_clients():
    sockets = []

    def start():
        floods = []
        while sockets:
            sockets.pop().close()
        for _ in range(3):
            s = greeted(HOST)
            has(s.recv(65536)[:1], b"\x16")
            sockets.append(s)
            floods.append(Flood())
            threading.Thread(target=floods[-1].run, args=(s,), daemon=True).start()
        return floods

    try:
        served_beside(start)
    finally:
        for s in sockets:
            try:
                s.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass


def flooding_origin():
    floods, sockets = [], []

    def serve(s):
        s.recv(65536)
        floods[-1].run(s)

    def start():
        while sockets:  # whose floods are over: they hold places that are this client's own
            sockets.pop().close()
        floods.append(Flood())
        sockets.append(greeted("flood.bed.test"))
        return floods[-1:]

    listen("flood.bed.test", serve)
    try:
        served_beside(start)
    finally:
        for s in sockets:
            s.close()


# --- silence --------------------------------------------------------------------------
def stalled(host):
    """Eight handshakes with an origin that will never come to an end, for one client."""
    held = []
    for _ in range(8):
        held.append(greeted(host, GREEDY))
    time.sleep(0.5)  # until the proxy is connected with all of them
    is_served(MODEST)
    is_served(MODEST)
    for s in held:
        s.close()


def mumbling_origins():
    def serve(s):
        s.recv(65536)
        s.sendall(b"\x16\x03\x03\x00\x60\x02\x00\x00")  # a ServerHello begins
        time.sleep(60)

    listen("mumble.bed.test", serve)
    stalled("mumble.bed.test")


def silent_origin():
    """The page is due after 20 s, and nothing else wakes this proxy but a look at its listeners, 10, 20 and 30 s after its
    start, which was just now: a page that needs that comes after 29 s.  Waking up takes a busy machine no 8 s."""
    start = time.monotonic()
    s, status = connect("mute.bed.test")
    same(status, 200)
    s.settimeout(WAIT)
    t = context().wrap_socket(s, server_hostname="mute.bed.test")
    t.sendall(ask("/", "mute.bed.test"))
    same(Reader(t).response().status, 504)
    took = time.monotonic() - start
    assert took < 28, "it took %.1f s" % took


# --- requests -------------------------------------------------------------------------
def pipelined(dial, ask):
    """Eight times: a proxy that forgets the second request and finds it when it looks at its listeners, each 10 s, would
    need more than a minute for what takes a moment."""
    end = time.monotonic() + 60
    for _ in range(8):
        s = dial()
        s.sendall(ask("/hello") + ask("/hello", extra="X-A: " + "a" * 20000 + "\r\n"))
        r = Reader(s)
        for _ in range(2):
            same(r.response().status, 200)
        assert time.monotonic() < end, "a minute is over"


def refused_upload(s, head):
    n = 1 << 20
    s.sendall(head[:-2] + b"Content-Length: %d\r\n\r\n" % n)
    for _ in range(32):  # slower than a linger that counts only what it sends
        s.sendall(b"y" * (n // 32))
        time.sleep(0.1)
    r = Reader(s)
    same(r.response().status, 403)
    same(read_to_end(s), (b"", End.CLEAN))


def other_origin_leaves():
    """What is kept is the client's connection; that with the second origin is new, its end no race."""
    s = dial()
    r = Reader(s)
    s.sendall(ask_clear("/hello"))
    same(r.response().body, b"hello from plain\n")
    s.sendall(ask_clear("/fault/empty", SECOND))
    same(r.response().status, 502)


# --- tunnels by name --------------------------------------------------------------------
def tunnel(host):
    s, status = connect(host)
    same(status, 200)
    return s


def other_name_is_refused(pieces):
    forget("far.quiet")
    hello = client_hello("ads.bed.test")
    s = tunnel("far.quiet.bed.test")
    for i in range(pieces):
        s.sendall(hello[i * len(hello) // pieces:(i + 1) * len(hello) // pieces])
        time.sleep(0.1)
    data, end = read_to_end(s)
    assert end != End.OPEN, "left open"
    assert data == b"" or data[:1] == b"\x15", "no alert: %r" % data[:60]
    same(got("far.quiet"), b"")


def echoes(data):
    s = tunnel("far.quiet.bed.test")
    s.sendall(data)
    back = b""
    while len(back) < len(data):
        part = s.recv(65536)
        assert part, "ended after %d of %d bytes" % (len(back), len(data))
        back += part
    same(back, data)
    s.close()


def tls_without_sni():
    c = ssl._create_unverified_context()
    s = c.wrap_socket(tunnel("web.quiet.bed.test"))
    s.sendall(ask("/hello", "web.quiet.bed.test"))
    same(Reader(s).response().body, b"hello from web.quiet\n")


def server_speaks_first():
    def serve(s):
        s.sendall(b"220 hello\r\n")
        s.sendall(b"you said " + s.recv(100))

    listen("first.quiet.bed.test", serve)
    r = Reader(tunnel("first.quiet.bed.test"))
    same(r.until(b"\r\n"), b"220 hello")
    r.s.sendall(b"HELO\r\n")
    same(r.until(b"\r\n"), b"you said HELO")


# --- late readers -------------------------------------------------------------------------
def between():
    """How much two sockets hold when nobody reads."""
    listener = socket.create_server(("127.0.0.1", 0))
    reader = dial(port=listener.getsockname()[1])
    writer, _ = listener.accept()
    writer.settimeout(0.3)
    held = 0
    try:
        while True:
            held += writer.send(bytes(4096))
    except TimeoutError:
        reader.close()
        return held


def late(n, inside, leaves):
    """One answer of n bytes that nobody reads for a while; a client that leaves has said that it asks no more."""
    ask_it = ask if inside else ask_clear
    s = secure(HOST) if inside else dial()
    s.sendall(ask_it("/bytes/%d" % n, extra="" if leaves else "Connection: close\r\n"))
    if leaves:
        s.shutdown(socket.SHUT_WR)
    time.sleep(3)  # longer than the proxy lingers for a client that takes nothing
    data, end = read_to_end(s)
    body = data.split(b"\r\n\r\n", 1)[1]
    same((len(body), end), (n, End.CLEAN))


def sweep(inside, leaves):
    """Just what the sockets cannot hold must be in the proxy when the origin has sent all: lengths around that."""
    failed = []

    def one(n):
        try:
            late(n, inside, leaves)
        except Exception as e:
            failed.append("%d: %s" % (n, e))

    # No more at once than a proxy of usual size has buffers for.
    middle = between()
    threads = [threading.Thread(target=one, args=(n,)) for n in range(middle - 10000, middle + 38000, 2000)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert not failed, "%d of %d about %d: %s" % (len(failed), len(threads), middle, "; ".join(sorted(failed)))


# --- idle ones ------------------------------------------------------------------------
def idle_ones():
    held = []
    for source in (GREEDY, MODEST):
        for _ in range(8):
            s = dial(source=source)
            s.sendall(ask_clear("/hello"))
            same(Reader(s).response().status, 200)
            held.append(s)
    for _ in range(3):
        s = dial()
        s.sendall(ask_clear("/hello", extra="Connection: close\r\n"))
        same(Reader(s).response().status, 200)


OTHERS = [
    ("in clear: two pipelined requests, the second of 20 KB", lambda: pipelined(dial, ask_clear)),
    ("in TLS: two pipelined requests, the second of 20 KB", lambda: pipelined(lambda: secure(HOST), ask)),
    ("in clear: 1 MB to a refused URL", lambda: refused_upload(dial(), ask_clear("/refused", method="POST"))),
    ("in clear: 1 MB to a refused port",
     lambda: refused_upload(dial(), get("http://%s:9/" % PLAIN, PLAIN + ":9", method="POST"))),
    ("in TLS: 1 MB to a refused URL", lambda: refused_upload(secure(HOST), ask("/refused", method="POST"))),
    ("a kept client, an origin that closes without an answer: 502", other_origin_leaves),
    ("a tunnel with another name in its ClientHello", lambda: other_name_is_refused(1)),
    ("a tunnel with another name in its ClientHello, in two pieces", lambda: other_name_is_refused(2)),
    ("a tunnel with its own name", lambda: echoes(client_hello("far.quiet.bed.test"))),
    ("a tunnel without SNI", lambda: echoes(client_hello(None))),
    ("a tunnel with TLS without SNI", tls_without_sni),
    ("a tunnel of no TLS", lambda: echoes(b"SSH-2.0-x\r\n")),
    ("a tunnel where the server speaks first", server_speaks_first),
    ("others beside 8 silent origins of one client", lambda: stalled("mute.bed.test")),
    ("others beside 8 origins of one client that stop in a ServerHello", mumbling_origins),
    ("others beside 3 clients that flood with empty records", flooding_clients),
    ("others beside an origin that floods with empty records", flooding_origin),
]
# No half-close in TLS: there, who says that it ends takes no more (RFC 5246 section 7.2.1).
LATE = [
    ("in clear: who reads late gets the whole", sweep, False, False),
    ("in TLS: who reads late gets the whole", sweep, True, False),
    ("in clear: who half-closes and reads late gets the whole", sweep, False, True),
]


def main():
    part = sys.argv[1]
    if part == "others":
        for case in OTHERS:
            test(*case)
    elif part == "late":
        for case in LATE:
            test(*case)
    elif part == "idle":
        test("a third client beside two with all connections idle", idle_ones)
    elif part == "silence":
        test("a silent origin: its page comes by itself", silent_origin)
    sys.stdout.flush()
    os._exit(0)  # past the threads


main()
