#!/usr/bin/env python3
"""grpc-server.py ADDRESS PORT CERT.pem: /interop.Hello/Say answers with what it was sent, /Count with a stream of three."""
import concurrent.futures
import sys

import grpc

address, port, cert = sys.argv[1:]


class Hello(grpc.GenericRpcHandler):
    def service(self, call):
        if call.method == "/interop.Hello/Say":
            return grpc.unary_unary_rpc_method_handler(lambda request, context: b"hello " + request)
        if call.method == "/interop.Hello/Count":
            return grpc.unary_stream_rpc_method_handler(lambda request, context: iter([b"1", b"2", b"3"]))
        return None


server = grpc.server(concurrent.futures.ThreadPoolExecutor(8))
server.add_generic_rpc_handlers((Hello(),))
pem, key = (open(name, "rb").read() for name in (cert, cert[:-4] + ".key"))
server.add_secure_port("%s:%s" % (address, port), grpc.ssl_server_credentials([(key, pem)]))
server.start()
server.wait_for_termination()
