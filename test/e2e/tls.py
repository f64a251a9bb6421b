"""The client's side of TLS: ClientHellos of every shape, SNI and ALPN rules, resumption, hostile records."""
import os
import socket
import ssl
import struct
import sys
import time

from client import (PORT, TLS, WAIT, End, Reader, connect, context, dial, events, eventually, forget, get, got, has, lacks, read_to_end,
                    reset, same, secure, test)

HOST = "www.bed.test"
V12 = ssl.TLSVersion.TLSv1_2


# --- ClientHellos by hand -----------------------------------------------------------
def vec(size, data):
    return len(data).to_bytes(size, "big") + data


def ext(kind, data):
    return struct.pack(">H", kind) + vec(2, data)


def sni(*names):
    return ext(0, vec(2, b"".join(b"\0" + vec(2, n) for n in names)))


GROUPS = ext(10, vec(2, struct.pack(">2H", 29, 23)))
POINTS = ext(11, b"\x01\x00")
SIGS = ext(13, vec(2, bytes.fromhex("040308040401")))
ALPN = ext(16, vec(2, vec(1, b"http/1.1")))
ALPN_H2 = ext(16, vec(2, vec(1, b"h2")))
VERSIONS = ext(43, vec(1, b"\x03\x04\x03\x03"))
SUITES = bytes.fromhex("c02bc02cc02fcca9")
SHARE = ext(51, vec(2, b"\x00\x1d" + vec(2, bytes([9]) + bytes(31))))  # X25519: any 32 bytes are a point


def hello(*exts, version=b"\x03\x03", suites=SUITES, session=b"", extensions=True):
    body = version + os.urandom(32) + vec(1, session) + vec(2, suites) + b"\x01\x00"
    if extensions:
        body += vec(2, b"".join(exts))
    return b"\x01" + vec(3, body)


def records(message, piece=16384, version=b"\x03\x01"):
    return b"".join(b"\x16" + version + vec(2, message[at:at + piece]) for at in range(0, len(message), piece))


USUAL = [sni(HOST.encode()), GROUPS, POINTS, SIGS, ALPN]


def answered(wire, by_byte=False, pause=0):
    """Sends a hello through a CONNECT; True if a ServerHello came, else the alert's number or how it ended."""
    s, status = connect(HOST)
    same(status, 200)
    if by_byte:
        for b in wire:
            s.sendall(bytes([b]))
            time.sleep(pause)
    else:
        s.sendall(wire)
    s.settimeout(WAIT)
    try:
        data = s.recv(5, socket.MSG_WAITALL)
    except ConnectionError:
        return "reset"
    if not data:
        return "closed"
    rest = s.recv(struct.unpack(">H", data[3:])[0], socket.MSG_WAITALL)
    if data[0] == 22:
        same(rest[0], 2)
        return True
    same(data[0], 21)
    return rest[1]


def good(wire, **kw):
    same(answered(wire, **kw), True)


def bad(wire):
    """Refused: by an alert or by closing, and the origin sees no request."""
    forget("www")
    result = answered(wire)
    assert result is not True, "answered with a ServerHello"
    same(got("www"), b"")


def h2_only():
    result = answered(records(hello(sni(HOST.encode()), GROUPS, POINTS, SIGS, ALPN_H2)))
    assert result in (True, "closed", 120, 40), result  # 120: no_application_protocol (RFC 7301 section 3.2)


def big(n):
    """A hello of so many bytes in all records, filled with an unknown extension and padding."""
    room = n - len(records(hello(*USUAL, ext(0xfe00, b"")), 16384))
    return hello(*USUAL, ext(0xfe00, os.urandom(room)))


