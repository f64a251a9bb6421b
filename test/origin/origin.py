"""The origins of the tests: origin.py SPEC LOGDIR.

SPEC has a line for each listener:  NAME ADDRESS PORT KIND [KEY=VALUE...]
    https   cert=FILE.pem [min=1.2 max=1.3 ciphers=... alpn=http/1.1,h2 sni=NAME]   TLS, then HTTP/1.1 below
    http                                                                          the same in clear
    mute      takes the connection and never says a word
    garbage   answers the first bytes with something that is no TLS
    slam      closes each connection at once;  reset: with a RST
    alert     answers the ClientHello with a handshake_failure alert
    echo      sends back what it gets (for tunnels); half-close is answered by a half-close
    corrupt to=ADDRESS:PORT   forwards to a TLS server, with one bit of its ServerKeyExchange signature flipped
    hello suite=HEX [version=0303]   a ServerHello that picks this suite, then silence

What each origin is sent in plaintext is appended to LOGDIR/NAME.got, what happens to LOGDIR/NAME.log.
What it answers is decided by the path of the request: see PATHS.  It is no well-behaved server but one that
does exactly what a test wants, down to the byte.  Standard library only, one thread a connection.
"""
import base64
import hashlib
import os
import socket
import ssl
import struct
import sys
import threading
import time

LOGS = ""
ENDED = object()
BLOCK = bytes(range(256)) * 256  # 64 KiB


class Gone(Exception):
    """The peer ended the connection."""


class Conn:
    """One accepted connection: a reader that keeps what it has read too much, and a log."""

    def __init__(self, origin, sock):
        self.origin, self.sock, self.ahead, self.tls = origin, sock, b"", None

    def log(self, text):
        self.origin.log(text)

    def recv(self, n=65536):
        try:
            data = self.sock.recv(n)
        except ssl.SSLEOFError:
            self.log("end cut")
            raise Gone()
        except ssl.SSLError as e:
            self.log("end tls-error %s" % e.reason)
            raise Gone()
        except OSError as e:
            self.log("end %s" % type(e).__name__)
            raise Gone()
        if not data:
            self.log("end clean" if self.tls else "end fin")
            raise Gone()
        self.origin.got(data)
        return data

    def line(self):
        while b"\n" not in self.ahead:
            self.ahead += self.recv()
        line, self.ahead = self.ahead.split(b"\n", 1)
        return line + b"\n"

    def take(self, n):
        while len(self.ahead) < n:
            self.ahead += self.recv()
        data, self.ahead = self.ahead[:n], self.ahead[n:]
        return data

    def some(self, most):
        """At least one byte, at most `most`."""
        if not self.ahead:
            self.ahead = self.recv()
        data, self.ahead = self.ahead[:most], self.ahead[most:]
        return data

    def send(self, data):
        if isinstance(data, str):
            data = data.encode("latin1")
        try:
            self.sock.sendall(data)
        except OSError as e:
            self.log("send failed %s" % type(e).__name__)
            raise Gone()

    def reset(self):
        """Ends with a RST, whatever the peer has not read."""
        self.log("resets")
        raw = self.sock
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        os.close(raw.detach())

    def cut(self):
        """Ends with a plain FIN: under TLS without close_notify."""
        self.log("cuts")
        sock = socket.socket(fileno=self.sock.detach())
        sock.shutdown(socket.SHUT_WR)
        sock.settimeout(5)
        try:
            while sock.recv(65536):
                pass
        except OSError:
            pass
        sock.close()

    def finish(self):
        """Ends properly: close_notify under TLS, then FIN; what still comes is read and thrown away."""
        try:
            if self.tls:
                self.sock.settimeout(5)
                self.sock = self.sock.unwrap()
            self.sock.shutdown(socket.SHUT_WR)
            self.sock.settimeout(2)
            while self.sock.recv(65536):
                pass
        except (OSError, ValueError):
            pass
        self.sock.close()


