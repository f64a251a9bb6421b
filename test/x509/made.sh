#!/bin/sh
# made.sh BENCH: the chain check's cost for chains of two certificates that are made here: a leaf on P-256 whose issuer and
# root have keys of one kind.
set -eu
bench=$(realpath "$1")
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"

# issue NAME ISSUER DAYS KEY... -- EXTENSION...: NAME.key and NAME.crt; its own issuer: a root
issue() {
	name=$1 issuer=$2
	shift 2
	: > ext
	while [ "$1" != -- ]; do
		echo "$1" >> ext
		shift
	done
	shift
	openssl genpkey "$@" -out "$name.key" 2> /dev/null
	openssl req -new -key "$name.key" -subj "/CN=$name" -config /dev/null -out csr 2> /dev/null
	if [ "$name" = "$issuer" ]; then
		openssl x509 -req -in csr -signkey "$name.key" -days 90 -extfile ext -out "$name.crt" 2> /dev/null
	else
		openssl x509 -req -in csr -CA "$issuer.crt" -CAkey "$issuer.key" -set_serial 7 "-$hash" -days 90 -extfile ext \
			-out "$name.crt" 2> /dev/null
	fi
}

# chain NAME HASH KEY...: root, issuer and leaf
chain() {
	title=$1 hash=$2
	shift 2
	issue root root basicConstraints=critical,CA:TRUE keyUsage=critical,keyCertSign subjectKeyIdentifier=hash -- "$@"
	issue issuer root basicConstraints=critical,CA:TRUE,pathlen:0 keyUsage=critical,keyCertSign -- "$@"
	issue leaf issuer subjectAltName=DNS:made.test keyUsage=critical,digitalSignature extendedKeyUsage=serverAuth -- \
		-algorithm EC -pkeyopt ec_paramgen_curve:P-256
	cat leaf.crt issuer.crt > chain.pem
	echo "== $title"
	"$bench" root.crt chain.pem made.test "$(date +%s)" | grep '^check'
}

chain RSA-2048 sha256 -algorithm RSA -pkeyopt rsa_keygen_bits:2048
chain RSA-4096 sha256 -algorithm RSA -pkeyopt rsa_keygen_bits:4096
chain P-256 sha256 -algorithm EC -pkeyopt ec_paramgen_curve:P-256
chain P-384 sha384 -algorithm EC -pkeyopt ec_paramgen_curve:P-384
chain P-521 sha512 -algorithm EC -pkeyopt ec_paramgen_curve:P-521
