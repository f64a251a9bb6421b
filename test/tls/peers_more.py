#!/usr/bin/python3 -B
"""The TLS engine beside Go, Node and Java, as client and as server, and beside NSS' server, in TLS 1.3 and 1.2, full and resumed: `make
peers-more`.  What is not installed is skipped, by name.  Prints "peers-more: N passed, N failed"."""
import os
import shutil
import subprocess

from beside import TOP, client, finish, origin

MORE = os.path.join(TOP, "test", "tls", "more")
KEYS = "p256", "p384", "rsa"


def full_then_resumed(version):
    """What our client says of two connections, the second of which resumes."""
    return r"open TLS %s \S+ \S+ full\ngot \d{6} ended\nopen TLS %s \S+ \S+ resumed\ngot \d{6} ended" % (version, version)


def is_there(*programs):
    for program in programs:
        if not shutil.which(program):
            print("skipped: no " + program)
            return False
    return True


def quiet(*command):
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def go():
    subprocess.run(["go", "build", "-o", "peer", os.path.join(MORE, "peer.go")], check=True,
                   env=dict(os.environ, GO111MODULE="off", CGO_ENABLED="0", GOFLAGS=""))
    for version, number in ("1.3", "304"), ("1.2", "303"):
        for key in KEYS:
            origin(["./peer", "server", "PORT", number, key], ["-n", "2"], "Go %s %s" % (version, key), full_then_resumed(version))
    client(["-n", "3"], "Go's client 1.3", r"304 http/1.1 resumed=false .*\n(304 http/1.1 resumed=true .*\n){2}",
           r"open TLS 1.3 \S+ \S+ full\n(open TLS 1.3 \S+ \S+ resumed\n){2}", ["./peer", "client", "PORT", "304", "3"])
    # In TLS 1.2 Go's client resumes by ticket alone, and a server of ours has session IDs.
    client(["-n", "2"], "Go's client 1.2", r"(303 http/1.1 resumed=false .*\n){2}", r"(open TLS 1.2 \S+ \S+ full\n){2}",
           ["./peer", "client", "PORT", "303", "2"])
    origin(["./peer", "server", "PORT", "304", "p256", "24"], ["-n", "2", "-q"], "Go asks for P-384",
           r"open TLS 1.3 \S+ P-384 full\n.*\nopen TLS 1.3 \S+ P-384 resumed")
    # One connection: Go 1.19.6 to 1.20.1 computes a binder wrongly behind a HelloRetryRequest.
    client([], "Go is asked for X25519", r"resumed=false", r"open TLS 1.3 \S+ X25519 full",
           ["./peer", "client", "PORT", "304", "1", "25", "29"])


def node():
    script = os.path.join(MORE, "peer.js")
    for version in "1.3", "1.2":
        for key in KEYS:
            origin(["node", script, "server", "PORT", "TLSv" + version, key], ["-n", "2"], "Node %s %s" % (version, key),
                   full_then_resumed(version))
        client(["-n", "3"], "Node's client " + version, r"TLSv%s http/1.1 resumed=false .*\n(TLSv%s http/1.1 resumed=true .*\n){2}" %
               (version, version), r"open TLS %s \S+ \S+ full\n(open TLS %s \S+ \S+ resumed\n){2}" % (version, version),
               ["node", script, "client", "PORT", "TLSv" + version, "3"])
    origin(["node", script, "server", "PORT", "TLSv1.3", "p256", "P-256"], ["-q"], "Node asks for P-256", r"open TLS 1.3 \S+ P-256 full")
    client([], "Node is asked for X25519", r"resumed=false HTTP", r"open TLS 1.3 \S+ X25519 full",
           ["node", script, "client", "PORT", "TLSv1.3", "1", "P-521:X25519"])


def make_store(key):
    quiet("openssl", "pkcs12", "-export", "-in", key + ".pem", "-inkey", key + ".key", "-out", key + ".p12", "-passout",
          "pass:secret", "-name", key)


def java():
    program = os.path.join(MORE, "Peer.java")
    quiet("keytool", "-importcert", "-noprompt", "-file", "p256.pem", "-keystore", "trust.p12", "-storetype", "PKCS12",
          "-storepass", "secret", "-alias", "p256")
    quiet("javac", "-d", ".", program)
    for key in KEYS:
        make_store(key)
    for version in "1.3", "1.2":
        for key in KEYS:
            # Its stateless tickets hold the whole session and are longer than what is kept (ENGINE_TICKET).
            origin(["java", "-Djdk.tls.server.enableSessionTicketExtension=false", "Peer", "server", "PORT", "TLSv" + version,
                    key + ".p12"], ["-n", "2"], "Java %s %s" % (version, key), full_then_resumed(version))
        client(["-n", "3"], "Java's client " + version, r"TLSv%s \S+ http/1.1 resumed=false .*\n(TLSv%s \S+ http/1.1 resumed=true .*\n){2}" %
               (version, version), r"open TLS %s \S+ \S+ full\n(open TLS %s \S+ \S+ resumed\n){2}" % (version, version),
               ["java", "Peer", "client", "PORT", "TLSv" + version, "3", "trust.p12"])
    for group, name in ("secp256r1", "P-256"), ("secp384r1", "P-384"):
        origin(["java", "-Djdk.tls.namedGroups=" + group, "Peer", "server", "PORT", "TLSv1.3", "p256.p12"], ["-q"],
               "Java asks for " + name, r"open TLS 1.3 \S+ %s full" % name)


def nss():
    os.mkdir("db")
    quiet("certutil", "-N", "-d", "db", "--empty-password")
    make_store("p256")
    quiet("pk12util", "-i", "p256.p12", "-d", "db", "-W", "secret")
    for version in "1.3", "1.2":
        span = "tls%s:tls%s" % (version, version)
        # selfserv answers with what it was asked, and a few lines of its own
        origin(["selfserv", "-d", "db", "-e", "p256", "-p", "PORT", "-V", span, "-u"], ["-n", "2"], "NSS " + version,
               r"open TLS %s \S+ \S+ full\ngot \d+ ended\nopen TLS %s \S+ \S+ resumed\ngot \d+ ended" % (version, version))
    origin(["selfserv", "-d", "db", "-e", "p256", "-p", "PORT", "-V", "tls1.3:tls1.3", "-I", "P384"], ["-q"], "NSS asks for P-384",
           r"open TLS 1.3 \S+ P-384 full")


if is_there("go"):
    go()
if is_there("node"):
    node()
if is_there("java", "javac", "keytool"):
    java()
if is_there("selfserv", "certutil", "pk12util"):
    nss()
finish("peers-more")
