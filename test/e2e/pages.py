"""Bytes in hosts and paths that try to get out of where they stand: in a page, in Proxy-Status, in the log."""
import os

from client import TLS, End, connect, context, dial, get, has, lacks, read_to_end, same, secure, test

HOST = "www.bed.test"


def path(text):
    s = secure(HOST)
    s.sendall(get(text, "%s:%d" % (HOST, TLS)))
    data, end = read_to_end(s)
    has(data[:20], b"HTTP/1.1 403")
    same(end, End.CLEAN)
    head, body = data.split(b"\r\n\r\n", 1)
    for mark in (b"<script", b"<b>", b"onload=", b"\x1b", b"\x00"):
        lacks(body, mark)
    lacks(body, b"'\"><")
    lacks(head, b"<script")
    has(head, b"Content-Length: %d" % len(body))


def connect_to(host):
    """A CONNECT to something that is no host name at all."""
    s = dial()
    s.sendall(b"CONNECT " + host + b":%d HTTP/1.1\r\nHost: x\r\n\r\n" % TLS)
    data, end = read_to_end(s)
    has(data[:20], b"HTTP/1.1 400")
    lacks(data.split(b"\r\n\r\n", 1)[1], b"<script")
    same(end, End.CLEAN)


def page_leaf_is_exact():
    """The page's leaf is for the name that was asked for and no other."""
    s, status = connect("ads.bed.test")
    same(status, 200)
    t = context().wrap_socket(s, server_hostname="ads.bed.test")
    names = [v for k, v in t.getpeercert()["subjectAltName"]]
    same(names, ["ads.bed.test"])


def page_session_is_not_resumed():
    """A session that was made under a page is not taken again (TLS 1.2 session ID)."""
    import ssl
    c = context(most=ssl.TLSVersion.TLSv1_2)
    s, _ = connect("ads.bed.test")
    t = c.wrap_socket(s, server_hostname="ads.bed.test")
    t.sendall(get("/", "ads.bed.test:%d" % TLS))
    read_to_end(t)
    session = t.session
    s, _ = connect("ads.bed.test")
    t = c.wrap_socket(s, server_hostname="ads.bed.test", session=session)
    same(t.session_reused, False)


def two_requests_blocked():
    """What follows a block page on the connection is not served."""
    s = secure("ads.bed.test")
    s.sendall(get("/a", "ads.bed.test:%d" % TLS) + get("/b", "ads.bed.test:%d" % TLS))
    data, end = read_to_end(s)
    same((data.count(b"HTTP/1.1 403"), end), (1, End.CLEAN))


test("markup in a path", path, "/hello/secret/<script>alert(1)</script>")
test("quotes in a path", path, "/hello/secret/'\"><b>x")
test("escapes in a path", path, "/hello/secret/%3Cscript%3E%00%1b[31m")
test("a very long path", path, "/hello/secret/" + "<b>" * 8000)
test("a host with markup", connect_to, b"<script>alert(1)</script>")
test("a host with a quote", connect_to, b'a"b')
test("a host with high bytes", connect_to, b"\xc3\xa9.bed.test")
test("an over-long host", connect_to, b"a" * 300 + b".test")
test("a label of 64", connect_to, b"a" * 64 + b".bed.test")
test("an empty label", connect_to, b"a..bed.test")
test("the leaf of a page is for exactly its host", page_leaf_is_exact)
test("the session of a page is not resumed", page_session_is_not_resumed)
test("a page ends the connection", two_requests_blocked)
