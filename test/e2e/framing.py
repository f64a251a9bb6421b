"""Requests that two readers could read differently: each is refused with 400 (or what stands here) and the
connection ends, inside TLS and in clear; and no byte of them reaches the origin."""
from client import (TLS, WEB, End, Reader, connect, context, dial, forget, get, got, events, has, lacks, read_to_end, same,
                    secure, test)

HOST, PLAIN = "www.bed.test", "plain.bed.test"
SMUGGLED = b"GET /smuggled HTTP/1.1\r\nHost: %s\r\n\r\n"

# A head with @ for the authority; statuses that are right.
ANY = (400, 431, 501, 505)
HEADS = [
    ("Content-Length and Transfer-Encoding", "POST /sum HTTP/1.1\r\nHost: @\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", (400,)),
    ("Transfer-Encoding and Content-Length", "POST /sum HTTP/1.1\r\nHost: @\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n", (400,)),
    ("two lengths", "POST /sum HTTP/1.1\r\nHost: @\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello!", (400,)),
    ("a list of lengths", "POST /sum HTTP/1.1\r\nHost: @\r\nContent-Length: 5, 6\r\n\r\nhello!", (400,)),
    ("a length with a plus", "POST /sum HTTP/1.1\r\nHost: @\r\nContent-Length: +5\r\n\r\nhello", (400,)),
    ("a negative length", "POST /sum HTTP/1.1\r\nHost: @\r\nContent-Length: -5\r\n\r\nhello", (400,)),
    ("a length in hex", "POST /sum HTTP/1.1\r\nHost: @\r\nContent-Length: 0x5\r\n\r\nhello", (400,)),
    ("a length with a blank in it", "POST /sum HTTP/1.1\r\nHost: @\r\nContent-Length: 1 0\r\n\r\nhello", (400,)),
    ("an empty length", "POST /sum HTTP/1.1\r\nHost: @\r\nContent-Length:\r\n\r\nhello", (400,)),
    ("a length past 64 bits", "POST /sum HTTP/1.1\r\nHost: @\r\nContent-Length: 18446744073709551621\r\n\r\nhello", (400, 413)),
    ("an unknown coding", "POST /sum HTTP/1.1\r\nHost: @\r\nTransfer-Encoding: gzip\r\n\r\nhello", (400, 501)),
    ("chunked is not last", "POST /sum HTTP/1.1\r\nHost: @\r\nTransfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n", (400, 501)),
    ("chunked after another", "POST /sum HTTP/1.1\r\nHost: @\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", (400, 501)),
    ("chunked twice", "POST /sum HTTP/1.1\r\nHost: @\r\nTransfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n", (400, 501)),
    ("two Transfer-Encoding fields", "POST /sum HTTP/1.1\r\nHost: @\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n", (400, 501)),
    ("almost chunked", "POST /sum HTTP/1.1\r\nHost: @\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", (400, 501)),
    ("chunked with a vertical tab", "POST /sum HTTP/1.1\r\nHost: @\r\nTransfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n", (400, 501)),
    ("an empty Transfer-Encoding", "POST /sum HTTP/1.1\r\nHost: @\r\nTransfer-Encoding:\r\n\r\n", (400, 501)),
    ("chunked from HTTP/1.0", "POST /sum HTTP/1.0\r\nHost: @\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", (400,)),
    ("a bare LF after the request line", "GET /hello HTTP/1.1\nHost: @\r\n\r\n", (400,)),
    ("a bare LF after a field", "GET /hello HTTP/1.1\r\nHost: @\nX: y\r\n\r\n", (400,)),
    ("bare LFs only", "GET /hello HTTP/1.1\nHost: @\n\n", (400,)),
    ("a bare LF as empty line", "GET /hello HTTP/1.1\r\nHost: @\r\n\nX", (400,)),
    ("a bare CR in a value", "GET /hello HTTP/1.1\r\nHost: @\r\nX: a\rb\r\n\r\n", (400,)),
    ("a bare CR before a name", "GET /hello HTTP/1.1\r\nHost: @\r\n\rX: a\r\n\r\n", (400,)),
    ("obs-fold", "GET /hello HTTP/1.1\r\nHost: @\r\nX: a\r\n b\r\n\r\n", (400,)),
    ("obs-fold with a tab", "GET /hello HTTP/1.1\r\nHost: @\r\nX: a\r\n\tContent-Length: 5\r\n\r\n", (400,)),
    ("a blank before the first field", "GET /hello HTTP/1.1\r\n Host: @\r\n\r\n", (400,)),
    ("a blank before the colon", "POST /sum HTTP/1.1\r\nHost: @\r\nContent-Length : 5\r\n\r\nhello", (400,)),
    ("a tab before the colon", "POST /sum HTTP/1.1\r\nHost: @\r\nTransfer-Encoding\t: chunked\r\n\r\n0\r\n\r\n", (400,)),
    ("no colon", "GET /hello HTTP/1.1\r\nHost: @\r\nnonsense\r\n\r\n", (400,)),
    ("an empty name", "GET /hello HTTP/1.1\r\nHost: @\r\n: a\r\n\r\n", (400,)),
    ("NUL in a value", "GET /hello HTTP/1.1\r\nHost: @\r\nX: a\0b\r\n\r\n", (400,)),
    ("NUL in a name", "GET /hello HTTP/1.1\r\nHost: @\r\nX\0: a\r\n\r\n", (400,)),
    ("NUL in the target", "GET /hel\0lo HTTP/1.1\r\nHost: @\r\n\r\n", (400,)),
    ("a control byte in a value", "GET /hello HTTP/1.1\r\nHost: @\r\nX: a\x01b\r\n\r\n", (400,)),
    ("DEL in a value", "GET /hello HTTP/1.1\r\nHost: @\r\nX: a\x7fb\r\n\r\n", (400,)),
    ("a blank in a name", "GET /hello HTTP/1.1\r\nHost: @\r\nX Y: a\r\n\r\n", (400,)),
    ("a high byte in a name", "GET /hello HTTP/1.1\r\nHost: @\r\nX\xe9: a\r\n\r\n", (400,)),
    ("no Host", "GET /hello HTTP/1.1\r\nX: a\r\n\r\n", (400,)),
    ("two Hosts", "GET /hello HTTP/1.1\r\nHost: @\r\nHost: @\r\n\r\n", (400,)),
    ("two Hosts that differ", "GET /hello HTTP/1.1\r\nHost: @\r\nhost: other.bed.test\r\n\r\n", (400,)),
    ("Host with a path", "GET /hello HTTP/1.1\r\nHost: @/x\r\n\r\n", (400,)),
    ("Host with a user", "GET /hello HTTP/1.1\r\nHost: a@@\r\n\r\n", (400, 421)),
    ("Host of two words", "GET /hello HTTP/1.1\r\nHost: @ x\r\n\r\n", (400,)),
    ("two blanks in the request line", "GET  /hello HTTP/1.1\r\nHost: @\r\n\r\n", (400,)),
    ("a tab in the request line", "GET\t/hello HTTP/1.1\r\nHost: @\r\n\r\n", (400,)),
    ("a blank in the target", "GET /hel lo HTTP/1.1\r\nHost: @\r\n\r\n", (400,)),
    ("a blank at the end of the request line", "GET /hello HTTP/1.1 \r\nHost: @\r\n\r\n", (400, 505)),
    ("no version", "GET /hello\r\nHost: @\r\n\r\n", (400,)),
    ("a blank first", " GET /hello HTTP/1.1\r\nHost: @\r\n\r\n", (400,)),
    ("HTTP/2.0", "GET /hello HTTP/2.0\r\nHost: @\r\n\r\n", (400, 505)),
    ("HTTP/1.10", "GET /hello HTTP/1.10\r\nHost: @\r\n\r\n", (400, 505)),
    ("http/1.1", "GET /hello http/1.1\r\nHost: @\r\n\r\n", (400, 505)),
    ("the preface of HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", (400, 505)),
    ("a method that is no token", "GE(T /hello HTTP/1.1\r\nHost: @\r\n\r\n", (400,)),
    ("a target without slash", "GET hello HTTP/1.1\r\nHost: @\r\n\r\n", (400,)),
    ("too many fields", "GET /hello HTTP/1.1\r\nHost: @\r\n" + "X: a\r\n" * 400 + "\r\n", (400, 431)),
    ("a head over 32 KiB", "GET /hello HTTP/1.1\r\nHost: @\r\nX: " + "a" * 33000 + "\r\n\r\n", (400, 431)),
    ("a target over 32 KiB", "GET /" + "a" * 33000 + " HTTP/1.1\r\nHost: @\r\n\r\n", (400, 414, 431)),
    ("a TLS record", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + "\x01" * 80, (400,)),
    ("noise", "\x01\x02\x03\x04\xff\xfe\r\n\r\n", (400,)),
]

