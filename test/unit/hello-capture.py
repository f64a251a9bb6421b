#!/usr/bin/env python3
"""Captures the ClientHello of every TLS client of this machine into test/fuzz/corpus/hello/NAME.

Each client is pointed at a local socket that keeps the first bytes and closes.  The files are what
test/unit/hello.c expects things of and what the fuzzer starts from.  Clients that are missing are skipped.
"""
import os, shutil, socket, subprocess, sys, tempfile

HOST = "capture.example"
OUT = os.path.join(os.path.dirname(__file__), "..", "fuzz", "corpus", "hello")

GO = """package main
import ("crypto/tls"; "os")
func main() { tls.Dial("tcp", "127.0.0.1:"+os.Args[1], &tls.Config{ServerName: "%s"}) }
""" % HOST


def clients(port, tmp):
    at = "127.0.0.1:%d" % port
    go = os.path.join(tmp, "hello.go")
    hosts = os.path.join(tmp, "hosts")
    open(go, "w").write(GO)
    open(hosts, "w").write("127.0.0.1 %s\n" % HOST)
    s_client = ["openssl", "s_client", "-connect", at]
    gnutls = ["gnutls-cli", "--no-ca-verification", "--sni-hostname", HOST, "-p", str(port), "127.0.0.1"]
    url = "https://%s:%d/" % (HOST, port)
    return {
        "openssl": s_client + ["-servername", HOST],
        "openssl-no-sni": s_client + ["-noservername"],
        "openssl-tls12": s_client + ["-servername", HOST, "-tls1_2"],
        "openssl-tls13": s_client + ["-servername", HOST, "-tls1_3"],
        "openssl-rsa": s_client + ["-servername", HOST, "-tls1_2", "-cipher", "AES128-GCM-SHA256"],
        "openssl-p384": s_client + ["-servername", HOST, "-groups", "P-384"],
        "openssl-rsa-sigalgs": s_client + ["-servername", HOST, "-sigalgs", "RSA+SHA256"],
        "openssl-h2": s_client + ["-servername", HOST, "-alpn", "h2"],
        "openssl-ip-sni": s_client + ["-servername", "127.0.0.1"],
        "gnutls": gnutls,
        "nss": ["tstclnt", "-h", "127.0.0.1", "-p", str(port), "-a", HOST, "-D", "-o"],
        "chromium": ["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--user-data-dir=" + tmp,
                     "--host-resolver-rules=MAP %s 127.0.0.1" % HOST, "--dump-dom", url],
        "java": ["keytool", "-J-Djdk.net.hosts.file=" + hosts, "-printcert", "-sslserver",
                 "%s:%d" % (HOST, port)],
        "go": ["go", "run", go, str(port)],
        "curl": ["curl", "-sk", "--noproxy", "*", "--connect-to", "::" + at, url],
        "python": [sys.executable, "-c", "import socket, ssl; ssl._create_unverified_context().wrap_socket("
                   "socket.create_connection(('127.0.0.1', %d)), server_hostname='%s')" % (port, HOST)],
        "node": ["node", "-e", "require('tls').connect({port: %d, host: '127.0.0.1', servername: '%s'})"
                 ".on('error', () => {})" % (port, HOST)],
    }


def read_hello(conn):
    """Whole records, until they hold the handshake message that the first one begins."""
    data = b""
    conn.settimeout(5)
    while True:
        pos, message = 0, b""
        while len(data) >= pos + 5 and len(data) >= pos + 5 + int.from_bytes(data[pos + 3:pos + 5], "big"):
            size = int.from_bytes(data[pos + 3:pos + 5], "big")
            message += data[pos + 5:pos + 5 + size]
            pos += 5 + size
        if len(message) >= 4 and len(message) >= 4 + int.from_bytes(message[1:4], "big"):
            return data[:pos]
        more = conn.recv(65536)
        if not more:
            return b""
        data += more


def capture(name, listener, argv):
    if shutil.which(argv[0]) is None:
        return print("%-20s missing here" % name)
    env = {k: v for k, v in os.environ.items() if "proxy" not in k.lower()}
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
                          stderr=subprocess.DEVNULL, env=env) as client:
        try:
            listener.settimeout(60)
            conn, _ = listener.accept()
            with conn:
                hello = read_hello(conn)
        except (TimeoutError, ConnectionError) as error:
            hello = b""
            print("%-20s %s" % (name, error))
        client.terminate()
    if hello:
        with open(os.path.join(OUT, name), "wb") as out:
            out.write(hello)
        print("%-20s %d bytes" % (name, len(hello)))


def main():
    os.makedirs(OUT, exist_ok=True)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as tmp:
        for name in sys.argv[1:] or clients(0, tmp):
            with socket.create_server(("127.0.0.1", 0)) as listener:
                capture(name, listener, clients(listener.getsockname()[1], tmp)[name])


main()
