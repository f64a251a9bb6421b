"""Bytes for tests below HTTP: ClientHellos of any shape, and origins served by the test's own process."""
import os
import socket
import ssl
import struct
import threading

from client import TLS, address


# --- ClientHellos -----------------------------------------------------------------
def vec(size, data):
    return len(data).to_bytes(size, "big") + data


def ext(kind, data):
    return struct.pack(">H", kind) + vec(2, data)


def client_hello(name, alpn=("http/1.1",), suites="c02bc02cc02fcca9", record=b"\x03\x01"):
    """One that TLS 1.2 with ECDSA can answer, as it goes over the wire; name None: without SNI."""
    exts = ext(10, vec(2, struct.pack(">2H", 29, 23))) + ext(11, b"\x01\x00") + ext(13, vec(2, bytes.fromhex("040308040401")))
    if name is not None:
        exts += ext(0, vec(2, b"\0" + vec(2, name.encode())))
    if alpn:
        exts += ext(16, vec(2, b"".join(vec(1, a.encode()) for a in alpn)))
    body = b"\x03\x03" + os.urandom(32) + b"\0" + vec(2, bytes.fromhex(suites)) + b"\x01\x00" + vec(2, exts)
    message = b"\x01" + vec(3, body)
    return b"\x16" + record + vec(2, message)


def any_hello(name):
    """What a TLS client of today says: TLS 1.3 and 1.2, whatever this machine's library likes."""
    c = ssl._create_unverified_context()
    out = ssl.MemoryBIO()
    try:
        c.wrap_bio(ssl.MemoryBIO(), out, server_hostname=name).do_handshake()
    except ssl.SSLWantReadError:
        pass
    return out.read()


# --- origins in this process --------------------------------------------------------
def serve(host, one, port=None, backlog=64):
    """Runs one(socket) in a thread for each connection to the host; returns the listening socket."""
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((address(host), port or TLS))
    listener.listen(backlog)

    def guarded(s):
        try:
            one(s)
        except OSError:
            pass

    def run():
        try:
            while True:
                s, _ = listener.accept()
                threading.Thread(target=guarded, args=(s,), daemon=True).start()
        except OSError:
            pass

    threading.Thread(target=run, daemon=True).start()
    return listener
