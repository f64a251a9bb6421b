"""Where a leaf may be forged, and what a reload ends: verdicts.py leaves | unseen | clock | full | reload PID."""
import os
import signal
import socket
import struct
import sys
import threading
import time

from client import (BED, TLS, WEB, End, Reader, connect, dial, eventually, get, read_to_end, same, secure, test)
from wire import client_hello, serve

HOST, PLAIN = "www.bed.test", "plain.bed.test"
DEAD_ADDRESS = "127.20.0.99"  # nobody listens there
REDIRECTED = "198.51.100.9"   # the firewall leads it to the proxy, if there is one


def ask(path, host=HOST, extra="", **kw):
    return get(path, "%s:%d" % (host, TLS), extra, **kw)


# --- who answers a hello --------------------------------------------------------------
def first_word(s, wire):
    """What comes in answer to a ClientHello: "handshake", "alert N", "closed"."""
    s.settimeout(15)
    try:
        s.sendall(wire)
        head = s.recv(5, socket.MSG_WAITALL)
        rest = s.recv(struct.unpack(">H", head[3:])[0], socket.MSG_WAITALL) if len(head) == 5 else b""
    except ConnectionError:
        return "closed"
    finally:
        s.close()
    if not head:
        return "closed"
    return "alert %d" % rest[1] if head[0] == 21 else "handshake" if head[0] == 22 else repr(head + rest)


def no_leaf(s, wire):
    word = first_word(s, wire)
    assert word == "closed" or word.startswith("alert "), "answered by: " + word


def refused_or_no_leaf(host, wire):
    """A tunnel by name is not even begun when its origin is dead; else what follows is no handshake with us."""
    s, status = connect(host)
    if status == 200:
        no_leaf(s, wire)
    else:
        assert status in (403, 502, 503, 504), status


def redirected(wire):
    no_leaf(dial(REDIRECTED, TLS, source="127.0.0.5"), wire)


def dies_after_one(host, one):
    """An origin that is there once: one(socket), and then nobody listens any more."""
    def once(s):
        listener.shutdown(socket.SHUT_RDWR)  # before a word is said
        listener.close()
        one(s)

    listener = serve(host, once, backlog=1)


def speaks_otherwise(s):
    s.recv(65536)
    s.sendall(b"\x15\x03\x03\x00\x02\x02\x28")  # handshake_failure: nothing in common
    s.settimeout(5)
    s.recv(64)
    s.close()


def lives_once(name, how):
    dies_after_one(name, how)
    s, status = connect(name)
    same(status, 200)
    no_leaf(s, client_hello(name))


