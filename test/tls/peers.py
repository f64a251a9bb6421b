#!/usr/bin/python3 -B
"""The TLS engine, as client and as server, beside openssl and gnutls: versions, groups, suites, keys, resumption,
HelloRetryRequest, pieces of one byte.  Needs build/tls/driver.  Prints "peers: N passed, N failed"."""
import shutil

from beside import GET, client, finish, origin


def openssl_server(key, *options):
    return ["openssl", "s_server", "-accept", "127.0.0.1:PORT", "-quiet", "-www", "-cert", key + ".pem", "-key", key + ".key",
            *options]


def openssl_client(*options):
    return ["openssl", "s_client", "-connect", "127.0.0.1:PORT", "-ign_eof", "-CAfile", "p256.pem", "-verify_return_error",
            "-servername", "origin.test", *options]


# --- our client ---
for key in "p256", "p384", "p521", "rsa", "rsa4096":
    origin(openssl_server(key), ["-n", "3"], "1.3 " + key,
           r"open TLS 1.3 \S+ X25519 full\ngot \d+ ended\n(open TLS 1.3 \S+ X25519 resumed\ngot \d+ ended\n){2}")
    # In TLS 1.2 a key's curve must be among the groups, and P-521 is none of ours (RFC 8422 section 5.1).
    origin(openssl_server(key, "-tls1_2"), ["-n", "3"], "1.2 by ticket " + key, r"failed: 296 " if key == "p521" else
           r"open TLS 1.2 \S+ X25519 full\ngot \d+ ended\n(open TLS 1.2 \S+ none resumed\ngot \d+ ended\n){2}")
origin(openssl_server("p256", "-tls1_2", "-no_ticket"), ["-n", "2"], "1.2 by ID", r"X25519 full\n.*\nopen TLS 1.2 \S+ none resumed")
origin(openssl_server("ed"), [], "a key that we can't use", r"failed: 296 ")
origin(openssl_server("ed", "-tls1_2"), [], "the same in 1.2", r"failed: (19|296) ")
for group in "P-256", "P-384":
    origin(openssl_server("p256", "-groups", group), ["-n", "2"], "HelloRetryRequest to " + group,
           r"open TLS 1.3 \S+ %s full\n.*\nopen TLS 1.3 \S+ %s resumed" % (group, group))
    origin(openssl_server("p256", "-tls1_2", "-groups", group), [], "1.2 with " + group, r"open TLS 1.2 \S+ %s full" % group)
origin(openssl_server("p256", "-groups", "P-521"), [], "no group in common", r"failed: 296 it shares no cipher suite")
for suite in "TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256":
    origin(openssl_server("p256", "-ciphersuites", suite), ["-n", "2"], suite, r"open TLS 1.3 %s X25519 full\n.*\n.*resumed" % suite)
for suite in "ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-ECDSA-AES256-GCM-SHA384", "ECDHE-ECDSA-CHACHA20-POLY1305":
    origin(openssl_server("p256", "-tls1_2", "-cipher", suite), [], suite, r"open TLS 1.2 \S+ X25519 full\ngot \d+ ended")
for suite in "ECDHE-RSA-AES128-GCM-SHA256", "ECDHE-RSA-AES256-GCM-SHA384", "ECDHE-RSA-CHACHA20-POLY1305":
    origin(openssl_server("rsa", "-tls1_2", "-cipher", suite), [], suite, r"open TLS 1.2 \S+ X25519 full\ngot \d+ ended")
for scheme in "rsa_pss_rsae_sha256", "rsa_pss_rsae_sha384", "rsa_pss_rsae_sha512":
    origin(openssl_server("rsa", "-sigalgs", scheme), [], scheme, r"open TLS 1.3 ")
for scheme in "RSA+SHA256", "RSA+SHA384", "RSA+SHA512", "RSA-PSS+SHA256":
    origin(openssl_server("rsa", "-tls1_2", "-sigalgs", scheme), [], "1.2 " + scheme, r"open TLS 1.2 ")
