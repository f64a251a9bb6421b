"""In clear, byte by byte: requests that are no proxy requests, targets of every form, half-close."""
import socket

from client import (TLS, WEB, End, Reader, dial, events, eventually, forget, get, got, has, lacks, read_to_end, same, statuses, test)

P = "plain.bed.test:%d" % WEB


def say(data):
    forget("plain")
    s = dial()
    s.sendall(data.encode("latin1") if isinstance(data, str) else data)
    return s


def refused(text, statuses):
    s = say(text)
    data, end = read_to_end(s)
    assert data[:9] == b"HTTP/1.1 " and int(data[9:12]) in statuses, data[:80]
    has(data, b"Proxy-Status: ")
    has(data.lower(), b"<!doctype html>")
    has(data, b"Connection: close")
    same(end, End.CLEAN)
    same(got("plain"), b"")


def half_close():
    """A client that has said all it wants to and shuts down its side still gets the whole answer."""
    s = say(get("http://%s/bytes/3000000" % P, P))
    s.shutdown(socket.SHUT_WR)
    data, end = read_to_end(s)
    same(len(data.split(b"\r\n\r\n", 1)[1]), 3000000)


def half_close_post():
    s = say(get("http://%s/echo" % P, P, "Content-Length: 4\r\n", "POST") + b"body")
    s.shutdown(socket.SHUT_WR)
    has(read_to_end(s)[0], b"body")


def pipelined():
    s = say(b"".join(get("http://%s/bytes/%d" % (P, n), P) for n in (5, 0, 40000, 2)))
    r = Reader(s)
    same([len(r.response().body) for _ in range(4)], [5, 0, 40000, 2])


def byte_by_byte():
    s = dial()
    for b in get("http://%s/hello" % P, P):
        s.sendall(bytes([b]))
    same(Reader(s).response().body, b"hello from plain\n")


def no_host_in_old():
    """HTTP/1.0 needs no Host; one is made from the target."""
    s = say("GET http://%s/head HTTP/1.0\r\n\r\n" % P)
    has(read_to_end(s)[0], b"Host: " + P.encode())


def empty_path():
    s = say("GET http://%s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n" % (P, P))
    read_to_end(s)
    has(got("plain"), b"GET / HTTP/1.1\r\n")


def query_without_path():
    s = say("GET http://%s?a=b HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n" % (P, P))
    data, _ = read_to_end(s)
    assert got("plain").startswith(b"GET /?a=b HTTP/1.1\r\n") or data.startswith(b"HTTP/1.1 400"), data


def options_star():
    s = say("OPTIONS http://%s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n" % (P, P))
    read_to_end(s)
    assert got("plain").startswith((b"OPTIONS * HTTP/1.1\r\n", b"OPTIONS / HTTP/1.1\r\n")), got("plain")


def host_is_replaced(host):
    """The target decides (RFC 9112 section 3.2.2)."""
    s = say("GET http://%s/head HTTP/1.1\r\n%sConnection: close\r\n\r\n" % (P, host))
    has(read_to_end(s)[0], b"Host: " + P.encode() + b"\r\n")
    same(got("plain").lower().count(b"host:"), 1)


def raw_target():
    """Bytes that are no ASCII are percent-encoded, and a rule sees them so."""
    s = say(b"GET http://%s/head/\xc3\xa4?\xff HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n" % (P.encode(), P.encode()))
    has(read_to_end(s)[0], b"GET /head/%C3%A4?%FF HTTP/1.1\r\n")
    s = say(b"GET http://%s/hello/geheim\xc3\xa4/x HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n" % (P.encode(), P.encode()))
    has(read_to_end(s)[0], b"HTTP/1.1 403")


def connects(head):
    """What clients say in a CONNECT besides its target is nothing to us."""
    s = dial()
    s.sendall(head.encode())
    same(s.recv(12), b"HTTP/1.1 200")


def abandoned():
    """A client that leaves in mid-download ends the origin's connection too."""
    s = say(get("http://%s/bytes/500000000" % P, P))
    s.recv(1000)
    s.close()
    assert eventually(lambda: "send failed" in events("plain")), events("plain")


def through_tunnel_port(port, statuses):
    s = say("CONNECT www.bed.test:%s HTTP/1.1\r\nHost: www.bed.test:%s\r\n\r\n" % (port, port))
    data, _ = read_to_end(s)
    assert data[:9] == b"HTTP/1.1 " and int(data[9:12]) in statuses, data[:80]
    has(data, b"Proxy-Status: ")


