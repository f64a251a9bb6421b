"""Crowds: many N PID (so many sessions at once, all served, idle ones weighed); lazy N (readers that do not read)."""
import os
import sys
import threading
import time

from client import BED, TLS, Reader, get, same, secure, test

HOST = "www.bed.test"
what, n = sys.argv[1], int(sys.argv[2])


def rss(pid):
    with open("/proc/%s/status" % pid) as f:
        return next(int(line.split()[1]) for line in f if line.startswith("VmRSS"))


def ask(s):
    s.sendall(get("/hello", "%s:%d" % (HOST, TLS)))
    same(Reader(s).response().body, b"hello from www\n")


def many():
    """Opened by eight at a time as browsers do, then all of them idle, then all of them asking at once."""
    sessions, errors, lock = [], [], threading.Lock()

    def opener(count, source):
        for _ in range(count):
            try:
                s = secure(HOST, source=source)
                ask(s)
                with lock:
                    sessions.append(s)
            except Exception as e:
                errors.append(repr(e))

    def together(jobs):
        threads = [threading.Thread(target=job, args=args) for job, args in jobs]
        for t in threads:
            t.start()
        for t in threads:
            t.join()

    def asker(s):
        try:
            for _ in range(3):
                ask(s)
        except Exception as e:
            errors.append(repr(e))

    before = rss(sys.argv[3])
    # One client address holds at most half of the slots (DESIGN, greed): they come from four.
    together([(opener, (n // 8, "127.0.0.%d" % (i % 4 + 1))) for i in range(8)])
    same(errors[:3], [])
    same(len(sessions), n)
    time.sleep(1)
    with open(os.path.join(BED, "per-connection"), "w") as f:
        f.write("%.1f KiB" % ((rss(sys.argv[3]) - before) / n))
    together([(asker, (s,)) for s in sessions])
    same(errors[:3], [])
    for s in sessions:
        s.close()


def lazy():
    """Each asks for 50 MB and reads none of it for a while; what comes then is right."""
    sessions = []
    for _ in range(n):
        s = secure("vast.bed.test")
        s.sendall(get("/bytes/50000000", "vast.bed.test:%d" % TLS))
        sessions.append(s)
    time.sleep(3)
    s = sessions[0]
    r = Reader(s)
    r.until(b"\r\n\r\n")
    data = r.take(200000)
    same(data, (bytes(range(256)) * 782)[:200000])
    for s in sessions:
        s.close()


test({"many": "%d sessions at once, all served" % n, "lazy": "%d readers that do not read" % n}[what], {"many": many, "lazy": lazy}[what])
