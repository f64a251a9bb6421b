"""A DNS server for the tests: dns.py PORT HOSTS LOG, UDP and TCP on 127.0.0.1.

HOSTS is read afresh for every question, so a test may change it at any moment.  Its lines:
    NAME ADDRESS...            A and AAAA; "*.bed.test" matches every name below
    NAME servfail | refused | silent | garbage
    NAME slow=MS ADDRESS...    answers after MS milliseconds
    NAME ttl=SECONDS ADDRESS...
    NAME alias=OTHER           a CNAME, with OTHER's addresses
    NAME big ADDRESS...        truncated over UDP, whole over TCP
Any other name does not exist.  Each question is a line "NAME TYPE udp|tcp" in LOG.
"""
import socket
import struct
import sys
import threading
import time

A, CNAME, SOA, AAAA = 1, 5, 6, 28
TYPES = {A: "A", AAAA: "AAAA"}


def lookup(hosts, name):
    """The words of the line for this name, exact before wildcard; None if there is none."""
    found = None
    with open(hosts) as lines:
        for line in lines:
            words = line.split()
            if not words or words[0].startswith("#"):
                continue
            if words[0] == name:
                return words[1:]
            if words[0].startswith("*.") and name.endswith(words[0][1:]) and found is None:
                found = words[1:]
    return found


def encode(name):
    return b"".join(bytes([len(p)]) + p.encode() for p in name.split(".")) + b"\0"


def record(name, kind, ttl, data):
    return encode(name) + struct.pack(">HHIH", kind, 1, ttl, len(data)) + data


def answer(query, hosts, log, tcp):
    """The reply to one query, or None for silence."""
    ident, flags, count = struct.unpack(">HHH", query[:6])
    labels, at = [], 12
    while query[at]:
        labels.append(query[at + 1:at + 1 + query[at]].decode("latin1").lower())
        at += 1 + query[at]
    name = ".".join(labels)
    kind = struct.unpack(">H", query[at + 1:at + 3])[0]
    question = query[12:at + 5]
    log.write("%s %s %s\n" % (name, TYPES.get(kind, kind), "tcp" if tcp else "udp"))
    log.flush()
    words = lookup(hosts, name)
    code, flag, records, ttl, owner = 0, 0x8580, b"", 60, name
    soa = record("test", SOA, 1, encode("ns.test") + encode("h.test") + struct.pack(">5I", 1, 1, 1, 1, 1))
    if words is None:
        code = 3
    for word in words or []:
        if word == "silent":
            return None
        if word == "garbage":
            return struct.pack(">H", ident) + b"\x85\x80" + b"\xff" * 40
        if word in ("servfail", "refused"):
            code = {"servfail": 2, "refused": 5}[word]
        elif word.startswith("slow="):
            time.sleep(int(word[5:]) / 1000)
        elif word.startswith("ttl="):
            ttl = int(word[4:])
        elif word == "big":
            if not tcp:
                flag |= 0x0200
                break
        elif word.startswith("alias="):
            records += record(owner, CNAME, ttl, encode(word[6:]))
            owner = word[6:]
            for other in lookup(hosts, owner) or []:
                records += address(owner, kind, ttl, other)
        else:
            records += address(owner, kind, ttl, word)
    n = 0
    at = 0
    while at < len(records):  # counts what was built
        while records[at]:
            at += 1 + records[at]
        at += 11 + struct.unpack(">H", records[at + 9:at + 11])[0]
        n += 1
    authority = b"" if n or code not in (0, 3) or flag & 0x0200 else soa
    head = struct.pack(">6H", ident, flag | code, 1, n, 1 if authority else 0, 0)
    return head + question + records + authority


def address(owner, kind, ttl, text):
    family = socket.AF_INET6 if ":" in text else socket.AF_INET
    if (kind == A and family == socket.AF_INET) or (kind == AAAA and family == socket.AF_INET6):
        return record(owner, kind, ttl, socket.inet_pton(family, text))
    return b""


def serve_udp(sock, hosts, log):
    def one(query, peer):
        try:
            reply = answer(query, hosts, log, False)
            if reply:
                sock.sendto(reply, peer)
        except (IndexError, struct.error, OSError) as e:
            log.write("# %r\n" % e)

    while True:
        query, peer = sock.recvfrom(4096)
        threading.Thread(target=one, args=(query, peer), daemon=True).start()


def serve_tcp(sock, hosts, log):
    def one(peer):
        with peer:
            while True:
                size = peer.recv(2, socket.MSG_WAITALL)
                if len(size) < 2:
                    return
                query = peer.recv(struct.unpack(">H", size)[0], socket.MSG_WAITALL)
                reply = answer(query, hosts, log, True)
                if reply:
                    peer.sendall(struct.pack(">H", len(reply)) + reply)

    while True:
        peer, _ = sock.accept()
        threading.Thread(target=one, args=(peer,), daemon=True).start()


def main():
    port, hosts = int(sys.argv[1]), sys.argv[2]
    log = open(sys.argv[3], "a")
    udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    udp.bind(("127.0.0.1", port))
    tcp = socket.socket()
    tcp.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    tcp.bind(("127.0.0.1", port))
    tcp.listen(64)
    threading.Thread(target=serve_tcp, args=(tcp, hosts, log), daemon=True).start()
    serve_udp(udp, hosts, log)


main()
