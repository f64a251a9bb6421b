#!/usr/bin/env python3
"""serve NAME PORT...: answers every connection with NAME.  ask ADDRESS,PORT...: prints who answers."""
import socket
import sys
import threading


def serve(name, port):
    with socket.create_server(("::", port), family=socket.AF_INET6, dualstack_ipv6=True) as listener:
        while True:
            client, _ = listener.accept()
            client.sendall(name.encode())
            client.close()


def ask(target):
    try:
        with socket.create_connection(target.split(","), timeout=60) as s:
            return s.recv(64).decode()
    except OSError as e:
        return e.strerror or "nobody"


if __name__ == "__main__":
    if sys.argv[1] == "serve":
        for wanted in sys.argv[3:]:
            threading.Thread(target=serve, args=(sys.argv[2], int(wanted))).start()
    else:
        for wanted in sys.argv[2:]:
            print(wanted, ask(wanted))
