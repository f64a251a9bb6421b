"""No client chooses to be unseen: every way of speaking, against hosts that must be seen and one that need not: unseen.py.

A host may be tunnelled only where nothing could concern it: a name, looked up by the proxy, without a URL rule, which no
list wants inspected.  Whatever the TLS of the proxy can do: who can be inspected is, else the rule decides.
"""
import os
import re
import subprocess
import sys
import threading

from client import BED, CA, PORT, TLS, End, connect, eventually, events, forget, got, read_to_end, same, test
from wire import client_hello, serve

SEEN = {"a URL rule": "url.bed.test", "a list that wants it inspected": "wanted.bed.test", "an address without a name": "127.20.0.9"}
FREE = "rsa.bed.test"
ORIGIN = {"url.bed.test": "rsa", "wanted.bed.test": "rsa", FREE: "rsa", "127.20.0.9": "ip"}
PROXY = "127.0.0.1:%d" % PORT


# --- what became of it --------------------------------------------------------------------
def lines(host):
    """(method, verdict) of each of the proxy's log lines."""
    with open(os.path.join(BED, "log", "proxy.err")) as log:
        return re.findall(r"^\S+ (\S+) (?:https?://)?%s(?::%d\S*)? \d+ (\w+)" % (re.escape(host), TLS), log.read(), re.M)


def outcome(host, run):
    """Method and verdict of the proxy's log line, once it is written, and what run(host) returned."""
    before = len(lines(host))
    result = run(host)
    assert eventually(lambda: len(lines(host)) > before, 20), "no line in the log"
    return lines(host)[before], result


def is_seen(host, run):
    name = ORIGIN[host]
    forget(name)
    (method, word), result = outcome(host, run)
    assert word in ("inspected", "refused", "plain"), word
    if word == "refused" and method == "CONNECT":
        assert "accept" not in events(name), "the origin was reached"
    else:
        assert "handshake failed" not in events(name), events(name)
    assert result is not None, "nothing was said to the client"


def is_free(host, run):
    (_, word), result = outcome(host, run)
    assert word in ("tunnelled", "inspected"), "%s, the client: %r" % (word, result)


# --- real clients --------------------------------------------------------------------------
def curl(*args):
    """None: it heard nothing until its time was over."""
    def run(host):
        p = subprocess.run(["curl", "-sS", "--max-time", "12", "-x", "http://" + PROXY, "--cacert", CA, *args,
                            "https://%s:%d/hello" % (host, TLS)], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        return None if p.returncode == 28 else (p.returncode, p.stdout[:60], p.stderr[:100])
    return run


def s_client(*args):
    def run(host):
        name = () if host[0].isdigit() or "-noservername" in args else ("-servername", host)
        p = subprocess.run(["timeout", "12", "openssl", "s_client", "-proxy", PROXY, "-connect", "%s:%d" % (host, TLS),
                            "-CAfile", CA, *name, *args], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        return None if p.returncode == 124 else p.stdout[-100:]
    return run


# --- what no client says ---------------------------------------------------------------------
def raw(data):
    """None unless an alert or a status came."""
    def run(host):
        s, status = connect(host)
        if status != 200:
            return status
        s.sendall(data)
        back, end = read_to_end(s, 12)
        return back[:60] if back[:1] == b"\x15" or back[:5] == b"HTTP/" else None
    return run


def odd_hello(**kw):
    def run(host):
        return raw(client_hello(None if host[0].isdigit() else host, **kw))(host)
    return run


WAYS = [
    ("curl --http1.0", curl("--http1.0")),
    ("curl --http2-prior-knowledge", curl("--http2-prior-knowledge")),
    ("curl --no-alpn", curl("--no-alpn")),
    ("curl --tls-max 1.2 --ciphers AES128-SHA256", curl("--tls-max", "1.2", "--ciphers", "AES128-SHA256")),
    ("curl --tls-max 1.1", curl("--tls-max", "1.1", "--ciphers", "DEFAULT@SECLEVEL=0")),
    ("curl --tlsv1.3", curl("--tlsv1.3")),
    ("curl --curves P-521", curl("--curves", "P-521")),
    ("openssl s_client -alpn h2", s_client("-alpn", "h2")),
    ("openssl s_client -noservername", s_client("-noservername")),
    ("openssl s_client -sigalgs RSA+SHA256", s_client("-sigalgs", "RSA+SHA256", "-tls1_2")),
    ("a hello of suites that nobody has", odd_hello(suites="00ff")),
    ("HTTP in clear", raw(b"GET /hello HTTP/1.0\r\n\r\n")),
    ("an SSH client", raw(b"SSH-2.0-OpenSSH_9.2\r\n")),
    ("one odd byte", raw(b"\0")),
]


# --- who waits -------------------------------------------------------------------------------
def waits(host, may):
    """The server speaks first.  Where that may be, its word comes; else the client hears that it may not."""
    s, status = connect(host)
    same(status, 200)
    back, _ = read_to_end(s, 20)
    if may:
        same(back, b"SSH-2.0-first\r\n")
    else:
        same(back[:1], b"\x15")


def speaks_first():
    def one(s):
        s.sendall(b"SSH-2.0-first\r\n")
        s.close()

    serve("first.bed.test", one)
    return [("a client that waits: " + what, waits, host, may) for what, host, may in (
        ("let through to a plain host by name", "first.bed.test", True), ("not where there is a URL rule", "first.url.bed.test", False),
        ("not where a list wants inspection", "first.wanted.bed.test", False), ("not to an address", "127.20.0.44", False))]


def main():
    threads = [threading.Thread(target=test, args=case) for case in speaks_first()]
    for t in threads:
        t.start()
    for name, run in WAYS:
        for what, host in SEEN.items():
            if not (name.endswith("-noservername") and host[0].isdigit()):
                test("%s: %s: not tunnelled" % (name, what), is_seen, host, run)
        test("%s: a plain host by name: served" % name, is_free, FREE, run)
    for t in threads:
        t.join()
    sys.stdout.flush()
    os._exit(0)  # past the threads


main()
