"""Every way to take one's time, side by side in threads; the proxy must end each, and serve the others meanwhile."""
import socket
import threading
import time

from client import (PORT, TLS, WEB, End, Reader, connect, context, dial, events, forget, get, got, has, lacks, read_to_end, same,
                    secure, test)

HOST = "www.bed.test"
LONG = 400  # no deadline of a client that does nothing may be longer; the longest is 120 s, and machines are busy


def ended(s, seconds=LONG):
    """Reads until the end; how long that took."""
    start = time.monotonic()
    data, end = read_to_end(s, seconds)
    assert end != End.OPEN, "still open after %d s, got %r" % (seconds, data[:100])
    return data, time.monotonic() - start


def trickle(s, data, pause, until):
    """Sends a byte each `pause` seconds, until the peer ends it; how long that took."""
    start = time.monotonic()
    s.settimeout(pause)
    for b in data:
        try:
            s.sendall(bytes([b]))
        except OSError:
            return time.monotonic() - start
        try:
            if not s.recv(4096):
                return time.monotonic() - start
        except (socket.timeout, TimeoutError):
            pass
        except OSError:
            return time.monotonic() - start
        if time.monotonic() - start > until:
            raise AssertionError("not ended after %d s" % until)
    return time.monotonic() - start


def says_nothing():
    ended(dial())


def tls_to_the_proxy():
    """A ClientHello for the proxy itself, as of a browser that was told of an HTTPS proxy."""
    s = dial()
    s.sendall(b"\x16\x03\x01\x00\x80\x01\x00\x00\x7c\x03\x03" + b"a" * 120)
    data, took = ended(s)
    assert data == b"" or data[:10] == b"HTTP/1.1 4", data[:60]


def half_a_connect():
    s = dial()
    s.sendall(b"CONNECT www.bed.test:")
    ended(s)


def loris_connect():
    """A head that comes a byte each half second has one deadline for the whole of it."""
    trickle(dial(), b"CONNECT www.bed.test:443 HTTP/1.1\r\nX: " + b"a" * 1000, 0.5, LONG)


def loris_hello():
    s, status = connect(HOST)
    trickle(s, b"\x16\x03\x01\x20\x00\x01\x00\x1f\xfc\x03\x03" + b"a" * 1000, 0.5, LONG)


def no_hello():
    s, status = connect(HOST)
    ended(s)


def half_a_request():
    s = secure(HOST)
    s.sendall(b"GET /hello HTTP/1.1\r\nHo")
    data, took = ended(s)
    assert data == b"" or data[:12] in (b"HTTP/1.1 408", b"HTTP/1.1 400"), data[:60]


def loris_request():
    s = secure(HOST)
    trickle(s, b"GET /hello HTTP/1.1\r\nX: " + b"a" * 1000, 0.5, LONG)


def idle_session():
    s = secure(HOST)
    s.sendall(get("/hello", "%s:%d" % (HOST, TLS)))
    Reader(s).response()
    data, took = ended(s)
    assert took > 5, "an idle session was ended after %.1f s" % took


def body_never_comes():
    s = secure(HOST)
    s.sendall(get("/sum", "%s:%d" % (HOST, TLS), "Content-Length: 1000\r\n", "POST") + b"x" * 10)
    ended(s)


def answer_504(path, host=HOST):
    s = secure(host)
    s.sendall(get(path, "%s:%d" % (host, TLS)))
    data, took = ended(s)
    has(data[:20], b"HTTP/1.1 504")
    has(data, b"Proxy-Status: sluice;")
    has(data, b"timeout")


def clear_504():
    s = dial()
    s.sendall(get("http://plain.bed.test:%d/fault/silent" % WEB, "plain.bed.test:%d" % WEB))
    data, took = ended(s)
    has(data[:20], b"HTTP/1.1 504")


def mute_origin():
    """Takes the connection, never answers the ClientHello: a page inside TLS, or a 504 to CONNECT."""
    s, status = connect("mute.bed.test")
    if status == 200:
        s.settimeout(LONG)
        t = context().wrap_socket(s, server_hostname="mute.bed.test")
        t.sendall(get("/", "mute.bed.test:%d" % TLS))
        data, took = ended(t)
        has(data[:20], b"HTTP/1.1 504")
    else:
        same(status, 504)


def stalled_body():
    s = secure(HOST)
    s.sendall(get("/fault/stall-body", "%s:%d" % (HOST, TLS)))
    data, took = ended(s)
    has(data, b"hello")


def slow_but_alive():
    """An origin that sends a byte now and then is no stalled one."""
    s = secure(HOST)
    s.sendall(get("/slow/8/4000", "%s:%d" % (HOST, TLS)))
    r = Reader(s)
    same(r.response().body, b"xxxxxxxx")


def others_are_served(stop):
    """Counted, not timed: the slow ones take two minutes, and one that held up the proxy would do so for most of them."""
    served = 0
    while not stop.is_set():
        s = secure(HOST)
        s.sendall(get("/hello", "%s:%d" % (HOST, TLS)))
        same(Reader(s).response().body, b"hello from www\n")
        s.close()
        served += 1
        time.sleep(0.5)  # not stop.wait: under a preloaded clock (faketime) that never ends
    assert served >= 20, "only %d were served" % served


CASES = [
    ("a client that says nothing", says_nothing), ("TLS to the proxy itself", tls_to_the_proxy),
    ("half a CONNECT", half_a_connect), ("a slow-loris CONNECT", loris_connect),
    ("a slow-loris ClientHello", loris_hello), ("no ClientHello after CONNECT", no_hello), ("half a request", half_a_request),
    ("a slow-loris request", loris_request), ("an idle session", idle_session), ("a body that never comes", body_never_comes),
    ("an origin that never answers: 504", lambda: answer_504("/fault/silent")),
    ("an origin that stops in its head: 504", lambda: answer_504("/fault/stall-head")),
    ("in clear: an origin that never answers: 504", clear_504), ("an origin that never says a word of TLS: 504", mute_origin),
    ("an origin that stops in its body", stalled_body), ("a slow origin is not ended", slow_but_alive),
]


def main():
    stop = threading.Event()
    threads = [threading.Thread(target=test, args=case) for case in CASES]
    for t in threads:
        t.start()
    other = threading.Thread(target=test, args=("others are served all the while", others_are_served, stop))
    other.start()
    for t in threads:
        t.join()
    stop.set()
    other.join()


main()