# What comes after a good chunked head.  The head may have been sent on; the message must never be whole.
BODIES = [
    ("a chunk size that is no number", "xyz\r\nhello\r\n0\r\n\r\n"),
    ("an empty chunk size", "\r\nhello\r\n0\r\n\r\n"),
    ("a chunk size with a sign", "+5\r\nhello\r\n0\r\n\r\n"),
    ("a negative chunk size", "-5\r\nhello\r\n0\r\n\r\n"),
    ("a chunk size with 0x", "0x5\r\nhello\r\n0\r\n\r\n"),
    ("a blank before the chunk size", " 5\r\nhello\r\n0\r\n\r\n"),
    ("a chunk size past 64 bits", "10000000000000005\r\nhello\r\n0\r\n\r\n"),
    ("an underscore in the chunk size", "1_0\r\nhello\r\n0\r\n\r\n"),
    ("a bare LF after the chunk size", "5\nhello\r\n0\r\n\r\n"),
    ("a bare CR in an extension", "5;a\rb\r\nhello\r\n0\r\n\r\n"),
    ("a bare LF in an extension", "5;a\nb\r\nhello\r\n0\r\n\r\n"),
    ("NUL in an extension", "5;a\0b\r\nhello\r\n0\r\n\r\n"),
    ("more data than the chunk size says", "5\r\nhello!\r\n0\r\n\r\n"),
    ("a bare LF after the chunk", "5\r\nhello\n0\r\n\r\n"),
    ("two bytes that are no CRLF after the chunk", "5\r\nhelloXX0\r\n\r\n"),
    ("an endless chunk line", "5;" + "a" * 20000 + "\r\nhello\r\n0\r\n\r\n"),
    ("a trailer with a bare LF", "5\r\nhello\r\n0\r\nX: a\n\r\n"),
    ("a folded trailer", "5\r\nhello\r\n0\r\nX: a\r\n b\r\n\r\n"),
    ("a trailer without colon", "5\r\nhello\r\n0\r\nnonsense\r\n\r\n"),
    ("a blank before a trailer's colon", "5\r\nhello\r\n0\r\nX : a\r\n\r\n"),
    ("too many trailers", "5\r\nhello\r\n0\r\n" + "X: a\r\n" * 3000 + "\r\n"),
    ("a bare LF at the end", "5\r\nhello\r\n0\r\n\nX"),
]