class Request:
    def __init__(self, conn):
        self.conn = conn
        self.raw = b""
        first = conn.line()
        while first in (b"\r\n", b"\n"):
            first = conn.line()
        self.raw += first
        self.method, self.target, self.version = first.decode("latin1").rstrip("\r\n").split(" ", 2)
        self.fields = []
        while True:
            line = conn.line()
            self.raw += line
            if line in (b"\r\n", b"\n"):
                break
            name, value = line.decode("latin1").rstrip("\r\n").split(":", 1)
            self.fields.append((name.lower(), value.strip()))
        self.path = self.target.split("?", 1)[0]
        self.parts = self.path.split("/")[1:]
        self.trailers = []
        conn.log("request %s %s" % (self.method, self.target))

    def get(self, name, default=""):
        return next((v for n, v in self.fields if n == name), default)

    def number(self, at, default=0):
        return int(self.parts[at]) if len(self.parts) > at and self.parts[at] else default

    def body(self):
        """Yields the body; afterwards self.trailers are there."""
        conn = self.conn
        if "chunked" in self.get("transfer-encoding"):
            while True:
                size = int(conn.line().split(b";")[0], 16)
                if size == 0:
                    break
                while size:
                    data = conn.some(size)
                    size -= len(data)
                    yield data
                conn.take(2)
            while True:
                line = conn.line()
                if line == b"\r\n":
                    break
                self.trailers.append(line.decode("latin1").strip())
        else:
            left = int(self.get("content-length", "0"))
            while left:
                data = conn.some(left)
                left -= len(data)
                yield data
        conn.log("whole")

    def drain(self):
        for _ in self.body():
            pass


def answer(conn, status, body=b"", fields=(), reason="OK", length=True):
    if isinstance(body, str):
        body = body.encode()
    head = "HTTP/1.1 %d %s\r\n" % (status, reason)
    head += "".join("%s: %s\r\n" % f for f in fields)
    if length:
        head += "Content-Length: %d\r\n" % len(body)
    conn.send(head.encode("latin1") + b"\r\n" + body)


def text(conn, body, status=200):
    answer(conn, status, body, [("Content-Type", "text/plain")])


def blocks(size):
    while size > 0:
        yield BLOCK[:size]
        size -= len(BLOCK[:size])


# --- what the paths do: each takes (conn, request); False: end it properly; ENDED: it has ended --
def p_hello(c, r):
    r.drain()
    text(c, "hello from %s\n" % c.origin.name)


def p_head(c, r):
    """The request's head as it came here."""
    r.drain()
    text(c, r.raw)


def p_echo(c, r):
    if r.get("expect"):
        c.log("saw expect")
        c.send("HTTP/1.1 100 Continue\r\n\r\n")
    data = b"".join(r.body())
    answer(c, 200, data, [("X-Framing", r.get("transfer-encoding") or "length"),
                          ("X-Trailers", "; ".join(r.trailers))])


def p_refuse(c, r):
    """A final answer to Expect: 100-continue, and the body is never read."""
    answer(c, 417, "no, thank you\n", [("Connection", "close")], "Expectation Failed")
    return False


def p_early(c, r):
    """Answers before it has read the body, then reads it."""
    answer(c, 200, "early\n")
    r.drain()


def p_sum(c, r):
    digest, n = hashlib.sha256(), 0
    for data in r.body():
        digest.update(data)
        n += len(data)
    text(c, "%d %s\n" % (n, digest.hexdigest()))


def p_slowread(c, r):
    """Reads nothing of the body for so many ms."""
    time.sleep(r.number(1) / 1000)
    p_sum(c, r)