def handshake_by_bytes():
    """A whole handshake and request in one-byte TCP segments."""
    near, far = socket.socketpair()
    import threading
    s, _ = connect(HOST)

    def forward():
        while True:
            data = far.recv(4096)
            if not data:
                return
            for b in data:
                s.sendall(bytes([b]))

    def back():
        while True:
            data = s.recv(4096)
            if not data:
                far.close()
                return
            far.sendall(data)
    for job in (forward, back):
        threading.Thread(target=job, daemon=True).start()
    t = context().wrap_socket(near, server_hostname=HOST)
    t.sendall(get("/hello", "%s:%d" % (HOST, TLS)))
    same(Reader(t).response().body, b"hello from www\n")


def hello_with_connect():
    """The ClientHello in the same segment as the CONNECT: not lost."""
    message = records(hello(*USUAL))
    s = dial()
    s.sendall(b"CONNECT %s:%d HTTP/1.1\r\nHost: %s:%d\r\n\r\n" % (HOST.encode(), TLS, HOST.encode(), TLS) + message)
    s.settimeout(WAIT)
    data = b""
    while b"\x16\x03\x03" not in data:
        part = s.recv(4096)
        assert part, data
        data += part
    has(data, b"HTTP/1.1 200")


def no_tls():
    """HTTP in clear inside a CONNECT to be inspected: refused, not passed on."""
    forget("www")
    s, _ = connect(HOST)
    s.sendall(get("/hello", HOST))
    data, end = read_to_end(s)
    lacks(data, b"hello from")
    assert end != End.OPEN
    same(got("www"), b"")


def http10_only():
    """A client that names http/1.0 and nothing else is inspected; so is one that resumes."""
    c = context(alpn=("http/1.0",), most=ssl.TLSVersion.TLSv1_2)
    session = None
    for _ in range(2):
        s, _ = connect(HOST)
        t = c.wrap_socket(s, server_hostname=HOST, session=session)
        same(t.selected_alpn_protocol(), "http/1.0")
        t.sendall(get("/hello", "%s:%d" % (HOST, TLS), version="HTTP/1.0"))
        has(read_to_end(t)[0], b"hello from www")
        session = t.session


# --- names ------------------------------------------------------------------------
def sni_differs(name):
    """Not even the handshake succeeds, whatever Host would say later."""
    forget("www", "rsa")
    s, _ = connect(HOST)
    c = context(verify=False)
    c.check_hostname = False
    try:
        t = c.wrap_socket(s, server_hostname=name)
    except OSError:
        same(events("www") + events("rsa"), "")
        return
    t.sendall(get("/hello", "%s:%d" % (name, TLS)))
    raise AssertionError("a handshake succeeded, and then came %r" % read_to_end(t)[0][:100])


def sni_none():
    s, _ = connect(HOST)
    c = context(verify=False)
    c.check_hostname = False
    t = c.wrap_socket(s)
    t.sendall(get("/hello", "%s:%d" % (HOST, TLS)))
    same(Reader(t).response().body, b"hello from www\n")


def address_with_sni(host_field, good):
    """CONNECT to an address, SNI names the site: certificate and Host are checked for the name."""
    forget("www")
    s, _ = connect("127.20.0.1")
    t = context().wrap_socket(s, server_hostname=HOST)
    t.sendall(get("/hello", host_field))
    if good:
        same(Reader(t).response().body, b"hello from www\n")
    else:
        data, _ = read_to_end(t)
        assert data[:12] in (b"HTTP/1.1 421", b"HTTP/1.1 400"), data[:100]
        same(got("www"), b"")


def address_with_blocked_sni():
    s, _ = connect("127.20.0.1")
    t = context().wrap_socket(s, server_hostname="ads.bed.test")
    t.sendall(get("/", "ads.bed.test"))
    has(read_to_end(t)[0], b"HTTP/1.1 403")


def asserted_name_buys_no_tunnel():
    """CONNECT to an address with the SNI of a tunnelled host: inspected all the same (the leaf is ours)."""
    s, _ = connect("127.20.0.2")
    t = context().wrap_socket(s, server_hostname="quiet.bed.test")  # verified against our CA
    same("sluice" in str(t.getpeercert()["issuer"]).lower() or bool(t.getpeercert()), True)