def inspected():
    return secure(HOST), "%s:%d" % (HOST, TLS), "www"


def in_clear():
    return dial(), "%s:%d" % (PLAIN, WEB), "plain"


def send(s, data):
    try:
        s.sendall(data)
    except OSError:
        pass  # refused before all of it was sent


def refused(place, text, statuses):
    forget("www", "plain")
    s, authority, name = place()
    text = text.replace("@", authority)
    if place is in_clear:
        words = text.split("/", 1)
        if words[0].endswith(" ") and len(words) > 1 and not text.startswith(" "):
            text = "%shttp://%s/%s" % (words[0], authority, words[1])
    send(s, text.encode("latin1") + SMUGGLED % authority.encode())
    data, end = read_to_end(s)
    lacks(got(name), b"smuggled")
    same(got(name), b"")
    assert data[:9] == b"HTTP/1.1 " and int(data[9:12]) in statuses, "answer %r, end %s" % (data[:60], end)
    has(data, b"Proxy-Status:")
    assert end != End.OPEN, "left open"
    same(data.count(b"HTTP/1.1 "), 1)


def spoiled_body(place, text):
    forget("www", "plain")
    s, authority, name = place()
    target = "/sum" if place is inspected else "http://%s/sum" % authority
    send(s, get(target, authority, "Transfer-Encoding: chunked\r\n", "POST") + text.encode("latin1") +
         SMUGGLED % authority.encode())
    data, end = read_to_end(s)
    assert end != End.OPEN, "left open after %r" % data[:60]
    lacks(got(name), b"smuggled")
    lacks(events(name), "smuggled")
    lacks(data, b"HTTP/1.1 200")
    lacks(got(name), b"\r\n0\r\n\r\n")
    assert data == b"" or data[:12] == b"HTTP/1.1 400", data[:60]


def cut_body(extra, body):
    """A client that goes away in the middle of a body: the origin never sees a whole one."""
    forget("www")
    s = secure(HOST)
    s.sendall(get("/sum", "%s:%d" % (HOST, TLS), extra, "POST") + body)
    s.close()
    from client import eventually
    assert eventually(lambda: "end" in events("www") or "tls-error" in events("www")), events("www")
    lacks(events("www"), "whole")


def main():
    for name, text, statuses in HEADS:
        test("inspected: " + name, refused, inspected, text, statuses)
    for name, text, statuses in HEADS:
        if "target without slash" in name or "no version" in name or "TLS record" in name or "noise" in name:
            continue
        if "HTTP/2" in name and "preface" in name:
            continue
        if name == "no Host" or name.startswith(("Host with", "Host of")):
            continue  # the target says whom it is for: see plain.py
        test("in clear: " + name, refused, in_clear, text, statuses)
    for name, text in BODIES:
        test("inspected body: " + name, spoiled_body, inspected, text)
        test("in clear body: " + name, spoiled_body, in_clear, text)
    test("a body cut short by length", cut_body, "Content-Length: 10\r\n", b"hello")
    test("a body cut short in chunks", cut_body, "Transfer-Encoding: chunked\r\n", b"5\r\nhello\r\n")


main()