def p_bytes(c, r):
    n = r.number(1)
    c.send("HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % n)
    if r.method != "HEAD":
        for data in blocks(n):
            c.send(data)


def p_chunked(c, r):
    """N bytes in chunks of odd sizes."""
    n, size = r.number(1), 1
    c.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    if r.method == "HEAD":
        return
    sent = 0
    while sent < n:
        size = min(size * 3 % 65521 + 1, n - sent)
        data = (BLOCK + BLOCK)[sent % 256:sent % 256 + size]
        c.send(b"%x;ext=\"a;b\"\r\n%s\r\n" % (size, data) if sent % 2 else b"%X\r\n%s\r\n" % (size, data))
        sent += size
    c.send("0\r\n\r\n")


def p_trailers(c, r):
    c.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n"
           "5\r\nhello\r\n0\r\nX-Sum: 5d41402a\r\nContent-Length: 3\r\n\r\n")


def p_close(c, r):
    """No length: ends with the connection."""
    c.send("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n")
    for data in blocks(r.number(1)):
        c.send(data)
    return False


def p_closecut(c, r):
    c.send("HTTP/1.1 200 OK\r\n\r\n")
    for data in blocks(r.number(1)):
        c.send(data)
    c.cut()
    return ENDED


def p_old(c, r):
    c.send("HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n\r\nold\n")
    return False


def p_status(c, r):
    n = r.number(1)
    r.drain()
    answer(c, n, b"" if n in (204, 304) else "status %d\n" % n, [("ETag", '"e"')], "Whatever", n not in (204, 304))


def p_304length(c, r):
    """A 304 that tells the length of what it does not send (RFC 9110 section 15.4.5)."""
    c.send("HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n")


def p_interim(c, r):
    r.drain()
    for i in range(r.number(1)):
        c.send("HTTP/1.1 103 Early Hints\r\nLink: </s%d.css>; rel=preload\r\n\r\n" % i)
    text(c, "after %d\n" % r.number(1))


def p_switch(c, r):
    """101 without having been asked."""
    c.send("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\nboo")
    return False


def p_hop(c, r):
    r.drain()
    answer(c, 200, "hop\n", [("Connection", "X-Gone, keep-alive"), ("X-Gone", "1"), ("Keep-Alive", "timeout=5"),
                             ("Proxy-Authenticate", "Basic"), ("Alt-Svc", 'h3=":443"'), ("X-Stays", "1"),
                             ("Set-Cookie", "a=1"), ("Set-Cookie", "b=2"),
                             ("Strict-Transport-Security", "max-age=1")])


def p_page(c, r):
    title = "/".join(r.parts[1:]) or "inspected"
    answer(c, 200, "<!doctype html><html><head><title>%s</title></head><body><h1 id=t>page from %s</h1>"
           "<script>document.getElementById('t').textContent += ' ran script'</script></body></html>" %
           (title, c.origin.name), [("Content-Type", "text/html")])