# --- versions, ALPN, resumption ---------------------------------------------------------
def negotiated():
    s = secure(HOST)
    same((s.version(), s.selected_alpn_protocol()), ("TLSv1.3", "http/1.1"))
    assert "GCM" in s.cipher()[0] or "CHACHA" in s.cipher()[0], s.cipher()


def refuses_old(most, ciphers="DEFAULT@SECLEVEL=0"):
    s, _ = connect(HOST)
    c = context(verify=False)
    c.check_hostname = False
    c.set_ciphers(ciphers)
    c.minimum_version = ssl.TLSVersion.TLSv1
    c.maximum_version = most
    try:
        c.wrap_socket(s, server_hostname=HOST)
    except OSError:
        return
    raise AssertionError("a handshake succeeded")


def one_suite(name, good):
    s, _ = connect(HOST)
    c = context(most=V12)
    c.set_ciphers(name)
    try:
        t = c.wrap_socket(s, server_hostname=HOST)
        same((good, t.cipher()[0]), (True, name))
    except ssl.SSLError:
        same(good, False)


def resumed(c, host, session, alpn=None):
    s, _ = connect(host)
    t = c.wrap_socket(s, server_hostname=host, session=session)
    return t


def resumption():
    c = context(most=V12)
    t = resumed(c, HOST, None)
    t.sendall(get("/hello", "%s:%d" % (HOST, TLS)))
    Reader(t).response()
    u = resumed(c, HOST, t.session)
    same(u.session_reused, True)
    u.sendall(get("/hello", "%s:%d" % (HOST, TLS)))
    same(Reader(u).response().body, b"hello from www\n")


def resume_offering_only_h2():
    """The crash of DESIGN: a hello that resumes and offers no ALPN name of ours."""
    c = context(most=V12)
    t = resumed(c, HOST, None)
    t.sendall(get("/hello", "%s:%d" % (HOST, TLS)))
    Reader(t).response()
    session = t.session
    for offer in (ALPN_H2, ext(16, vec(2, vec(1, b"x") + vec(1, b"h2"))), b""):
        exts = [sni(HOST.encode()), GROUPS, POINTS, SIGS] + ([offer] if offer else [])
        for _ in range(3):
            answered(records(hello(*exts, session=session.id)))
    u = resumed(c, HOST, session)
    u.sendall(get("/hello", "%s:%d" % (HOST, TLS)))
    same(Reader(u).response().body, b"hello from www\n")


def session_of_another_host():
    c = context(most=V12)
    c.check_hostname = False
    t = resumed(c, HOST, None)
    t.sendall(get("/hello", "%s:%d" % (HOST, TLS)))
    Reader(t).response()
    u = resumed(c, "rsa2.bed.test", t.session)
    same(u.session_reused, False)


def renegotiation():
    """A client that asks for it in mid-session gets none.  openssl s_client's R command does that."""
    import subprocess
    run = subprocess.run(["openssl", "s_client", "-proxy", "127.0.0.1:%d" % PORT, "-connect", "%s:%d" % (HOST, TLS), "-servername",
                          HOST, "-tls1_2", "-CAfile", os.environ["CA"], "-verify_return_error"], input=b"R\n",
                         capture_output=True, timeout=WAIT)
    lacks(run.stdout, b"verify error")
    assert b"no renegotiation" in run.stderr or b"error" in run.stderr or b"alert" in run.stderr, run.stderr[-300:]


def junk_after_handshake():
    """A spoilt record in mid-session ends the connection and nothing else."""
    near, far = socket.socketpair()
    s, _ = connect(HOST)
    c = context(most=V12)
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    t = c.wrap_bio(incoming, outgoing, server_hostname=HOST)
    while True:
        try:
            t.do_handshake()
            break
        except ssl.SSLWantReadError:
            s.sendall(outgoing.read())
            incoming.write(s.recv(65536))
    s.sendall(outgoing.read())
    forget("www")
    t.write(get("/hello", "%s:%d" % (HOST, TLS)))
    record = bytearray(outgoing.read())
    record[-1] ^= 1
    s.sendall(bytes(record))
    s.settimeout(WAIT)
    data = b""
    try:
        while True:
            part = s.recv(65536)
            if not part:
                break
            data += part
    except ConnectionError:
        pass
    same(got("www"), b"")


