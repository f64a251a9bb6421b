# client.py HOST PORT CA.pem: one handshake with 127.0.0.1:PORT as if it were HOST; exit 0 if the leaf is good.
import socket, ssl, sys

host, port, ca = sys.argv[1:4]
context = ssl.create_default_context(cafile=ca)
if hasattr(ssl, 'VERIFY_X509_STRICT'):
    context.verify_flags |= ssl.VERIFY_X509_STRICT
with socket.create_connection(('127.0.0.1', int(port)), timeout=120) as plain:
    with context.wrap_socket(plain, server_hostname=host) as tls:
        assert tls.getpeercert()['subjectAltName']