def p_websocket(c, r):
    if r.get("upgrade").lower() != "websocket":
        return text(c, "no upgrade came: %s\n" % r.raw.decode("latin1"), 400)
    key = r.get("sec-websocket-key")
    accept = base64.b64encode(hashlib.sha1((key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").encode()).digest())
    c.send("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
           "Sec-WebSocket-Accept: %s\r\n\r\n" % accept.decode())
    while True:
        first, second = c.take(2)
        size = second & 127
        if size == 126:
            size = struct.unpack(">H", c.take(2))[0]
        elif size == 127:
            size = struct.unpack(">Q", c.take(8))[0]
        mask = c.take(4)
        data = c.take(size)
        whole = mask * (size // 4 + 1)
        data = (int.from_bytes(data, "big") ^ int.from_bytes(whole[:size], "big")).to_bytes(size, "big")
        head = bytes([first])
        if size < 126:
            head += bytes([size])
        elif size < 65536:
            head += b"\x7e" + struct.pack(">H", size)
        else:
            head += b"\x7f" + struct.pack(">Q", size)
        c.send(head + data)
        if first & 15 == 8:
            return False


def p_raw(c, r):
    """A switch to what was asked for, as Docker's and Kubernetes' exec: once the body is read, it is echoed and then
    whatever comes.  The 101 has fields that it must not have."""
    data = b"".join(r.body())
    c.send("HTTP/1.1 101 UPGRADED\r\nContent-Type: application/vnd.docker.raw-stream\r\nConnection: Upgrade\r\n"
           "Upgrade: %s\r\nContent-Length: 7\r\nTransfer-Encoding: chunked\r\n\r\n" % r.get("upgrade"))
    while True:
        c.send(data)
        data = c.some(65536)


def p_slow(c, r):
    """N bytes, one each MS milliseconds."""
    n, ms = r.number(1), r.number(2)
    c.send("HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % n)
    for _ in range(n):
        c.send("x")
        time.sleep(ms / 1000)


def p_wait(c, r):
    """An answer after so many milliseconds."""
    time.sleep(r.number(1) / 1000)
    text(c, "waited\n")


# Faults.  "fault/NAME" is sent as it stands here; then the connection ends as the second word says.
HEAD = "HTTP/1.1 200 OK\r\n"
FAULTS = {
    "two-lengths": (HEAD + "Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello!", "close"),
    "length-list": (HEAD + "Content-Length: 5, 6\r\n\r\nhello!", "close"),
    "both": (HEAD + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n", "close"),
    "negative-length": (HEAD + "Content-Length: -5\r\n\r\nhello", "close"),
    "huge-length": (HEAD + "Content-Length: 99999999999999999999999\r\n\r\nhello", "close"),
    "plus-length": (HEAD + "Content-Length: +5\r\n\r\nhello", "close"),
    "bare-cr": (HEAD + "X: a\rb\r\nContent-Length: 5\r\n\r\nhello", "close"),
    "space-colon": (HEAD + "Content-Length : 5\r\n\r\nhello", "close"),
    "nul": (HEAD + "X: a\0b\r\nContent-Length: 5\r\n\r\nhello", "close"),
    "unknown-coding": (HEAD + "Transfer-Encoding: gzip\r\n\r\nhello", "close"),
    "chunked-twice": (HEAD + "Transfer-Encoding: chunked, chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n", "close"),
    "bad-version": ("HTTP/2.0 200 OK\r\nContent-Length: 5\r\n\r\nhello", "close"),
    "bad-status": ("HTTP/1.1 20 OK\r\nContent-Length: 5\r\n\r\nhello", "close"),
    "http09": ("hello, world\n", "close"),
    "big-head": (HEAD + "X: " + "a" * 40000 + "\r\nContent-Length: 5\r\n\r\nhello", "close"),
    "empty": ("", "close"),
    "half-head": ("HTTP/1.1 200 OK\r\nContent-Le", "close"),
    # After a good head: the client must see that the body is not whole.
    "bad-chunk-size": (HEAD + "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nxyz\r\nhello\r\n0\r\n\r\n", "close"),
    "huge-chunk-size": (HEAD + "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nfffffffffffffffff1\r\nx", "close"),
    "chunk-no-crlf": (HEAD + "Transfer-Encoding: chunked\r\n\r\n5\r\nhelloX\r\n0\r\n\r\n", "close"),
    "chunk-lf": (HEAD + "Transfer-Encoding: chunked\r\n\r\n5\nhello\n0\n\n", "close"),
    "cut-chunk": (HEAD + "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n10\r\nhel", "cut"),
    "no-last-chunk": (HEAD + "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n", "close"),
    "short-close": (HEAD + "Content-Length: 10\r\n\r\nhello", "close"),
    "short-cut": (HEAD + "Content-Length: 10\r\n\r\nhello", "cut"),
    "short-reset": (HEAD + "Content-Length: 10\r\n\r\nhello", "reset"),
    "close-cut": (HEAD + "\r\nhello", "cut"),
    "close-reset": (HEAD + "\r\nhello", "reset"),
    "chunk-reset": (HEAD + "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n", "reset"),
    "reset": ("", "reset"),
    "extra": (HEAD + "Content-Length: 5\r\n\r\nhelloHTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nforged", "stay"),
    "stall-head": ("HTTP/1.1 200 O", "stall"),
    "stall-body": (HEAD + "Content-Length: 10\r\n\r\nhello", "stall"),
    "silent": ("", "stall"),
}


def p_fault(c, r):
    data, end = FAULTS[r.parts[1]]
    r.drain()
    if data:
        c.send(data)
    if end == "close":
        return False
    if end == "cut":
        c.cut()
        return ENDED
    if end == "reset":
        time.sleep(0.2)  # a RST may destroy what the peer has not read yet
        c.reset()
        return ENDED
    if end == "stall":
        c.recv()  # waits until the peer gives up
    return True


PATHS = {
    "hello": p_hello, "head": p_head, "echo": p_echo, "refuse": p_refuse, "early": p_early, "sum": p_sum,
    "slowread": p_slowread, "bytes": p_bytes, "chunked": p_chunked, "trailers": p_trailers, "close": p_close,
    "closecut": p_closecut, "old": p_old, "status": p_status, "304length": p_304length, "interim": p_interim,
    "switch": p_switch, "hop": p_hop, "page": p_page, "ws": p_websocket, "slow": p_slow, "wait": p_wait, "raw": p_raw,
    "fault": p_fault,
}


def serve_http(conn):
    while True:
        request = Request(conn)
        handler = PATHS.get(request.parts[0] if request.parts else "", None)
        if handler is None:
            request.drain()
            text(conn, "nothing at %s\n" % request.path, 404)
            more = None
        else:
            more = handler(conn, request)
        if more is ENDED:
            return
        if more is False or "close" in request.get("connection").lower():
            conn.log("closes")
            conn.finish()
            return


# --- listeners -------------------------------------------------------------
class Origin:
    def __init__(self, name, addr, port, kind, options):
        self.name, self.addr, self.port, self.kind, self.options = name, addr, port, kind, options
        self.logfile = open(os.path.join(LOGS, name + ".log"), "a", buffering=1)
        self.gotfile = open(os.path.join(LOGS, name + ".got"), "ab", buffering=0)
        self.context = self.tls_context() if kind == "https" else None
        family = socket.AF_INET6 if ":" in addr else socket.AF_INET
        self.sock = socket.socket(family)
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            self.sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        self.sock.bind((addr, port))
        self.sock.listen(512)

    def log(self, text):
        self.logfile.write(text + "\n")

    def got(self, data):
        if self.options.get("keep", "1") == "1":
            self.gotfile.write(data)

    def tls_context(self):
        c = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        c.options &= ~ssl.OP_IGNORE_UNEXPECTED_EOF  # an end without close_notify is to be told apart
        versions = {"1.0": ssl.TLSVersion.TLSv1, "1.1": ssl.TLSVersion.TLSv1_1, "1.2": ssl.TLSVersion.TLSv1_2,
                    "1.3": ssl.TLSVersion.TLSv1_3}
        c.set_ciphers(self.options.get("ciphers", "DEFAULT@SECLEVEL=0"))
        c.minimum_version = versions[self.options.get("min", "1.2")]
        c.maximum_version = versions[self.options.get("max", "1.3")]
        pem = self.options["cert"]
        c.load_cert_chain(pem, pem[:-4] + ".key")
        if self.options.get("alpn", "http/1.1"):
            c.set_alpn_protocols(self.options.get("alpn", "http/1.1").split(","))

        def sni(sock, name, _):
            self.log("sni %s" % name)
            if self.options.get("sni", name) != name:
                return ssl.ALERT_DESCRIPTION_UNRECOGNIZED_NAME
            return None
        c.sni_callback = sni
        return c

    def run(self):
        while True:
            sock, _ = self.sock.accept()
            self.log("accept")
            threading.Thread(target=self.serve, args=(sock,), daemon=True).start()

    def serve(self, sock):
        conn = Conn(self, sock)
        try:
            getattr(self, "serve_" + self.kind)(conn)
        except Gone:
            conn.finish()
        except Exception as e:  # a test's fault: say so where the test looks
            self.log("error %r" % e)
            try:
                conn.reset()
            except OSError:
                pass

    def serve_http(self, conn):
        serve_http(conn)

    def serve_https(self, conn):
        try:
            conn.sock.settimeout(120)
            conn.sock = self.context.wrap_socket(conn.sock, server_side=True, suppress_ragged_eofs=False)
            conn.sock.settimeout(None)
        except OSError as e:
            self.log("handshake failed: %s" % (getattr(e, "reason", None) or e))
            return
        conn.tls = True
        s = conn.sock
        self.log("handshake %s %s alpn=%s reused=%s" % (s.version(), s.cipher()[0], s.selected_alpn_protocol(),
                                                        s.session_reused))
        serve_http(conn)

    def serve_mute(self, conn):
        while True:
            conn.sock.recv(65536) or sys.exit()

    def serve_garbage(self, conn):
        conn.recv()
        conn.send("220 mail.example ESMTP\r\n")
        conn.cut()

    def serve_slam(self, conn):
        conn.sock.close()

    def serve_reset(self, conn):
        conn.reset()

    def serve_alert(self, conn):
        conn.recv()
        conn.send(b"\x15\x03\x03\x00\x02\x02\x28")
        conn.cut()

    def serve_echo(self, conn):
        try:
            while True:
                conn.send(conn.recv())
        except Gone:
            pass

    def serve_hello(self, conn):
        conn.sock.settimeout(120)
        conn.sock.recv(65536)
        body = bytes.fromhex(self.options.get("version", "0303")) + bytes(32) + b"\0"
        body += bytes.fromhex(self.options["suite"]) + b"\0"
        hello = b"\x02" + struct.pack(">I", len(body))[1:] + body
        conn.send(b"\x16" + bytes.fromhex(self.options.get("version", "0303")) + struct.pack(">H", len(hello)) + hello)
        try:
            conn.log("then %r" % conn.sock.recv(64))
        except OSError as e:
            conn.log("then %r" % e)
        conn.cut()

    def serve_corrupt(self, conn):
        host, port = self.options["to"].rsplit(":", 1)
        far = Conn(self, socket.create_connection((host, int(port))))

        def back():
            try:
                spoiled = False
                while True:
                    head = far.sock.recv(5, socket.MSG_WAITALL)
                    if len(head) < 5:
                        break
                    data = bytearray(far.sock.recv(struct.unpack(">H", head[3:])[0], socket.MSG_WAITALL))
                    at = 0
                    while not spoiled and head[0] == 22 and at + 4 <= len(data):
                        size = int.from_bytes(data[at + 1:at + 4], "big")
                        if data[at] == 12:
                            data[at + 3 + size] ^= 1
                            spoiled = True
                            self.log("spoiled")
                        at += 4 + size
                    conn.send(head + data)
            except (Gone, OSError):
                pass
            conn.cut()

        threading.Thread(target=back, daemon=True).start()
        while True:
            data = conn.sock.recv(65536)
            if not data:
                break
            far.sock.sendall(data)
        far.sock.close()


def main():
    global LOGS
    LOGS = sys.argv[2]
    threads = []
    with open(sys.argv[1]) as lines:
        for line in lines:
            words = line.split()
            if not words or words[0].startswith("#"):
                continue
            options = dict(w.split("=", 1) for w in words[4:])
            origin = Origin(words[0], words[1], int(words[2]), words[3], options)
            threads.append(threading.Thread(target=origin.run))
    for thread in threads:
        thread.start()
    with open(os.path.join(LOGS, "ready"), "w") as ready:
        ready.write("ready\n")


main()
