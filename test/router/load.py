"""Connections for test/router/connections.sh: load.py PROXY-PORT ORIGIN-PORT CA full|resume HOST...

Goes through the proxy to each HOST in turn, asks for /hello, and ends.  `resume`: the session of the last
connection is offered again, and the proxy has to take it; with `full` none is offered.
"""
import socket
import ssl
import sys

port, origin, ca, kind = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3], sys.argv[4]
context = ssl.create_default_context(cafile=ca)
context.set_alpn_protocols(["http/1.1"])
session = None

for n, host in enumerate(sys.argv[5:]):
    s = socket.create_connection(("127.0.0.1", port), 60)
    s.sendall(b"CONNECT %s:%d HTTP/1.1\r\nHost: %s:%d\r\n\r\n" % (host.encode(), origin, host.encode(), origin))
    answer = b""
    while not answer.endswith(b"\r\n\r\n"):
        answer += s.recv(1)
    assert b" 200 " in answer, answer
    t = context.wrap_socket(s, server_hostname=host, session=session)
    assert t.session_reused == (kind == "resume" and n > 0), "%s: resumed: %s" % (host, t.session_reused)
    t.sendall(b"GET /hello HTTP/1.1\r\nHost: %s:%d\r\nConnection: close\r\n\r\n" % (host.encode(), origin))
    answer = b""
    while True:
        data = t.recv(65536)
        if not data:
            break
        answer += data
    assert answer.startswith(b"HTTP/1.1 200 ") and answer.endswith(b"hello\n"), answer
    session = t.session if kind == "resume" else None
    t.close()
