#!/bin/sh
# accept.sh MINT: are the leaves that MINT makes accepted by every TLS library that this machine has?
#
# Offline by OpenSSL (strict), GnuTLS and NSS; in a handshake by curl, wget, GnuTLS, Python, Node, Java, Go and
# rustls.  Each client must also refuse the leaf for another host, and one of the untrusted signer, so that no "ok"
# here means that nothing was looked at.  What the machine lacks is skipped and counted.
set -u
export LC_ALL=C
mint=$(realpath "$1")
here=$(dirname "$(realpath "$0")")
dir=$(mktemp -d)
server=
passed=0 failed=0 skipped=0

finish() {
	[ -z "$server" ] || kill "$server" 2>/dev/null
	rm -rf "$dir"
}
trap finish EXIT
trap 'exit 1' INT TERM

# check NAME COMMAND...: it must succeed.    refuse NAME COMMAND...: it must fail.
check() {
	name=$1
	shift
	if "$@" > "$dir/out" 2>&1; then
		passed=$((passed + 1))
	else
		failed=$((failed + 1))
		echo "failed: $name: $*"
		sed 's/^/    /' "$dir/out" | tail -5
	fi
}

refuse() {
	name=$1
	shift
	if "$@" > "$dir/out" 2>&1; then
		failed=$((failed + 1))
		echo "accepted, and should not be: $name: $*"
	else
		passed=$((passed + 1))
	fi
}

have() {
	command -v "$1" > /dev/null 2>&1 && return 0
	skipped=$((skipped + 1))
	echo "skipped: no $1 here"
	return 1
}

# origin NAME CN SAN: an origin's certificate, RSA, for 90 days.
origin() {
	openssl req -x509 -newkey rsa:2048 -nodes -keyout "$dir/origin.key" -out "$dir/$1.origin" \
		-subj "/O=Origin Ltd/CN=$2" -addext "subjectAltName=$3" -days 90 2> /dev/null
}

names() {
	i=0
	while [ $i -lt "$1" ]; do
		[ $i -eq 0 ] || printf ,
		printf 'DNS:h%04d.shared-cdn.test' $i
		i=$((i + 1))
	done
}

# --- what every leaf must be, whoever reads it ---
field() {
	openssl x509 -in "$1" -noout -text | grep -A1 "$2" | tail -1 | tr -d ' '
}

lint() {
	leaf=$dir/$1.leaf
	openssl x509 -in "$leaf" -noout -text > "$dir/text"
	check "$1: version 3" grep -q 'Version: 3 (0x2)' "$dir/text"
	check "$1: no CA, critical" grep -A1 'Basic Constraints: critical' "$dir/text"
	check "$1: CA:FALSE" grep -q 'CA:FALSE' "$dir/text"
	check "$1: usages" [ "$(field "$leaf" 'X509v3 Key Usage: critical')" = DigitalSignature ]
	check "$1: serverAuth" [ "$(field "$leaf" 'Extended Key Usage')" = TLSWebServerAuthentication ]
	check "$1: AKI is the CA's SKI" [ "$(field "$leaf" 'Authority Key Identifier')" = \
		"$(field "$2/ca.crt" 'Subject Key Identifier')" ]
	refuse "$1: no SKI" grep -q 'Subject Key Identifier' "$dir/text"
	refuse "$1: no negative serial" grep -q 'Negative' "$dir/text"
	check "$1: two times ECDSA with SHA-2" \
		[ "$(grep -c 'Signature Algorithm: ecdsa-with-SHA[23]' "$dir/text")" = 2 ]
	from=$(date +%s -d "$(openssl x509 -in "$leaf" -noout -startdate | cut -d= -f2)")
	to=$(date +%s -d "$(openssl x509 -in "$leaf" -noout -enddate | cut -d= -f2)")
	check "$1: 199 days at most" [ $((to - from)) -lt $((199 * 86400)) ]
	check "$1: valid now" [ "$from" -le "$now" -a "$to" -gt "$now" ]
	cn=$(openssl x509 -in "$leaf" -noout -subject -nameopt multiline | sed -n 's/^ *commonName *= //p')
	if [ -n "$cn" ]; then
		check "$1: the CN is a SAN" grep -qE "(DNS|IP Address):$cn(,|\$)" "$dir/text"
	else
		check "$1: an empty subject has a critical SAN" \
			grep -q 'Subject Alternative Name: critical' "$dir/text"
	fi
	# Written again by OpenSSL from what it understood: DER, if the bytes are the same.
	openssl x509 -in "$leaf" -outform DER -out "$dir/a.der"
	check "$1: the same bytes again" "$mint" "$2" "$3" "$4" "$now"
	openssl x509 -in "$dir/out" -outform DER -out "$dir/b.der"
	check "$1: the same bytes" cmp "$dir/a.der" "$dir/b.der"
}