def close_notify_comes():
    s = secure(HOST)
    s.sendall(get("/hello", "%s:%d" % (HOST, TLS), "Connection: close\r\n"))
    same(read_to_end(s)[1], End.CLEAN)


def leaves_without_close_notify():
    """A client that just closes in mid-session: the origin sees a proper end or none, and nobody crashes."""
    forget("www")
    s = secure(HOST)
    s.sendall(get("/hello", "%s:%d" % (HOST, TLS)))
    Reader(s).response()
    raw = socket.socket(fileno=s.detach())
    raw.close()
    assert eventually(lambda: "end" in events("www")), events("www")


def cut_request_is_not_sent_on_whole():
    """Truncation by an attacker on the wire: a body that ends without close_notify is not completed."""
    forget("www")
    s = secure(HOST)
    s.sendall(get("/sum", "%s:%d" % (HOST, TLS), "Content-Length: 100\r\n", "POST") + b"x" * 50)
    time.sleep(0.2)
    raw = socket.socket(fileno=s.detach())
    raw.close()
    assert eventually(lambda: "end" in events("www")), events("www")
    lacks(events("www"), "whole")


def early_leaver(at):
    """Clients that leave at each point of a handshake."""
    wire = records(hello(*USUAL))
    for how in ("close", "reset"):
        s, _ = connect(HOST)
        s.sendall(wire[:at])
        if at > len(wire):
            s.settimeout(WAIT)
            s.recv(100)
        reset(s) if how == "reset" else s.close()


def still_serves():
    s = secure(HOST)
    s.sendall(get("/hello", "%s:%d" % (HOST, TLS)))
    same(Reader(s).response().body, b"hello from www\n")