EXEMPT_DEAD = [
    ("an exempted name that does not exist", lambda: refused_or_no_leaf("none.quiet.bed.test", client_hello("none.quiet.bed.test"))),
    ("an exempted name whose origin is dead", lambda: refused_or_no_leaf("dead.quiet.bed.test", client_hello("dead.quiet.bed.test"))),
    ("an exempted address whose origin is dead", lambda: refused_or_no_leaf(DEAD_ADDRESS, client_hello(None))),
    ("an exempted address whose origin is dead, with an exempted name in the hello",
     lambda: refused_or_no_leaf(DEAD_ADDRESS, client_hello("dead.quiet.bed.test"))),
]
EXEMPT_REDIRECTED = [
    ("redirected: an exempted name that does not exist", lambda: redirected(client_hello("none.quiet.bed.test"))),
    ("redirected: an exempted name whose origin is dead", lambda: redirected(client_hello("dead.quiet.bed.test"))),
]
UNSPEAKABLE = [
    ("a client that speaks only h2, a dead origin", lambda: refused_or_no_leaf("dead.bed.test", client_hello("dead.bed.test", alpn=("h2",)))),
    ("a client with other suites, a dead origin", lambda: refused_or_no_leaf("dead.bed.test", client_hello("dead.bed.test", suites="009c003c"))),
    ("a client that speaks only h2, a name that does not exist",
     lambda: refused_or_no_leaf("none.bed.test", client_hello("none.bed.test", alpn=("h2",)))),
    ("an origin that can't be inspected and dies then", lambda: lives_once("once.bed.test", speaks_otherwise)),
]
UNSPEAKABLE_REDIRECTED = [
    ("redirected: a client that speaks only h2, a dead origin", lambda: redirected(client_hello("dead.bed.test", alpn=("h2",)))),
]
UNSEEN = [
    ("inspect '0': a name that does not exist", lambda: refused_or_no_leaf("none.bed.test", client_hello("none.bed.test"))),
    ("inspect '0': a dead origin", lambda: refused_or_no_leaf("dead.bed.test", client_hello("dead.bed.test"))),
    ("inspect '0': an address whose origin is dead", lambda: refused_or_no_leaf(DEAD_ADDRESS, client_hello(None))),
    ("inspect '0': a blocked host", lambda: refused_or_no_leaf("ads.bed.test", client_hello("ads.bed.test"))),
    ("inspect '0': an address with the name of a blocked host", lambda: refused_or_no_leaf("127.20.0.1", client_hello("ads.bed.test"))),
]
UNSEEN_REDIRECTED = [
    ("inspect '0', redirected: a name that does not exist", lambda: redirected(client_hello("none.bed.test"))),
    ("inspect '0', redirected: a dead origin", lambda: redirected(client_hello("dead.bed.test"))),
    ("inspect '0', redirected: a blocked host", lambda: redirected(client_hello("ads.bed.test"))),
]
CLOCK = [
    ("no clock: a host to be inspected", lambda: refused_or_no_leaf(HOST, client_hello(HOST))),
    ("no clock: a blocked host", lambda: refused_or_no_leaf("ads.bed.test", client_hello("ads.bed.test"))),
    ("no clock: an address", lambda: refused_or_no_leaf("127.20.0.1", client_hello(HOST))),
    ("no clock: a dead origin", lambda: refused_or_no_leaf("dead.bed.test", client_hello("dead.bed.test"))),
    ("no clock: an exempted address, a name to be inspected", lambda: refused_or_no_leaf(DEAD_ADDRESS, client_hello(HOST))),
]
CLOCK_REDIRECTED = [
    ("no clock, redirected: a host to be inspected", lambda: redirected(client_hello(HOST))),
    ("no clock, redirected: a blocked host", lambda: redirected(client_hello("ads.bed.test"))),
    ("no clock, redirected: a dead origin", lambda: redirected(client_hello("dead.bed.test"))),
]


def redirected_when_full():
    """Of a client that holds all slots: told so, as in clear, and not served from the reserve."""
    held = [tunnel("b.quiet.bed.test", "127.0.0.5") for _ in range(16)]
    same(first_word(dial(REDIRECTED, TLS, source="127.0.0.5"), client_hello(HOST)), "alert 80")
    for s in held:
        s.close()


# --- a reload is a new truth ----------------------------------------------------------------
class Rules:
    """The lists of the running proxy; each change is in effect when it returns."""

    def __init__(self, pid):
        self.pid = pid

    def reloads(self):
        with open(os.path.join(BED, "log", "proxy.err")) as log:
            return log.read().count(" reloaded")

    def reload(self):
        before = self.reloads()
        os.kill(self.pid, signal.SIGHUP)
        assert eventually(lambda: self.reloads() > before, 10), "no reload"

    def block(self, *lines):
        self.change("later", lambda text: text + "".join(line + "\n" for line in lines))

    def change(self, name, how):
        path = os.path.join(BED, "lists", name)
        with open(path) as f:
            text = f.read()
        with open(path, "w") as f:
            f.write(how(text))
        self.reload()

    def configure(self, how):
        path = os.path.join(BED, "sluice.conf")
        with open(path) as f:
            text = f.read()
        with open(path, "w") as f:
            f.write(how(text))
        self.reload()
        return text

    def restore(self, text):
        self.configure(lambda _: text)


def tunnel(host, source=None):
    s, status = connect(host, source=source)
    same(status, 200)
    s.sendall(b"hello")
    s.settimeout(15)
    same(s.recv(5, socket.MSG_WAITALL), b"hello")
    return s


def is_over(s):
    data, end = read_to_end(s, 10)
    assert end != End.OPEN, "it goes on, with %r" % data[:60]


def goes_on(s):
    s.sendall(b"still")
    s.settimeout(15)
    same(s.recv(5, socket.MSG_WAITALL), b"still")


def blocked_tunnel(rules):
    one, other = tunnel("a.quiet.bed.test"), tunnel("b.quiet.bed.test")
    rules.block("a.quiet.bed.test")
    is_over(one)
    goes_on(other)


def unexempted_tunnel(rules):
    one = tunnel("c.still.bed.test")
    rules.change("still", lambda _: "nothing.bed.test\n")
    is_over(one)


