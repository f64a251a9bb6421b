"""The same bytes and fields with us and without us: each request goes to the origin directly and through the proxy.

same.py NAME ADDRESS...: of those origins (nginx, apache, node).  What we may change: Connection and Via of answers."""
import re
import socket
import sys

from client import TLS, WEB, context, dial, has, same, secure, test

OURS = ("connection", "keep-alive", "via")
VARIES = ("date", "server-timing")


def read_all(s):
    data = b""
    s.settimeout(20)
    while True:
        part = s.recv(65536)
        if not part:
            return data
        data += part


def parse(data, head_only):
    """[(status line, fields), ...] with those of interim answers, the content, and the trailers."""
    heads = []
    while True:
        head, end, data = data.partition(b"\r\n\r\n")
        assert end, head
        lines = head.decode("latin1").split("\r\n")
        fields = [tuple(line.split(":", 1)) for line in lines[1:]]
        fields = [(n, v.strip()) for n, v in fields if n.lower() not in OURS]
        heads.append((lines[0], [(n, "*" if n.lower() in VARIES else v) for n, v in fields]))
        if not lines[0].split()[1].startswith("1"):
            break
    if head_only or ("Transfer-Encoding", "chunked") not in heads[-1][1]:
        return heads, data, b""
    content = b""
    while True:
        line, _, data = data.partition(b"\r\n")
        size = int(line, 16)
        if size == 0:
            return heads, content, data
        content, data = content + data[:size], data[size + 2:]


def ask(host, address, request, how, head_only):
    """how: direct, clear or inspected."""
    method, path = request[0].split(" ", 1)
    port = TLS if how.startswith("inspected") else WEB
    authority = "%s:%d" % (host, port)
    if how == "direct":
        s = socket.create_connection((address, WEB), 10)
    elif how == "inspected direct":
        s = context(cafile=PKI).wrap_socket(socket.create_connection((address, TLS), 10), server_hostname=host)
    elif how == "inspected":
        s = secure(host)
    else:
        s = dial()
        path = "http://%s%s" % (authority, path)
    with s:
        s.sendall(("%s %s HTTP/1.1\r\nHost: %s\r\n%sConnection: close\r\n\r\n" % (method, path, authority, request[1])).encode() +
                  (request[2] if len(request) > 2 else b""))
        data = read_all(s)
    boundary = re.search(rb"\r\nContent-Type: multipart/byteranges; boundary=([^\r]+)", data)
    if boundary:  # it counts, or is random, but has one length
        data = data.replace(boundary[1], b"*")
    return parse(data, head_only)


def compare(host, address, request, tls):
    head_only = request[0].startswith("HEAD")
    want = ask(host, address, request, "inspected direct" if tls else "direct", head_only)
    got = ask(host, address, request, "inspected" if tls else "clear", head_only)
    same(got, want)


def etag(host, address):
    heads, _, _ = ask(host, address, ("HEAD /page.html", ""), "direct", True)
    return dict(heads[-1][1])


def files(host, address):
    """What servers of files are asked."""
    known = etag(host, address)
    page = "GET /page.html"
    yield page, ""
    for coding in ("gzip", "gzip, deflate, br, zstd", "identity", "br;q=1, *;q=0"):
        yield page, "Accept-Encoding: %s\r\n" % coding
    for r in ("0-99", "100-", "-50", "0-0", "5-9,20-29", "99999999-", "9-5"):
        yield page, "Range: bytes=%s\r\n" % r
    yield page, "Range: bytes=0-9\r\nIf-Range: %s\r\n" % known["ETag"]
    yield page, 'Range: bytes=0-9\r\nIf-Range: "other"\r\n'
    yield page, "If-None-Match: %s\r\n" % known["ETag"]
    yield page, "If-None-Match: %s\r\nAccept-Encoding: gzip\r\n" % known["ETag"]
    yield page, "If-Modified-Since: %s\r\n" % known["Last-Modified"]
    yield page, "If-Modified-Since: Thu, 01 Jan 1970 00:00:00 GMT\r\n"
    yield page, 'If-Match: "other"\r\n'
    yield page, "Cache-Control: no-cache\r\nPragma: no-cache\r\n"
    yield "HEAD /page.html", ""
    yield "HEAD /page.html", "Accept-Encoding: gzip\r\n"
    yield "GET /data.bin", "Accept-Encoding: gzip\r\n"
    yield "GET /nothing?a=b%20c", ""
    yield "GET /dir", ""
    yield "OPTIONS /page.html", ""
    yield "DELETE /page.html", ""
    yield "GET //page.html", ""
    yield "GET /dir/../page.html", ""
    yield "GET /%70age.html", ""


def programs(host, address):
    """What a program may answer, and what it sees of a request."""
    for path in ("hints", "trailers", "gzip", "chunks", "204", "304", "redirect", "cookies", "none"):
        yield "GET /" + path, ""
        if path != "trailers":  # Node dies of HEAD there
            yield "HEAD /" + path, ""
    seen = "Accept: */*\r\nAccept-Encoding: gzip, deflate, br\r\nUser-Agent: a\r\nx-lower: b\r\nCookie: c=1\r\nCookie: d=2\r\nX-Two:  a  b \r\n" \
           "Origin: null\r\nSec-Fetch-Mode: cors\r\nDNT: 1\r\nAuthorization: Basic eDp5\r\nReferer: http://x/\r\nPriority: u=1, i\r\n"
    yield "GET /seen?a=%20b&c", seen
    yield "PUT /seen", seen + "Content-Length: 5\r\n", b"hello"
    yield "POST /seen", "Transfer-Encoding: chunked\r\nTrailer: X-Sum\r\n", b"5\r\nhello\r\n0\r\nX-Sum: 1\r\n\r\n"
    yield "POST /seen", "Content-Length: 5\r\nExpect: 100-continue\r\n", b"hello"
    yield "PATCH /seen", "Content-Length: 0\r\n"


def events(host):
    """An event arrives when it is sent."""
    s = dial()
    authority = "%s:%d" % (host, WEB)
    s.sendall(("GET http://%s/events HTTP/1.1\r\nHost: %s\r\n\r\n" % (authority, authority)).encode())
    data = b""
    s.settimeout(20)

    def more():
        part = s.recv(1000)
        assert part, "ended after %r" % data
        return part
    while b"data: one" not in data:
        data += more()
    assert b"data: two" not in data
    other = dial()
    other.sendall(("GET http://%s/go HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n" % (authority, authority)).encode())
    has(read_all(other), b"gone")
    while b"data: two" not in data:
        data += more()


PKI = sys.argv[1]
for name, address in zip(sys.argv[2::2], sys.argv[3::2]):
    host = name + ".bed.test"
    for request in (programs if name == "node" else files)(host, address):
        what = "%s: %s %s" % (name, request[0], " ".join(request[1].split())[:60])
        test("the same in clear, " + what, compare, host, address, request, False)
        if name == "nginx":
            test("the same inspected, " + what, compare, host, address, request, True)
    if name == "node":
        test("node: an event arrives when it is sent", events, host)
