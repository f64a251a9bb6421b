#!/bin/bash
# Hashes that a handshake needs only at times: origins that sign with each, under suites of each, and clients likewise.
. "$(dirname "$0")/lib.sh"
bed hashes
start_dns
echo hi >file
n=0

# serve CERT KEY HASH SUITE: one more origin, h$n, that knows nothing else.
serve() {
	host "h$((++n)).bed.test" "127.20.5.$n"
	in_background openssl s_server -accept "127.20.5.$n:$TLS" -cert "$PKI/$1.pem" -cert_chain "$PKI/$1.pem" \
		-key "$PKI/$1.key" -sigalgs "$2+$3" -tls1_2 -cipher "ECDHE-$2-$4" -WWW -quiet >/dev/null 2>>log/origins.err
}

for hash in SHA256 SHA384 SHA512; do
	for suite in AES128-GCM-SHA256 AES256-GCM-SHA384 CHACHA20-POLY1305; do
		serve ec ECDSA $hash $suite
		serve p384 ECDSA $hash $suite
		serve rsa RSA $hash $suite
	done
done
for i in $(seq $n); do
	wait_for 10 can_connect "127.20.5.$i" "$TLS"
done
start_proxy || exit 1
for i in $(seq $n); do
	is "origin $i" "$(status "https://h$i.bed.test:$TLS/file")" 200
	is "origin $i, its session" "$(status "https://h$i.bed.test:$TLS/file")" 200
done

# client SUITE HASH: what a client is told that can do only these.
client() {
	printf 'GET /file HTTP/1.1\r\nHost: h1.bed.test:%s\r\nConnection: close\r\n\r\n' "$TLS" |
		timeout "$PATIENCE" openssl s_client -proxy "127.0.0.1:$PORT" -connect "h1.bed.test:$TLS" -servername h1.bed.test \
			-CAfile "$CA" -tls1_2 -cipher "$1" -sigalgs "ECDSA+$2" -ign_eof 2>&1
}

for suite in ECDHE-ECDSA-AES256-GCM-SHA384 ECDHE-ECDSA-CHACHA20-POLY1305 ECDHE-ECDSA-AES128-GCM-SHA256; do
	for hash in SHA256 SHA384 SHA512; do
		said=$(client $suite $hash)
		like "a client with $suite, $hash" "$said" "Cipher is $suite"
		like '... is answered' "$said" '^HTTP/1.[01] 200'
		like '... under its hash' "$said" "Peer signing digest: $hash"
	done
done
stop_proxy