def tunnel_in_the_making(rules):
    """The name server takes its time; meanwhile the rules change."""
    answer = []

    def run():
        try:
            s, status = connect("slow.quiet.bed.test")
            if status == 200:
                s.sendall(b"hello")
                s.settimeout(5)
                answer.append(s.recv(100))
            else:
                answer.append(status)
        except (AssertionError, OSError):
            answer.append(b"")

    t = threading.Thread(target=run)
    t.start()
    with open(os.path.join(BED, "log", "dns")) as log:
        assert eventually(lambda: "slow.quiet" in log.read(), 10), "the name server was not asked"
    rules.block("slow.quiet.bed.test")
    t.join()
    same(answer[0], 403)


def kept(s, path, first, then):
    r = Reader(s)
    s.sendall(path)
    same(r.response().status, 200)
    first()
    s.sendall(path)
    same(r.response().status, then)


def blocked_inspected(rules):
    kept(secure("kept.bed.test"), ask("/hello", "kept.bed.test"), lambda: rules.block("kept.bed.test"), 403)


def blocked_in_clear(rules):
    path = get("http://%s:%d/hello" % (PLAIN, WEB), "%s:%d" % (PLAIN, WEB))
    kept(dial(), path, lambda: rules.block(PLAIN), 403)


def blocked_address(rules):
    """CONNECT to an address, the name in the hello: what blocks the address still counts."""
    kept(secure("127.20.0.35", sni="byname.bed.test"), ask("/hello", "byname.bed.test"), lambda: rules.block("127.20.0.35"), 403)


def blocked_websocket(rules):
    s = secure("ws.bed.test")
    s.sendall(ask("/ws", "ws.bed.test", "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                  "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"))
    same(Reader(s).response().status, 101)
    rules.block("ws.bed.test")
    is_over(s)


def client_not_served_any_more(rules):
    one, other = tunnel("b.quiet.bed.test", "127.0.0.7"), tunnel("b.quiet.bed.test")
    old = rules.configure(lambda text: text.replace("option log ", "list client '127.0.0.1'\n\toption log "))
    try:
        is_over(one)
        goes_on(other)
    finally:
        rules.restore(old)


def port_not_served_any_more(rules):
    one = tunnel("b.quiet.bed.test")
    old = rules.configure(lambda text: text.replace("list connect_port '%d'" % TLS, "list connect_port '9'"))
    try:
        is_over(one)
    finally:
        rules.restore(old)


def private_not_served_any_more(rules):
    one = tunnel("b.quiet.bed.test")
    old = rules.configure(lambda text: text.replace("option private_upstream '1'", "option private_upstream '0'"))
    try:
        is_over(one)
    finally:
        rules.restore(old)


RELOAD = [
    ("a tunnel ends when its host is blocked, another goes on", blocked_tunnel),
    ("a tunnel ends when its host is to be inspected", unexempted_tunnel),
    ("a tunnel in the making ends likewise", tunnel_in_the_making),
    ("an inspected connection: its next request is blocked", blocked_inspected),
    ("a kept connection in clear: its next request is blocked", blocked_in_clear),
    ("a kept connection to an address, with a name: the address is blocked", blocked_address),
    ("a websocket ends when its host is blocked", blocked_websocket),
    ("a tunnel ends when its client is not served any more, another's goes on", client_not_served_any_more),
    ("a tunnel ends when its port is not served any more", port_not_served_any_more),
    ("a tunnel ends when private addresses are not reached any more", private_not_served_any_more),
]


def main():
    part, redirect = sys.argv[1], os.environ.get("REDIRECT") == "1"
    if part == "reload":
        rules = Rules(int(sys.argv[2]))
        for name, run in RELOAD:
            test(name, run, rules)
    elif part == "full":
        test("redirected, all slots held by the same client: an alert", redirected_when_full)
    else:
        cases = {"leaves": EXEMPT_DEAD + UNSPEAKABLE, "unseen": UNSEEN, "clock": CLOCK}[part]
        if redirect:
            cases = cases + {"leaves": EXEMPT_REDIRECTED + UNSPEAKABLE_REDIRECTED, "unseen": UNSEEN_REDIRECTED,
                             "clock": CLOCK_REDIRECTED}[part]
        for name, run in cases:
            test("no leaf: " + name, run)
    sys.stdout.flush()
    os._exit(0)  # past the threads


main()
