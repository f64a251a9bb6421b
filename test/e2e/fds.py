"""Many connections at once: hold N (all are served), flood N (more than there are descriptors), crowd N."""
import os
import sys
import time

from client import PORT, TLS, Reader, connect, context, dial, get, read_to_end, reset, same, secure, test

HOST = "www.bed.test"
what, n = sys.argv[1], int(sys.argv[2])


def one(s):
    s.sendall(get("/hello", "%s:%d" % (HOST, TLS)))
    same(Reader(s).response().body, b"hello from www\n")


def hold():
    """So many sessions at once, each asks three times; then half of them leave rudely."""
    sessions = [secure(HOST) for _ in range(n)]
    for _ in range(3):
        for s in sessions:
            one(s)
    for i, s in enumerate(sessions):
        if i % 2:
            s.close()
        else:
            reset(s)


def flood():
    """More clients than descriptors: some are turned away, those who are served are served right."""
    opened = []
    for _ in range(n):
        try:
            opened.append(dial())
        except OSError:
            pass
    time.sleep(1)
    for s in opened:
        s.close()
    for _ in range(1000):
        try:
            return one(secure(HOST))
        except (OSError, AssertionError, EOFError):
            time.sleep(0.1)
    raise AssertionError("it never served again")


def crowd():
    """Descriptors at and past FD_SETSIZE: connections over them are dropped, the others are served."""
    served = 0
    opened = []
    for _ in range(n):
        try:
            s = secure(HOST)
            one(s)
            opened.append(s)
            served += 1
        except (OSError, AssertionError, EOFError):
            pass
    same((served > 0 or n == 0) or "none fits below FD_SETSIZE", True if served else "none fits below FD_SETSIZE")


test("%s %d" % (what, n), {"hold": hold, "flood": flood, "crowd": crowd}[what])
