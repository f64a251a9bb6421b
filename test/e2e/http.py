"""HTTP/1.1 inside inspected sessions, as it should be: what goes through, and what of it."""
import base64
import hashlib
import os
import struct
import sys
import time

from client import (TLS, End, Reader, connect, context, dial, events, eventually, forget, get, got, has, lacks, read_to_end,
                    same, secure, test)

HOST = "www.bed.test"
AUTH = "%s:%d" % (HOST, TLS)


def ask(path, extra="", method="GET", body=b"", version="HTTP/1.1"):
    """One request on a connection of its own."""
    s = secure(HOST)
    s.sendall(get(path, AUTH, extra, method, version) + body)
    return Reader(s).response(head=method == "HEAD"), s


def one_after_another():
    forget("www")
    s = secure(HOST)
    r = Reader(s)
    for i in range(20):
        s.sendall(get("/hello", AUTH))
        same(r.response().body, b"hello from www\n")
    same(events("www").count("accept"), 1)
    same(events("www").count("request GET /hello"), 20)


def pipelined():
    s = secure(HOST)
    r = Reader(s)
    sizes = [5, 0, 70000, 1, 300, 16384, 16385, 2]
    s.sendall(b"".join(get("/bytes/%d" % n, AUTH) for n in sizes))
    same([len(r.response().body) for _ in sizes], sizes)


def pipelined_posts():
    s = secure(HOST)
    r = Reader(s)
    bodies = [b"a" * 10, b"", b"GET / HTTP/1.1\r\n\r\n", b"z" * 40000]
    s.sendall(b"".join(get("/echo", AUTH, "Content-Length: %d\r\n" % len(b), "POST") + b for b in bodies))
    same([r.response().body for _ in bodies], bodies)


def pipelined_mixed():
    """Answers of every framing behind one another, none swallowing the next."""
    s = secure(HOST)
    r = Reader(s)
    s.sendall(get("/chunked/1000", AUTH) + get("/status/204", AUTH) + get("/bytes/7", AUTH, method="HEAD") +
              get("/status/304", AUTH) + get("/trailers", AUTH) + get("/interim/2", AUTH) + get("/hello", AUTH))
    same(len(r.response().body), 1000)
    same(r.response().status, 204)
    same(r.response(head=True).get("content-length"), "7")
    same(r.response().status, 304)
    same(r.response().body, b"hello")
    same(r.response().body, b"after 2\n")
    same(r.response().body, b"hello from www\n")


def head_request():
    r, s = ask("/bytes/100", method="HEAD")
    same((r.status, r.get("content-length"), r.get("via")), (200, "100", "1.1 sluice"))
    s.sendall(get("/hello", AUTH))
    same(Reader(s).response().body, b"hello from www\n")


def head_chunked():
    r, s = ask("/chunked/100", method="HEAD")
    same(r.get("transfer-encoding"), "chunked")
    s.sendall(get("/hello", AUTH))
    same(Reader(s).response().body, b"hello from www\n")


def no_body(path, status):
    r, s = ask(path)
    same(r.status, status)
    s.sendall(get("/hello", AUTH))
    same(Reader(s).response().body, b"hello from www\n")


