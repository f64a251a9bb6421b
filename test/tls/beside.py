"""What `make peers` and `make peers-more` share: a directory with keys, programs that serve or ask, and a count.  The
working directory is a new one from here on; finish() removes it."""
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
DRIVER = os.path.join(TOP, sys.argv[1] if len(sys.argv) > 1 else "build/tls/driver")
GET = b"GET / HTTP/1.0\r\n\r\n"
passed = failed = 0
directory = tempfile.mkdtemp()
os.chdir(directory)


def check(name, got, want):
    global passed, failed
    if re.search(want, got):
        passed += 1
    else:
        failed += 1
        print("not ok - %s\n  want %s\n%s" % (name, want, "\n".join("  " + line for line in got.splitlines()[:30])))


def make_key(name, *how):
    subprocess.run(["openssl", "req", "-x509", "-nodes", "-keyout", name + ".key", "-out", name + ".pem", "-subj",
                    "/CN=origin.test", "-addext", "subjectAltName=DNS:origin.test", "-days", "30", *how],
                   check=True, stderr=subprocess.DEVNULL)


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return str(s.getsockname()[1])


def serve(*command):
    """Starts a server and waits until it listens.  Looking must not be a connection: the driver counts them."""
    port = free_port()
    process = subprocess.Popen([word.replace("PORT", port) for word in command], stdin=subprocess.DEVNULL,
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace")
    entry = "0100007F:%04X 00000000:0000 0A" % int(port)
    any_entry = ":%04X 0" % int(port)
    for _ in range(1000):
        table = "".join(open(f).read() for f in ("/proc/net/tcp", "/proc/net/tcp6") if os.path.exists(f))
        if entry in table or any(any_entry in line and " 0A " in line for line in table.splitlines()):
            break
        time.sleep(0.01)
    return process, port


def stop(process):
    process.kill()
    return process.communicate()[0]


def origin(command, options, name, want):
    """Our client against a server of theirs."""
    process, port = serve(*command)
    try:
        out = subprocess.run([DRIVER, "client", port, *options], capture_output=True, text=True, timeout=60).stdout
    except subprocess.TimeoutExpired as e:
        out = "no end: %s" % e.stdout
    check(name, out, want)
    stop(process)


def client(options, name, want_theirs, want_ours, command, say=GET):
    """A client of theirs against our server."""
    process, port = serve(DRIVER, "server", "PORT", "leaf", "key", *options)
    theirs = ""
    for words in command if isinstance(command[0], list) else [command]:
        peer = subprocess.Popen([word.replace("PORT", port) for word in words], stdin=subprocess.PIPE,
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace")
        peer.stdin.write(say.decode())
        peer.stdin.flush()
        try:
            theirs += peer.stdout.read()
        finally:
            peer.stdin.close()
            peer.wait()
    try:
        ours = process.communicate(timeout=20)[0]
    except subprocess.TimeoutExpired:
        ours = "no end: " + stop(process)
    check(name + ", theirs", theirs, want_theirs)
    check(name + ", ours", ours, want_ours)


def finish(what):
    shutil.rmtree(directory)
    print("%s: %d passed, %d failed" % (what, passed, failed))
    sys.exit(failed != 0)


make_key("p256", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256")
make_key("p384", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-384")
make_key("p521", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-521")
make_key("rsa", "-newkey", "rsa:2048")
make_key("rsa4096", "-newkey", "rsa:4096")
make_key("ed", "-newkey", "ed25519")
subprocess.run(["openssl", "x509", "-in", "p256.pem", "-outform", "DER", "-out", "leaf"], check=True)
sec1 = subprocess.run(["openssl", "ec", "-in", "p256.key", "-outform", "DER"], check=True, capture_output=True).stdout
open("key", "wb").write(sec1[7:39])
