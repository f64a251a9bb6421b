"""Odd responses through the proxy: what Chromium reads without us is what a strict client reads through us.

odd.py: the cases of test/http/kinds.py, with what Chromium makes of them in chromium.json, and of the file that ODD names.
Each goes through in clear, and some inside TLS.  The client here forgives nothing: one odd byte in what it gets fails
the test, so that nothing leaves with two readings."""
import json
import os
import re
import socket
import ssl
import sys
import threading

from client import TLS, WEB, address, dial, secure, test

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(TOP, "test/http"))
import kinds  # noqa: E402

HOST = "odd.bed.test"
STATUS = re.compile(rb"HTTP/1\.1 ([1-9][0-9][0-9]) [\t\x20-\x7e\x80-\xff]*$")
FIELD = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[\t ]*((?:[\x21-\x7e\x80-\xff](?:[\t\x20-\x7e\x80-\xff]*[\x21-\x7e\x80-\xff])?)?)$")
CASES = []


# --- the origin -----------------------------------------------------------------
def answer(s, cafile=None):
    try:
        s.settimeout(15)
        if cafile:
            s = cafile.wrap_socket(s, server_side=True)
        data = b""
        while b"\r\n\r\n" not in data:
            part = s.recv(4096)
            if not part:
                return
            data += part
        text = CASES[int(data.split()[1].rsplit(b"/", 1)[1])][1]
        s.sendall(text.encode("latin1"))
        if cafile:
            s = s.unwrap()
        s.shutdown(socket.SHUT_WR)
        while s.recv(4096):
            pass
    except (OSError, ssl.SSLError):
        pass
    finally:
        s.close()


def listen(port, context=None):
    listener = socket.create_server((address(HOST), port), backlog=64)

    def accept():
        while True:
            threading.Thread(target=answer, args=(listener.accept()[0], context), daemon=True).start()
    threading.Thread(target=accept, daemon=True).start()


# --- a client that forgives nothing -----------------------------------------------
class Wrong(Exception):
    """What came has more than one reading, or none."""


def read_all(s):
    """Everything, and whether it ended as it should."""
    data = b""
    s.settimeout(20)
    while True:
        try:
            part = s.recv(65536)
        except TimeoutError:
            raise Wrong("left open after %r" % data[-200:])
        except OSError:
            return data, False
        if not part:
            return data, True
        data += part


def head(data):
    """(status, fields, rest) of the first head."""
    text, end, rest = data.partition(b"\r\n\r\n")
    if not end:
        raise Wrong("no head in %r" % data[:300])
    lines = text.split(b"\r\n")
    first = STATUS.match(lines[0])
    if not first:
        raise Wrong("status line %r" % lines[0])
    fields = []
    for line in lines[1:]:
        m = FIELD.match(line)
        if not m:
            raise Wrong("field %r" % line[:200])
        fields.append((m[1].lower(), m[2]))
    return int(first[1]), fields, rest


def chunks(rest):
    """The content, and whether it is whole."""
    content = b""
    while True:
        line, end, rest = rest.partition(b"\r\n")
        if not end:
            return content, False
        if not re.match(rb"(0|[1-9a-f][0-9a-f]*)$", line):
            raise Wrong("chunk size %r" % line[:100])
        n = int(line, 16)
        if n == 0:
            break
        if len(rest) < n + 2:
            return content + rest[:n], False
        if rest[n:n + 2] != b"\r\n":
            raise Wrong("behind a chunk %r" % rest[n:n + 10])
        content, rest = content + rest[:n], rest[n + 2:]
    while True:
        line, end, rest = rest.partition(b"\r\n")
        if not end:
            return content, False
        if not line:
            if rest:
                raise Wrong("%r behind the message" % rest[:100])
            return content, True
        if not FIELD.match(line) or re.match(rb"(content.length|transfer.encoding)", line, re.I):
            raise Wrong("trailer %r" % line[:100])


