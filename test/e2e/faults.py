"""Origins that break the rules of HTTP: refused with 502, or passed on as truncated as they came."""
import os
import sys

from client import (TLS, WEB, End, Reader, dial, events, eventually, forget, get, has, lacks, read_to_end, same, secure, test)

HOST, PLAIN = "www.bed.test", "plain.bed.test"


def ask(path, plain=False):
    if plain:
        s = dial()
        s.sendall(get("http://%s:%d%s" % (PLAIN, WEB, path), "%s:%d" % (PLAIN, WEB)))
    else:
        s = secure(HOST)
        s.sendall(get(path, "%s:%d" % (HOST, TLS)))
    return s


def refused(fault, plain):
    s = ask("/fault/" + fault, plain)
    data, end = read_to_end(s)
    has(data[:20], b"HTTP/1.1 502")
    has(data, b"Proxy-Status: ")
    lacks(data, b"hello")
    same(data.count(b"HTTP/1.1 "), 1)
    same(end, End.CLEAN)  # the page is whole, and says so


def truncated(fault, plain):
    """The head has gone through; the client must be able to see that the body is not whole."""
    s = ask("/fault/" + fault, plain)
    data, end = read_to_end(s)
    assert end != End.OPEN, "left open: %r" % data
    if data.startswith(b"HTTP/1.1 502"):
        return  # seen before anything was sent
    has(data[:20], b"HTTP/1.1 200")
    assert b"\r\n0\r\n" not in data, "a last chunk was made up: %r" % data
    head, body = data.split(b"\r\n\r\n", 1)
    if b"content-length: 10" in head.lower():
        assert len(body) < 10, body
    elif b"chunked" not in head.lower():
        assert end != End.CLEAN, "ended cleanly: %r" % data
    if not plain:
        assert end != End.CLEAN, "close_notify was sent after a truncated answer: %r" % data


def cut_is_not_clean(plain):
    """An answer that ends at close, without the origin's close_notify."""
    s = ask("/closecut/50000", plain)
    data, end = read_to_end(s)
    if plain:
        has(data[:20], b"HTTP/1.1 200")  # in clear nothing tells the two apart
    else:
        assert data.startswith(b"HTTP/1.1 502") or end in (End.CUT, End.RESET), "%s %r" % (end, data[:60])


def extra_bytes(plain):
    """What an origin sends behind its answer is no answer to the next request."""
    s = ask("/fault/extra", plain)
    r = Reader(s)
    same(r.response().body, b"hello")
    try:
        target = "/hello" if not plain else "http://%s:%d/hello" % (PLAIN, WEB)
        s.sendall(get(target, ("%s:%d" % (PLAIN, WEB)) if plain else "%s:%d" % (HOST, TLS)))
        data, _ = read_to_end(s, 3)
    except OSError:
        data = b""
    lacks(r.ahead + data, b"forged")


def mended(fault, plain):
    """Odd, with one reading: it comes, and that connection to the origin is not used again.  See also odd.py."""
    forget("www", "plain")
    s = ask("/fault/" + fault, plain)
    data, end = read_to_end(s)
    has(data[:20], b"HTTP/1.1 200")
    has(data.split(b"\r\n\r\n", 1)[1], b"hello")
    same(end, End.CLEAN)


HEADS = ["two-lengths", "length-list", "bad-status", "http09", "big-head", "empty", "half-head", "reset"]
MENDED = ["both", "negative-length", "huge-length", "plus-length", "bare-cr", "space-colon", "nul", "unknown-coding",
          "chunked-twice", "bad-version", "chunk-lf"]
BODIES = ["bad-chunk-size", "huge-chunk-size", "chunk-no-crlf", "cut-chunk", "no-last-chunk", "short-close",
          "short-cut", "short-reset", "close-cut", "close-reset", "chunk-reset"]
for plain in (False, True):
    where = "in clear: " if plain else "inspected: "
    for fault in HEADS:
        test(where + "an answer with " + fault, refused, fault, plain)
    for fault in MENDED:
        test(where + "an answer with " + fault, mended, fault, plain)
    for fault in BODIES:
        if plain and fault == "close-cut":
            continue
        test(where + "a body with " + fault, truncated, fault, plain)
    test(where + "the end of the connection without close_notify", cut_is_not_clean, plain)
    test(where + "bytes behind an answer", extra_bytes, plain)
