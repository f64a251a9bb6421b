"""A client that says exactly what it is told, for tests that curl is too polite for.  Standard library only.

Each test is a function given to `test`; it raises AssertionError (or anything) to fail.  One line is printed
for each, "ok - NAME" or "not ok - NAME: why", which test/e2e/lib.sh counts.  With DIRECT=1 there is no proxy in
between: that shows that an origin does what its test believes.
"""
import os
import re
import socket
import ssl
import struct
import sys
import time
import traceback

BED, CA = os.environ["BED"], os.environ["CA"]
PORT, TLS, WEB = (int(os.environ[n]) for n in ("PORT", "TLS", "WEB"))
DIRECT = os.environ.get("DIRECT") == "1"
WAIT = float(os.environ.get("WAIT", "120"))


def test(name, run, *args):
    try:
        run(*args)
        line = "ok - " + name
    except Exception as e:
        where = traceback.extract_tb(e.__traceback__)[-1]
        why = str(e) or where.line
        line = "not ok - %s: %s: %s (line %d)" % (name, type(e).__name__, why.replace("\n", "\\n")[:700], where.lineno)
    os.write(1, (line + "\n").encode("utf-8", "replace"))  # in one piece: tests may run in threads


def same(got, want):
    if got != want:
        raise AssertionError("got %r, want %r" % (got, want))


def has(text, part):
    if part not in text:
        raise AssertionError("no %r in %r" % (part, text[:600]))


def lacks(text, part):
    if part in text:
        raise AssertionError("there is %r in %r" % (part, text[:600]))


# --- connections -------------------------------------------------------------
def address(host):
    """What the test's DNS server says of this name."""
    with open(os.path.join(BED, "hosts")) as lines:
        for line in lines:
            words = line.split()
            if words[0] == host:
                return words[1]
    return host


def dial(addr="127.0.0.1", port=None, source=None):
    s = socket.create_connection((addr, port or PORT), WAIT, (source, 0) if source else None)
    s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return s


def connect(host, port=None, extra=b"", source=None):
    """CONNECT; returns (socket, status).  Bytes after the answer are left in the socket."""
    if DIRECT:
        return dial(address(host), port or TLS), 200
    s = dial(source=source)
    s.sendall(b"CONNECT %s:%d HTTP/1.1\r\nHost: %s:%d\r\n\r\n" % (host.encode(), port or TLS, host.encode(), port or TLS) + extra)
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        byte = s.recv(1)
        if not byte:
            raise AssertionError("CONNECT: closed after %r" % head)
        head += byte
    return s, int(head.split()[1])


def context(cafile=None, alpn=("http/1.1",), most=None, verify=True):
    c = ssl.create_default_context(cafile=cafile or CA) if verify else ssl._create_unverified_context()
    c.options &= ~ssl.OP_IGNORE_UNEXPECTED_EOF  # an end without close_notify is to be told apart
    if alpn:
        c.set_alpn_protocols(list(alpn))
    if most:
        c.maximum_version = most
    return c


def secure(host, port=None, sni=None, source=None, **kw):
    """An inspected session: CONNECT, then TLS with the name checked.  Returns the TLS socket."""
    s, status = connect(host, port, source=source)
    same(status, 200)
    if DIRECT:
        kw["cafile"] = os.environ["PKI_ROOT"]
    return context(**kw).wrap_socket(s, server_hostname=sni or host, suppress_ragged_eofs=False)


# --- talking ------------------------------------------------------------------
class End:
    """How a connection ended."""
    CLEAN, CUT, RESET, OPEN = "clean", "cut", "reset", "open"


def read_to_end(s, wait=None):
    """Everything until the end, and how it ended; OPEN if nothing came for `wait` seconds."""
    data = b""
    s.settimeout(wait or WAIT)
    while True:
        try:
            part = s.recv(65536)
        except ssl.SSLEOFError:
            return data, End.CUT
        except (socket.timeout, TimeoutError):
            return data, End.OPEN
        except (ConnectionError, ssl.SSLError, OSError) as e:
            return data, End.CUT if "EOF" in str(e) else End.RESET
        if not part:
            return data, End.CLEAN
        data += part


class Reader:
    """Responses from a connection, one after another."""

    def __init__(self, s):
        self.s, self.ahead = s, b""
        s.settimeout(WAIT)

    def more(self):
        data = self.s.recv(65536)
        if not data:
            raise EOFError("closed, before that %r" % self.ahead[-300:])
        self.ahead += data

    def until(self, mark):
        while mark not in self.ahead:
            self.more()
        part, self.ahead = self.ahead.split(mark, 1)
        return part

    def take(self, n):
        while len(self.ahead) < n:
            self.more()
        part, self.ahead = self.ahead[:n], self.ahead[n:]
        return part

    def response(self, head=False, interim=False):
        """The next one; interim ones are passed over unless asked for."""
        r = Response(self.until(b"\r\n\r\n").decode("latin1"))
        if 100 <= r.status < 200 and r.status != 101:
            return r if interim else self.response(head)
        if head or r.status in (101, 204, 304):
            return r
        if r.get("transfer-encoding") == "chunked":
            while True:
                line = self.until(b"\r\n")
                r.chunk_lines.append(line.decode("latin1"))
                size = int(line.split(b";")[0], 16)
                if size == 0:
                    break
                r.body += self.take(size)
                same(self.take(2), b"\r\n")
            while True:
                line = self.until(b"\r\n").decode("latin1")
                if not line:
                    break
                r.trailers.append(line)
        elif r.get("content-length") is not None:
            r.body = self.take(int(r.get("content-length")))
        else:
            rest, r.end = read_to_end(self.s)
            r.body, self.ahead = self.ahead + rest, b""
        return r


class Response:
    def __init__(self, head):
        lines = head.split("\r\n")
        m = re.match(r"HTTP/1\.[01] (\d\d\d)( |$)", lines[0])
        assert m, "no status line: %r" % lines[0]
        self.status, self.head = int(m.group(1)), head
        self.fields = [(n.lower(), v.strip()) for n, v in (line.split(":", 1) for line in lines[1:])]
        self.body, self.trailers, self.chunk_lines, self.end = b"", [], [], None

    def get(self, name):
        return next((v for n, v in self.fields if n == name), None)

    def all(self, name):
        return [v for n, v in self.fields if n == name]


def get(path, host, extra="", method="GET", version="HTTP/1.1"):
    return ("%s %s %s\r\nHost: %s\r\n%s\r\n" % (method, path, version, host, extra)).encode("latin1")


def statuses(data):
    """The status codes of the responses in raw bytes, roughly."""
    return [int(m) for m in re.findall(rb"HTTP/1\.[01] (\d\d\d)[ \r]", data)]


# --- what the origins saw ---------------------------------------------------------
def got(name):
    with open(os.path.join(BED, "log", name + ".got"), "rb") as f:
        return f.read()


def events(name):
    with open(os.path.join(BED, "log", name + ".log")) as f:
        return f.read()


def forget(*names):
    for name in names:
        for kind in (".got", ".log"):
            with open(os.path.join(BED, "log", name + kind), "wb"):
                pass


def eventually(what, seconds=WAIT):
    """True as soon as what() is; False when the time is over."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if what():
            return True
        time.sleep(0.03)
    return False


def reset(s):
    """Ends with a RST."""
    s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    s.close()