def pattern(n):
    return (bytes(range(256)) * (n // 256 + 1))[:n]


def chunked_answer():
    r, s = ask("/chunked/300000")
    same(hashlib.sha256(r.body).hexdigest(), hashlib.sha256(pattern(300000)).hexdigest())
    assert not any(";" in line for line in r.chunk_lines), "chunk extensions came through"
    s.sendall(get("/hello", AUTH))
    same(Reader(s).response().body, b"hello from www\n")


def trailers():
    r, s = ask("/trailers")
    same((r.body, r.trailers), (b"hello", ["X-Sum: 5d41402a"]))


def chunked_request():
    s = secure(HOST)
    s.sendall(get("/echo", AUTH, "Transfer-Encoding: chunked\r\nTrailer: X-T\r\n", "POST"))
    for part in (b"3\r\nabc\r\n", b"000A;ext=1\r\n012345", b"6789\r", b"\n", b"0\r\nX-T: yes\r\nHost: evil\r\n\r\n"):
        s.sendall(part)
        time.sleep(0.02)
    r = Reader(s).response()
    same((r.body, r.get("x-framing")), (b"abc0123456789", "chunked"))
    same(r.get("x-trailers"), "X-T: yes")


def big_chunked_request():
    body = os.urandom(700000)
    s = secure(HOST)
    s.sendall(get("/sum", AUTH, "Transfer-Encoding: chunked\r\n", "PUT"))
    for at in range(0, len(body), 9973):
        part = body[at:at + 9973]
        s.sendall(b"%x\r\n%s\r\n" % (len(part), part))
    s.sendall(b"0\r\n\r\n")
    same(Reader(s).response().body.decode(), "%d %s\n" % (len(body), hashlib.sha256(body).hexdigest()))


def expect():
    forget("www")
    s = secure(HOST)
    s.sendall(get("/echo", AUTH, "Content-Length: 4\r\nExpect: 100-continue\r\n", "POST"))
    r = Reader(s)
    same(r.response(interim=True).status, 100)
    has(events("www"), "saw expect")
    s.sendall(b"body")
    same(r.response().body, b"body")


def expect_refused():
    s = secure(HOST)
    s.sendall(get("/refuse", AUTH, "Content-Length: 4\r\nExpect: 100-continue\r\n", "POST"))
    r = Reader(s)
    same(r.response(interim=True).status, 417)
    same(read_to_end(s)[1], End.CLEAN)


def expect_not_awaited():
    """A client may send the body without waiting."""
    r, _ = ask("/echo", "Content-Length: 4\r\nExpect: 100-continue\r\n", "POST", b"body")
    same((r.status, r.body), (200, b"body"))


def interim(n):
    s = secure(HOST)
    s.sendall(get("/interim/%d" % n, AUTH))
    r = Reader(s)
    for i in range(n):
        hint = r.response(interim=True)
        same((hint.status, hint.get("link")), (103, "</s%d.css>; rel=preload" % i))
    same(r.response().body, b"after %d\n" % n)


def too_many_interim():
    s = secure(HOST)
    s.sendall(get("/interim/17", AUTH))
    data, end = read_to_end(s)
    lacks(data, b"after 17")
    same(data.count(b"HTTP/1.1 103"), 16)
    has(data, b"HTTP/1.1 502")


def interim_for_old_client():
    """HTTP/1.0 knows no 1xx (RFC 9110 section 15.2)."""
    s = secure(HOST)
    s.sendall(get("/interim/1", AUTH, version="HTTP/1.0"))
    data, _ = read_to_end(s)
    lacks(data, b" 103 ")
    has(data, b"after 1")


def frame(op, data, fin=True):
    mask = os.urandom(4)
    n = len(data)
    head = bytes([(128 if fin else 0) | op])
    head += bytes([128 | n]) if n < 126 else b"\xfe" + struct.pack(">H", n) if n < 65536 else b"\xff" + struct.pack(">Q", n)
    return head + mask + bytes(b ^ mask[i % 4] for i, b in enumerate(data))


def websocket():
    s = secure(HOST)
    key = base64.b64encode(os.urandom(16)).decode()
    upgrade = "Upgrade: websocket\r\nConnection: keep-alive, Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: %s\r\n" % key
    s.sendall(get("/ws", AUTH, upgrade) + frame(1, b"eager"))  # a frame right behind the head
    r = Reader(s)
    a = r.response()
    same((a.status, a.get("upgrade"), a.get("connection").lower()), (101, "websocket", "upgrade"))
    want = base64.b64encode(hashlib.sha1((key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").encode()).digest()).decode()
    same(a.get("sec-websocket-accept"), want)
    same(r.take(7), b"\x81\x05eager")
    for data in (b"x", b"y" * 200, os.urandom(70000), b""):
        s.sendall(frame(2, data))
        head = r.take(2)
        n = head[1]
        n = struct.unpack(">H", r.take(2))[0] if n == 126 else struct.unpack(">Q", r.take(8))[0] if n == 127 else n
        same(r.take(n) == data, True)
    s.sendall(frame(8, b"\x03\xe8"))
    same(r.take(4), b"\x88\x02\x03\xe8")
    same(read_to_end(s)[1], End.CLEAN)


def websocket_refused():
    """An origin that answers an upgrade with a plain response: the session goes on as HTTP."""
    s = secure(HOST)
    s.sendall(get("/hello", AUTH, "Upgrade: websocket\r\nConnection: Upgrade\r\n"))
    r = Reader(s)
    same(r.response().body, b"hello from www\n")
    s.sendall(get("/hello", AUTH))
    same(r.response().body, b"hello from www\n")


def raw_switch(protocol, fields, body=b"", method="POST"):
    """docker exec, kubectl exec: a request, perhaps with a body, and then no HTTP any more."""
    s = secure(HOST)
    s.sendall(get("/raw", AUTH, "Connection: Upgrade\r\nUpgrade: %s\r\n%s" % (protocol, fields), method) + body)
    r = Reader(s)
    a = r.response()
    same((a.status, a.get("upgrade"), a.get("connection"), a.get("content-length"), a.get("transfer-encoding")),
         (101, protocol, "Upgrade", None, None))
    sent = b"{}" if body else b""
    for data in (b"\0raw\r\n\r\n", b"GET / HTTP/1.1\r\n\r\n", os.urandom(70000)):
        s.sendall(data)
        sent += data
    same(r.take(len(sent)) == sent, True)


def unasked_switch():
    s = secure(HOST)
    s.sendall(get("/switch", AUTH))
    data, _ = read_to_end(s)
    has(data, b"HTTP/1.1 502")
    lacks(data, b"boo")


def upgrade_dropped(what):
    r, _ = ask("/head", "Upgrade: %s\r\nConnection: Upgrade, HTTP2-Settings\r\nHTTP2-Settings: AAMAAABk\r\n" % what)
    same(r.status, 200)
    lacks(r.body.lower(), b"upgrade")
    lacks(r.body.lower(), b"http2-settings")


def request_fields():
    r, _ = ask("/head?q=1", "Connection: X-Secret, keep-alive\r\nX-Secret: 1\r\nKeep-Alive: 9\r\nProxy-Connection: keep-alive\r\n"
               "Proxy-Authorization: Basic eDp5\r\nTE: gzip\r\nX-Kept: a  b\r\nCookie: c=1\r\nCookie: d=2\r\n")
    seen = r.body.decode("latin1")
    has(seen, "GET /head?q=1 HTTP/1.1\r\n")
    for gone in ("x-secret", "keep-alive", "proxy-", "\nte:"):
        lacks(seen.lower(), gone)
    for kept in ("X-Kept: a  b\r\n", "Cookie: c=1\r\nCookie: d=2\r\n", "Host: %s\r\n" % AUTH):
        has(seen, kept)
    lacks(seen, "Via:")


def via_is_kept():
    r, _ = ask("/head", "Via: 1.0 before\r\n")
    has(r.body, b"\r\nVia: 1.0 before\r\n")
    lacks(r.body, b"sluice")


def te_trailers():
    r, _ = ask("/head", "TE: trailers\r\nConnection: TE\r\n")
    same(r.status, 200)
    lacks(r.body, b"gzip")


def answer_fields():
    r, _ = ask("/hop")
    for gone in ("x-gone", "keep-alive", "proxy-authenticate", "alt-svc"):
        same(r.get(gone), None)
    same((r.get("x-stays"), r.all("set-cookie"), r.get("via")), ("1", ["a=1", "b=2"], "1.1 sluice"))
    same(r.get("strict-transport-security"), "max-age=1")


def ends_at_close():
    r, s = ask("/close/200000")
    same((hashlib.sha256(r.body).hexdigest(), r.end), (hashlib.sha256(pattern(200000)).hexdigest(), End.CLEAN))


def old_origin():
    r, s = ask("/old")
    same((r.status, r.body), (200, b"old\n"))
    has(r.head, "HTTP/1.1 200")


def old_client():
    """Chunks are taken off for HTTP/1.0, and the end is the connection's."""
    s = secure(HOST)
    s.sendall(get("/chunked/5000", AUTH, version="HTTP/1.0"))
    r = Reader(s).response()
    same((r.get("transfer-encoding"), r.body, r.end), (None, pattern(5000), End.CLEAN))


def old_client_closes():
    s = secure(HOST)
    s.sendall(get("/hello", AUTH, version="HTTP/1.0"))
    data, end = read_to_end(s)
    has(data, b"hello from www\n")
    same(end, End.CLEAN)


def asked_to_close():
    r, s = ask("/hello", "Connection: close\r\n")
    same((r.body, r.get("connection"), read_to_end(s)), (b"hello from www\n", "close", (b"", End.CLEAN)))


def early_answer():
    s = secure(HOST)
    s.sendall(get("/early", AUTH, "Content-Length: 300000\r\n", "POST"))
    r = Reader(s)
    same(r.response().body, b"early\n")
    try:
        s.sendall(b"x" * 300000)
        s.sendall(get("/hello", AUTH))
        same(r.response().body, b"hello from www\n")
    except (EOFError, OSError):
        pass  # it may also close after an answer that came before the request's end


def byte_by_byte():
    """Each byte in a TLS record of its own."""
    s = secure(HOST)
    for byte in get("/echo", AUTH, "Content-Length: 3\r\n", "POST") + b"abc":
        s.sendall(bytes([byte]))
    same(Reader(s).response().body, b"abc")


def long_head(n, status):
    s = secure(HOST)
    head = get("/head", AUTH, "X-Long: %s\r\n" % ("a" * (n - len(get("/head", AUTH)) - 10)))
    same(len(head), n)
    try:
        s.sendall(head)
    except OSError:
        pass
    r = Reader(s).response()
    same(r.status, status)
    if status == 200:
        has(r.body, b"a" * 30000)


def connect_inside():
    forget("www")
    s = secure(HOST)
    s.sendall(b"CONNECT %s HTTP/1.1\r\nHost: %s\r\n\r\n" % (AUTH.encode(), AUTH.encode()))
    r = Reader(s).response()
    same(r.status, 405)
    assert r.get("proxy-status"), "no Proxy-Status"
    lacks(got("www"), b"CONNECT")


def wrong_host(host, also=b""):
    forget("www")
    s = secure(HOST)
    s.sendall(b"GET /hello HTTP/1.1\r\nHost: %s\r\n\r\n%s" % (host.encode(), also))
    data, end = read_to_end(s)
    assert data[:12] in (b"HTTP/1.1 400", b"HTTP/1.1 421"), data[:200]
    same(end, End.CLEAN)
    same(got("www"), b"")


def right_host(host):
    s = secure(HOST)
    s.sendall(get("/hello", host))
    same(Reader(s).response().body, b"hello from www\n")


def absolute_inside(url, good):
    forget("www")
    s = secure(HOST)
    s.sendall(get(url, AUTH, "Connection: close\r\n"))
    data, _ = read_to_end(s)
    if good:
        has(data, b"hello from www\n")
    else:
        same(data[:10], b"HTTP/1.1 4")
        same(got("www"), b"")


def options_star():
    forget("www")
    r, _ = ask("*", "Connection: close\r\n", "OPTIONS")
    has(got("www"), b"OPTIONS * HTTP/1.1")


def hundreds():
    s = secure(HOST)
    r = Reader(s)
    for i in range(300):
        s.sendall(get("/bytes/%d" % (i * 7), AUTH))
        same(len(r.response().body), i * 7)


def origin_leaves():
    """An origin that closes between two requests: the client sees a clean end, or its request served anew."""
    s = secure(HOST)
    r = Reader(s)
    s.sendall(get("/old", AUTH))
    same(r.response().body.endswith(b"old\n"), True)


def empty_lines_before():
    s = secure(HOST)
    s.sendall(b"\r\n" + get("/hello", AUTH))
    same(Reader(s).response().body, b"hello from www\n")


def query_and_odd_paths():
    for path in ("/head?a=b&c=%20d;e", "/head/%2e%2e/x", "/head//double", "/head/~!$&'()*+,;=:@"):
        r, _ = ask(path)
        has(r.body.decode(), "GET %s HTTP/1.1\r\n" % path)


def client_goes():
    """A client that leaves in the middle: the origin's connection ends too."""
    forget("www")
    s = secure(HOST)
    s.sendall(get("/bytes/500000000", AUTH))
    s.recv(1000)
    s.close()
    assert eventually(lambda: "send failed" in events("www")), events("www")


def main():
    test("requests one after another share one upstream connection", one_after_another)
    test("pipelined requests are answered in order", pipelined)
    test("pipelined requests with bodies", pipelined_posts)
    test("pipelined requests, answers of every framing", pipelined_mixed)
    test("HEAD has the length and no body", head_request)
    test("HEAD of a chunked resource", head_chunked)
    test("204 has no body", no_body, "/status/204", 204)
    test("304 has no body", no_body, "/status/304", 304)
    test("304 with a Content-Length has no body", no_body, "/304length", 304)
    test("an empty body", no_body, "/bytes/0", 200)
    test("a chunked answer comes whole, without chunk extensions", chunked_answer)
    test("trailers come, a Content-Length among them does not", trailers)
    test("a chunked request in odd pieces, trailers too, no Host among them", chunked_request)
    test("a big chunked request", big_chunked_request)
    test("Expect: 100-continue is the origin's to answer", expect)
    test("Expect: 100-continue refused: final answer, closed", expect_refused)
    test("Expect: 100-continue without waiting", expect_not_awaited)
    test("sixteen interim answers pass", interim, 16)
    test("the seventeenth is one too many", too_many_interim)
    test("an HTTP/1.0 client gets no interim answer", interim_for_old_client)
    test("WebSocket: frames both ways, clean end", websocket)
    test("WebSocket refused by the origin", websocket_refused)
    test("docker exec: Upgrade: tcp with a body", raw_switch, "tcp", "Content-Length: 2\r\n", b"{}")
    test("and a chunked one", raw_switch, "tcp", "Transfer-Encoding: chunked\r\n", b"2\r\n{}\r\n0\r\n\r\n")
    test("kubectl exec: SPDY/3.1", raw_switch, "SPDY/3.1", "Content-Length: 0\r\n")
    test("a GET upgrade with Content-Length: 0", raw_switch, "websocket", "Content-Length: 0\r\n", b"", "GET")
    test("101 that nobody asked for", unasked_switch)
    test("Upgrade: h2c does not reach the origin", upgrade_dropped, "h2c")
    test("Upgrade: websocket, h2c does not reach the origin", upgrade_dropped, "websocket, h2c")
    test("Upgrade: TLS/1.0 does not reach the origin", upgrade_dropped, "TLS/1.0")
    test("hop-by-hop fields of requests are removed, no Via added", request_fields)
    test("an existing Via stays, alone", via_is_kept)
    test("TE: trailers is harmless", te_trailers)
    test("hop-by-hop fields and Alt-Svc of answers are removed", answer_fields)
    test("an answer that ends at close is whole, and ends with close_notify", ends_at_close)
    test("an HTTP/1.0 origin", old_origin)
    test("an HTTP/1.0 client gets no chunks", old_client)
    test("an HTTP/1.0 client's connection ends", old_client_closes)
    test("Connection: close is obeyed", asked_to_close)
    test("an answer before the end of the request", early_answer)
    test("a request byte by byte", byte_by_byte)
    test("a head of 32,000 bytes passes", long_head, 32000, 200)
    test("a head over 32 KiB is refused", long_head, 34000, 431)
    test("CONNECT inside TLS: 405", connect_inside)
    test("Host of another site", wrong_host, "rsa.bed.test")
    test("Host of another port", wrong_host, HOST + ":1")
    test("Host of another site, a good request pipelined behind", wrong_host, "rsa.bed.test", get("/smuggled", AUTH))
    test("an empty Host", wrong_host, "")
    test("Host as the CONNECT target, upper case", right_host, "WWW.Bed.TEST:%d" % TLS)
    test("an absolute target of this host", absolute_inside, "https://%s/hello" % AUTH, True)
    test("an absolute target of another host", absolute_inside, "https://rsa.bed.test:%d/hello" % TLS, False)
    test("OPTIONS *", options_star)
    test("three hundred requests on one connection", hundreds)
    test("an origin that closes", origin_leaves)
    test("an empty line before a request", empty_lines_before)
    test("targets are passed on as they are", query_and_odd_paths)
    test("a client that leaves ends the origin's connection", client_goes)


main()