def reading(data, clean):
    """("200/6", how it ends): the one reading, else Wrong."""
    status, fields, rest = head(data)
    while status < 200:
        if any(name in (b"content-length", b"transfer-encoding") for name, _ in fields):
            raise Wrong("framing in a %d" % status)
        status, fields, rest = head(rest)
    squashed = [re.sub(rb"[^a-z0-9]", b"", name) for name, _ in fields]
    framing = [(n, v) for n, v in fields if n in (b"content-length", b"transfer-encoding")]
    if len(framing) > 1 or squashed.count(b"contentlength") + squashed.count(b"transferencoding") != len(framing):
        raise Wrong("framing %r" % fields)
    name, value = framing[0] if framing else (None, None)
    if name == b"content-length" and not re.match(rb"(0|[1-9][0-9]*)$", value):
        raise Wrong("length %r" % value)
    if name == b"transfer-encoding" and value != b"chunked":
        raise Wrong("coding %r" % value)
    own = any(n == b"proxy-status" for n, _ in fields)
    if own:
        return "ours", "ours"
    if status in (204, 304):
        if rest:
            raise Wrong("%r behind a %d" % (rest[:100], status))
        return "%d/0" % status, "head"
    if name == b"transfer-encoding":
        rest, whole = chunks(rest)
    elif name == b"content-length":
        whole = len(rest) == int(value)
        if len(rest) > int(value):
            raise Wrong("%r behind the message" % rest[int(value):][:100])
    else:
        whole = clean
    return "%d/%d" % (status, len(rest)), ("close" if not framing else "framed") if whole else "cut"


def ask(number, tls):
    target = "/%d" % number
    if tls:
        s = secure(HOST)
        where = "%s:%d" % (HOST, TLS)
    else:
        s = dial()
        where = "%s:%d" % (HOST, WEB)
        target = "http://%s%s" % (where, target)
    with s:
        s.sendall(("GET %s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n" % (target, where)).encode())
        return read_all(s)


def check(number, tls, want, strict):
    data, clean = ask(number, tls)
    got, end = reading(data, clean)
    if want.startswith("ERR"):
        if not (got == "ours" or end in ("close", "cut") or (end == "head" and strict is False)):
            raise Wrong("Chromium fails, and here is %s, %s: %r" % (got, end, data[:300]))
    elif strict:
        if got != want or end == "cut":
            raise Wrong("Chromium reads %s, and here is %s, %s: %r" % (want, got, end, data[:400]))
    elif not (got == "ours" or end == "close" or (got == want and end == "head")):
        raise Wrong("neither refused nor until the end: %s, %s: %r" % (got, end, data[:300]))


def is_as_chromium(name, text, result):
    """Of the kinds: what has one meaning must come through; where readers differ, one of the two ways is right."""
    if result.startswith("ERR"):
        return False
    status = int(result.split("/")[0])
    return 100 <= status <= 999 and text[:12].upper().find("HTTP") >= 0


def gather():
    with open(os.path.join(TOP, "test/http/chromium.json")) as file:
        measured = json.load(file)
    for name, text in kinds.everything():
        CASES.append((name, text, measured[name], is_as_chromium(name, text, measured[name])))
    if os.path.exists(os.environ.get("ODD", "")):
        with open(os.environ["ODD"]) as file:
            for c in json.load(file):
                CASES.append(("given: " + c["name"], c["response"], c["chromium"], c["want"] == "as chromium"))
    else:
        print("skip - the given cases", flush=True)


def main():
    gather()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(os.environ["CERT"] + ".pem", os.environ["CERT"] + ".key")
    listen(WEB)
    listen(TLS, context)
    jobs = iter([(n, tls) for tls in (False, True) for n, c in enumerate(CASES)
                 if not tls or n % 8 == 0 or c[0].startswith("given")])
    lock = threading.Lock()

    def worker():
        while True:
            with lock:
                n, tls = next(jobs, (None, None))
            if n is None:
                return
            name, _, want, strict = CASES[n]
            test("%s %s" % ("inspected:" if tls else "in clear:", ascii(name)), check, n, tls, want, strict)
    threads = [threading.Thread(target=worker) for _ in range(4)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()


main()