# --- offline: leaf, CA, host, another host ---
is_ip() {
	case $1 in *[!0-9.]*) return 1 ;; esac
}

offline() {
	leaf=$dir/$1.leaf ca=$2/ca.crt
	how=-verify_hostname
	! is_ip "$3" || how=-verify_ip
	check "$1: openssl" openssl verify -x509_strict -purpose sslserver $how "$3" -CAfile "$ca" "$leaf"
	refuse "$1: openssl" openssl verify -x509_strict -purpose sslserver $how "$4" -CAfile "$ca" "$leaf"
	if have certtool; then
		check "$1: certtool" certtool --verify --verify-profile=medium --verify-hostname="$3" \
			--load-ca-certificate="$ca" --infile="$leaf"
		refuse "$1: certtool" certtool --verify --verify-profile=medium --verify-hostname="$4" \
			--load-ca-certificate="$ca" --infile="$leaf"
	fi
	if have vfychain && have certutil; then
		rm -rf "$dir/nss" && mkdir "$dir/nss"
		certutil -N -d "sql:$dir/nss" --empty-password
		certutil -A -d "sql:$dir/nss" -n ca -t C,, -a -i "$ca"
		check "$1: NSS" vfychain -d "sql:$dir/nss" -u 1 -a "$leaf"
		check "$1: NSS, libpkix" vfychain -d "sql:$dir/nss" -pp -u 1 -a "$leaf"
	fi
}

# --- in a handshake ---
serve() {
	[ -z "$server" ] || { kill "$server" && wait "$server"; } 2> /dev/null
	port=$((20000 + ($$ + passed) % 20000))
	openssl s_server -accept "127.0.0.1:$port" -cert "$dir/$1.leaf" -key "$2/leaf.key" -www -quiet \
		> /dev/null 2>&1 &
	server=$!
	i=0
	until openssl s_client -connect "127.0.0.1:$port" < /dev/null > /dev/null 2>&1; do
		i=$((i + 1))
		[ $i -lt 600 ] || { echo "s_server did not start"; return 1; }
		sleep 0.1
	done
}

with_curl() {
	curl -sS -m 120 --noproxy '*' --connect-to "::127.0.0.1:$2" --cacert "$3" "https://$1:$2/"
}

with_wget() {
	wget -q -T 120 -t 1 --no-proxy --no-hsts -O /dev/null --ca-certificate="$3" "https://$1:$2/"
}

with_gnutls() {
	sni=
	is_ip "$1" || sni=--sni-hostname=$1
	# shellcheck disable=SC2086
	gnutls-cli --x509cafile="$3" $sni --verify-hostname="$1" -p "$2" 127.0.0.1 < /dev/null
}

# tries NAME HOST OTHER-HOST CA COMMAND...: once for the right host and once for another.
tries() {
	what=$1 host=$2 other=$3 ca=$4
	shift 4
	check "$what" "$@" "$host" "$port" "$ca"
	refuse "$what, another host" "$@" "$other" "$port" "$ca"
}

online() {
	serve "$1" "$2" || { failed=$((failed + 1)); return; }
	ca=$2/ca.crt
	have curl && tries "$1: curl" "$3" "$4" "$ca" with_curl
	have gnutls-cli && tries "$1: gnutls-cli" "$3" "$4" "$ca" with_gnutls
	have /usr/bin/python3 && tries "$1: Python" "$3" "$4" "$ca" /usr/bin/python3 "$here/client.py"
	have node && tries "$1: Node" "$3" "$4" "$ca" node "$here/client.js"
	[ ! -x "$dir/go" ] || tries "$1: Go" "$3" "$4" "$ca" "$dir/go"
	[ ! -e "$dir/Client.class" ] || tries "$1: Java" "$3" "$4" "$ca" java -cp "$dir" Client
	if ! is_ip "$3"; then # webpki 0.22 knows no addresses
		[ ! -x "$dir/rs" ] || tries "$1: rustls" "$3" "$4" "$ca" "$dir/rs"
	else # and wget knows no other place for a name
		have wget && tries "$1: wget" 127.0.0.1 127.0.0.2 "$ca" with_wget
	fi
}