def main():
    test("TLS 1.3, an AEAD suite, ALPN http/1.1", negotiated)
    test("TLS 1.1 is refused", refuses_old, ssl.TLSVersion.TLSv1_1)
    test("TLS 1.0 is refused", refuses_old, ssl.TLSVersion.TLSv1)
    test("CBC suites only are refused", refuses_old, V12, "ECDHE-ECDSA-AES128-SHA256:ECDHE-ECDSA-AES128-SHA")
    test("RSA suites only are refused", refuses_old, V12, "ECDHE-RSA-AES128-GCM-SHA256")
    for name in ("ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-ECDSA-AES256-GCM-SHA384", "ECDHE-ECDSA-CHACHA20-POLY1305"):
        test("suite " + name, one_suite, name, True)
    test("a hello by hand", good, records(hello(*USUAL)))
    test("a hello byte by byte", lambda: good(records(hello(*USUAL)), by_byte=True))
    test("a hello in records of one byte", good, records(hello(*USUAL), 1))
    test("a hello over two records, cut in the header", good, records(hello(*USUAL), 2))
    for n in (1500, 4000, 9000, 16300):
        test("a hello of %d bytes" % n, lambda: good(records(big(n))))
    test("a hello of 16 KB in records of 512", lambda: good(records(big(15000), 512)))
    test("a hello past 16 KB is refused", bad, records(hello(*USUAL, ext(0xfe00, bytes(30000)))))
    test("a hello without SNI", good, records(hello(GROUPS, POINTS, SIGS, ALPN)))
    test("a hello without ALPN", good, records(hello(sni(HOST.encode()), GROUPS, POINTS, SIGS)))
    test("a hello with TLS 1.3 and 1.2", good, records(hello(*USUAL, VERSIONS, SHARE, suites=b"\x13\x01" + SUITES)))
    test("a hello with TLS 1.2 and one that nobody knows", good, records(hello(*USUAL, ext(43, b"\x04\x7a\x7a\x03\x03"))))
    test("a hello with TLS 1.3 and suites of 1.2 alone", bad, records(hello(*USUAL, VERSIONS)))
    test("a hello of TLS 1.3 only", bad, records(hello(*USUAL, ext(43, b"\x02\x03\x04"))))
    test("two SNI extensions", bad, records(hello(*USUAL, sni(b"ads.bed.test"))))
    test("two of another extension", bad, records(hello(*USUAL, GROUPS)))
    test("two host names in an SNI", bad, records(hello(sni(HOST.encode(), b"ads.bed.test"), GROUPS, POINTS, SIGS)))
    test("NUL in the SNI", bad, records(hello(sni(HOST.encode() + b"\0.ads.test"), GROUPS, POINTS, SIGS)))
    test("an empty SNI is none", good, records(hello(sni(b""), GROUPS, POINTS, SIGS)))
    test("an SNI without names is none", good, records(hello(ext(0, b"\0\0"), GROUPS, POINTS, SIGS)))
    test("an address as SNI is none", good, records(hello(sni(b"127.20.0.1"), GROUPS, POINTS, SIGS)))
    test("an IPv6 address as SNI is none", good, records(hello(sni(b"::1"), GROUPS, POINTS, SIGS)))
    test("ALPN http/1.0 alone", http10_only)
    test("an over-long SNI", bad, records(hello(sni(b"a" * 300), GROUPS, POINTS, SIGS)))
    test("no suite that we have", bad, records(hello(*USUAL, suites=bytes.fromhex("c02fc030002f"))))
    test("ALPN h2 only: an alert, or a session without ALPN", h2_only)
    test("P-521 only", bad, records(hello(sni(HOST.encode()), ext(10, vec(2, struct.pack(">H", 25))), POINTS, SIGS)))
    test("a length that does not add up", bad, records(b"\x01" + vec(3, hello(*USUAL)[4:] + b"\0")))
    test("an empty record", bad, b"\x16\x03\x01\x00\x00" + records(hello(*USUAL)))
    test("a message behind the hello", bad, records(hello(*USUAL) + b"\x10\x00\x00\x00"))
    test("SSLv2", bad, b"\x80\x2e\x01\x03\x01\x00\x15\x00\x00\x00\x10" + bytes(40))
    test("an alert instead of a hello", bad, b"\x15\x03\x01\x00\x02\x02\x28")
    test("no TLS inside CONNECT", no_tls)
    test("the hello in one segment with the CONNECT", hello_with_connect)
    test("a handshake in one-byte segments", handshake_by_bytes)
    test("SNI of another site than CONNECT's is refused", sni_differs, "rsa.bed.test")
    test("SNI of a site that is tunnelled does not help", sni_differs, "quiet.bed.test")
    test("no SNI: CONNECT's name counts", sni_none)
    test("CONNECT to an address with SNI", address_with_sni, "%s:%d" % (HOST, TLS), True)
    test("CONNECT to an address with SNI, Host of another", address_with_sni, "rsa.bed.test:%d" % TLS, False)
    test("CONNECT to an address with SNI, Host is the address", address_with_sni, "127.20.0.1:%d" % TLS, False)
    test("CONNECT to an address with the SNI of a blocked host", address_with_blocked_sni)
    test("the SNI of a tunnelled host buys no tunnel", asserted_name_buys_no_tunnel)
    test("a session is resumed", resumption)
    test("resuming while offering only h2 does not crash", resume_offering_only_h2)
    test("a session is not resumed for another host", session_of_another_host)
    test("no renegotiation", renegotiation)
    test("a spoilt record ends the connection", junk_after_handshake)
    test("close_notify is sent", close_notify_comes)
    test("a client that leaves without close_notify", leaves_without_close_notify)
    test("a body cut off on the wire is not made whole", cut_request_is_not_sent_on_whole)
    for at in (0, 1, 5, 6, 60, 10000):
        test("clients that leave after %d bytes of hello" % at, early_leaver, at)
    test("after all that it still serves", still_serves)


main()