def connect_to_http(path, host, status, text):
    """What comes behind a CONNECT to an http_port is plain HTTP: read, and judged by its URL."""
    s = say("CONNECT %s HTTP/1.1\r\nHost: %s\r\n\r\n" % (P, P))
    has(s.recv(1000), b"HTTP/1.1 200")
    for _ in range(2 if status == 200 else 1):
        s.sendall(get(path, host))
        data = b""
        while text not in data:
            more = s.recv(65536)
            assert more, data
            data += more
        same(statuses(data)[0], status)
    s.close()


test("CONNECT to an http_port: plain HTTP inside", connect_to_http, "/hello", P, 200, b"hello from plain")
test("CONNECT to an http_port: judged by its URL", connect_to_http, "/hello/secret/x", P, 403, b"blocked here")
test("CONNECT to an http_port: for that host alone", connect_to_http, "/hello", "other.test", 400, b"another host")
test("origin-form is no proxy request", refused, "GET / HTTP/1.1\r\nHost: %s\r\n\r\n" % P, (400, 403, 404, 421))
test("https:// in absolute form", refused, "GET https://%s/ HTTP/1.1\r\nHost: %s\r\n\r\n" % (P, P), (400, 403, 421, 501))
test("ftp://", refused, "GET ftp://%s/ HTTP/1.1\r\nHost: %s\r\n\r\n" % (P, P), (400, 403, 501))
test("a target with a user", refused, "GET http://u:p@%s/ HTTP/1.1\r\nHost: %s\r\n\r\n" % (P, P), (400,))
test("a target without a host", refused, "GET http:///x HTTP/1.1\r\nHost: %s\r\n\r\n" % P, (400,))
test("a target with port 0", refused, "GET http://plain.bed.test:0/ HTTP/1.1\r\nHost: plain.bed.test:0\r\n\r\n", (400, 403))
test("a target with port 99999", refused, "GET http://plain.bed.test:99999/ HTTP/1.1\r\nHost: plain.bed.test\r\n\r\n", (400, 403))
test("an odd spelling of an address", refused, "GET http://0x7f.1:%d/ HTTP/1.1\r\nHost: 0x7f.1:%d\r\n\r\n" % (WEB, WEB), (400,))
test("an address in octal", refused, "GET http://0177.0.0.1:%d/ HTTP/1.1\r\nHost: 0177.0.0.1:%d\r\n\r\n" % (WEB, WEB), (400,))
test("Upgrade from HTTP/2 with prior knowledge", refused, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", (400, 505))
test("CONNECT without a port", refused, "CONNECT www.bed.test HTTP/1.1\r\nHost: www.bed.test\r\n\r\n", (400,))
test("CONNECT with a path", refused, "CONNECT www.bed.test:%d/x HTTP/1.1\r\nHost: www.bed.test\r\n\r\n" % TLS, (400,))
test("CONNECT to an odd address", refused, "CONNECT 127.1:%d HTTP/1.1\r\nHost: 127.1:%d\r\n\r\n" % (TLS, TLS), (400,))
for host in ("Host: other.test\r\n", "Host: plain.bed.test\r\n", "Host: plain.bed.test:1\r\n", "Host:\r\n", "Host: a b\r\n", ""):
    test("a target and " + (host.strip() or "no Host"), host_is_replaced, host)
test("a target that is not ASCII", raw_target)
for extra in ("Host: evil.test:1\r\n", "Host:\r\n", "", "Host: 127.0.0.1:%d\r\nContent-Length: 0\r\n" % WEB,
              "Pragma: no-cache\r\nProxy-Connection: Keep-Alive\r\nContent-Length: 0\r\n"):
    for version in ("1.1", "1.0"):
        test("CONNECT of HTTP/%s with %s" % (version, extra.replace("\r\n", ", ") or "nothing"), connects,
             "CONNECT www.bed.test:%d HTTP/%s\r\n%s\r\n" % (TLS, version, extra))
for port in ("22", "25", "65535"):
    test("CONNECT to port %s" % port, through_tunnel_port, port, (403,))
for port in ("0", "65536", "-1", "x", ""):
    test("CONNECT to port '%s'" % port, through_tunnel_port, port, (400, 403))
test("a half-closed client gets its answer", half_close)
test("a half-closed client's POST", half_close_post)
test("pipelined requests", pipelined)
test("byte by byte", byte_by_byte)
test("HTTP/1.0 without Host", no_host_in_old)
test("an empty path", empty_path)
test("a query without a path: served or refused, not guessed", query_without_path)
test("OPTIONS of the server as a whole", options_star)
test("a client that leaves", abandoned)