# --- clients that must be compiled ---
build_clients() {
	if have go; then
		check "go build" env HOME="$dir" GO111MODULE=off GOFLAGS= go build -o "$dir/go" "$here/client.go"
	fi
	if have javac; then
		check "javac" javac -d "$dir" "$here/Client.java"
	fi
	if [ -d /usr/share/cargo/registry ] && have cargo; then
		mkdir -p "$dir/rust/.cargo"
		printf '[source.crates-io]\nreplace-with = "debian"\n[source.debian]\ndirectory = "/usr/share/cargo/registry"\n' \
			> "$dir/rust/.cargo/config.toml"
		printf '[package]\nname = "rs"\nversion = "0.0.0"\nedition = "2018"\n[[bin]]\nname = "rs"\npath = "%s"\n' \
			"$here/client.rs" > "$dir/rust/Cargo.toml"
		printf '[dependencies]\nrustls = "0.20"\nrustls-pemfile = "1"\n' >> "$dir/rust/Cargo.toml"
		check "cargo build" sh -c "cd '$dir/rust' && CARGO_TARGET_DIR='$dir/target' cargo build --offline -q &&
			cp '$dir/target/debug/rs' '$dir/rs'"
	else
		skipped=$((skipped + 1))
		echo "skipped: no librust-rustls-dev, librust-rustls-pemfile-dev, cargo here"
	fi
}

# --- the cases ---
made=$dir/made brought=$dir/brought
mkdir "$made" "$brought"
openssl req -x509 -newkey rsa:2048 -nodes -keyout /dev/null -out "$made/bundle.pem" -subj /CN=root \
	-days 30 2> /dev/null
cp "$made/bundle.pem" "$brought/"
# A CA brought along: P-384, SEC1 with its parameters before it, made by OpenSSL.
openssl ecparam -name secp384r1 -genkey -out "$brought/ca.key" 2> /dev/null
chmod 600 "$brought/ca.key"
openssl req -x509 -new -key "$brought/ca.key" -out "$brought/ca.crt" -subj '/O=Brought/CN=Along' -days 3650 \
	-addext 'keyUsage=critical,keyCertSign' 2> /dev/null

long=a23456789.123456789.123456789.123456789.123456789.123456789.long.test
origin usual www.site.test "DNS:site.test,DNS:www.site.test,DNS:*.cdn.site.test,IP:192.0.2.80"
origin long Ignored "DNS:$long"
origin many h0500.shared-cdn.test "$(names 1000)"
origin ip ignored "IP:127.0.0.1,IP:2001:db8::1"

now=$(date +%s)
leaf() { # NAME CA-DIR MODE WHAT
	check "$1: mint" "$mint" "$2" "$3" "$4" "$now"
	cp "$dir/out" "$dir/$1.leaf"
	lint "$1" "$2" "$3" "$4"
}
leaf usual "$made" copy "$dir/usual.origin"
leaf long "$made" copy "$dir/long.origin"
leaf many "$made" copy "$dir/many.origin"
leaf ip "$made" copy "$dir/ip.origin"
leaf page "$made" page blocked.test
leaf p384 "$brought" copy "$dir/usual.origin"
"$mint" "$made" key > "$made/leaf.key"
"$mint" "$brought" key > "$brought/leaf.key"

check "the CA: openssl" openssl verify -x509_strict -CAfile "$made/ca.crt" "$made/ca.crt"
check "the CA: pathLen 0" grep -q 'CA:TRUE, pathlen:0' "$(openssl x509 -in "$made/ca.crt" -noout -text \
	> "$dir/ca.text" && echo "$dir/ca.text")"
have certtool && check "the CA: certtool" certtool --verify --verify-profile=medium \
	--load-ca-certificate="$made/ca.crt" --infile="$made/ca.crt"

offline usual "$made" www.site.test www.other.test
offline long "$made" "$long" site.test
offline many "$made" h0999.shared-cdn.test h1000.shared-cdn.test
offline ip "$made" 127.0.0.1 127.0.0.3
offline page "$made" blocked.test www.blocked.test
offline p384 "$brought" x.cdn.site.test cdn.site.test

"$mint" "$made" untrusted "$dir/usual.origin" "$now" > "$dir/untrusted.leaf"
refuse "untrusted: openssl" openssl verify -CAfile "$made/ca.crt" "$dir/untrusted.leaf"
refuse "untrusted: certtool" certtool --verify --load-ca-certificate="$made/ca.crt" \
	--infile="$dir/untrusted.leaf"

build_clients
online usual "$made" www.site.test www.other.test
online long "$made" "$long" site.test
online many "$made" h0999.shared-cdn.test h1000.shared-cdn.test
online ip "$made" 127.0.0.1 127.0.0.3
online p384 "$brought" x.cdn.site.test cdn.site.test

for case in usual many; do
	printf '%s: ' "$case"
	"$mint" "$made" bench "$dir/$case.origin" "$now"
done
line="leaf: $passed passed, $failed failed"
[ "$skipped" = 0 ] || line="$line, $skipped skipped"
echo "$line"
[ "$failed" = 0 ]