origin(openssl_server("rsa", "-verify", "1"), [], "a certificate is asked for", r"open TLS 1.3 ")
origin(openssl_server("rsa", "-tls1_2", "-verify", "1"), [], "1.2: a certificate is asked for", r"open TLS 1.2 ")
origin(openssl_server("rsa", "-Verify", "1"), [], "a certificate is demanded", r"open TLS 1.3 \S+ X25519 full\ngot 0 cut")
origin(openssl_server("rsa", "-tls1_1", "-cipher", "ALL:@SECLEVEL=0"), [], "1.1 alone", r"failed: (326|7) it speaks no TLS version")
origin(openssl_server("p256", "-record_padding", "512"), [], "padded records", r"open TLS 1.3 .*\ngot \d+ ended")
origin(openssl_server("p256", "-split_send_frag", "100"), ["-p", "1"], "pieces of a byte", r"open TLS 1.3 .*\ngot \d+ ended")
origin(openssl_server("p256", "-tls1_2"), ["-p", "1"], "1.2: pieces of a byte", r"open TLS 1.2 .*\ngot \d+ ended")
origin(openssl_server("p256"), ["-q"], "a post-quantum share that it does not know", r"open TLS 1.3 \S+ X25519 full")
origin(openssl_server("p256", "-groups", "P-256"), ["-q"], "the same, and a retry", r"open TLS 1.3 \S+ P-256 full")
for share in [], ["-q"]:
    origin(openssl_server("p256", "-stateless"), ["-n", "2", *share], "a cookie " + " ".join(share),
           r"open TLS 1.3 \S+ X25519 full\n.*\nopen TLS 1.3 \S+ X25519 resumed")

if shutil.which("gnutls-serv"):
    for version in "1.3", "1.2":
        for key in "p256", "rsa":
            origin(["gnutls-serv", "--port", "PORT", "--http", "-q", "--x509certfile", key + ".pem", "--x509keyfile", key + ".key",
                    "--priority", "NORMAL:-VERS-ALL:+VERS-TLS" + version], ["-n", "2"], "gnutls %s %s" % (version, key),
                   r"open TLS %s \S+ \S+ full\n.*\nopen TLS %s \S+ \S+ resumed" % (version, version))

# --- our server ---
for version in "3", "2":
    open_line = r"open TLS 1.%s " % version
    client([], "openssl 1." + version, r"HTTP/1.0 200", open_line, openssl_client("-tls1_" + version))
    client(["-n", "2"], "openssl resumes 1." + version, r"Reused, TLSv1.%s" % version, r"full\n.*resumed",
           [openssl_client("-tls1_" + version, "-sess_out", "s"), openssl_client("-tls1_" + version, "-sess_in", "s")])
    client(["-r", "300000"], "much data in 1." + version, r"x{1000}", open_line, openssl_client("-tls1_" + version))
    client(["-p", "1"], "pieces of a byte in 1." + version, r"HTTP/1.0 200", open_line, openssl_client("-tls1_" + version))
    client([], "1.%s, P-256" % version, r"HTTP/1.0 200", open_line + r"\S+ P-256", openssl_client("-tls1_" + version, "-groups", "P-256"))
for suite in "TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256":
    client([], suite, r"HTTP/1.0 200", r"open TLS 1.3 " + suite, openssl_client("-ciphersuites", suite, "-tls1_3"))
client([], "HelloRetryRequest", r"HTTP/1.0 200", r"open TLS 1.3 \S+ X25519", openssl_client("-groups", "P-521:X25519"))
client([], "no group in common", r"handshake failure", r"failed: 8 ", openssl_client("-groups", "P-384"))
client([], "h2 alone", r"no application protocol", r"failed: 9 ", openssl_client("-alpn", "h2"))
client([], "http/1.1 among others", r"ALPN protocol: http/1.1", r"open TLS 1.3 ", openssl_client("-alpn", "h2,http/1.1"))
client([], "1.1", r"protocol version", r"failed: 7 ", openssl_client("-tls1_1", "-cipher", "ALL:@SECLEVEL=0"))
client(["-3"], "1.2 where 1.3 is the least", r"protocol version", r"failed: 7 ", openssl_client("-tls1_2"))
client(["-2"], "1.3 offered where 1.2 is the most", r"HTTP/1.0 200", r"open TLS 1.2 ", openssl_client())
client([], "a key update", r"HTTP/1.0 200", r"open TLS 1.3 ", openssl_client("-tls1_3"), b"K\n" + GET)
if shutil.which("gnutls-cli"):
    for version in "1.3", "1.2":
        client([], "gnutls " + version, r"HTTP/1.0 200", r"open TLS %s " % version,
               ["gnutls-cli", "-p", "PORT", "--x509cafile", "p256.pem", "--sni-hostname", "origin.test", "--verify-hostname",
                "origin.test", "127.0.0.1", "--priority", "NORMAL:-VERS-ALL:+VERS-TLS" + version])

finish("peers")
