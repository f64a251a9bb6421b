#!/bin/bash
# Instructions of a whole connection through the proxy on TARGET, from accept to close: connections.sh TARGET.
#
# Part of `make router-bench`.  A client (OpenSSL) asks nginx for a page of six bytes, N times and N+K times, each in a
# run of its own of the router's program under qemu-user with test/router/count.c; the difference by K is printed.
# Keys are P-256 where nothing else is said, and the origins show chains of two certificates:
#   cold      a host never seen, of an issuer never seen: three verifications, two signatures
#   issuer    a host never seen, of an issuer that is known
#   cold384   as cold, and the issuer's key is P-384, as Let's Encrypt's are
#   issuer384 as issuer, likewise
#   warm      the host's leaf is in the cache and the signatures of its chain are known
#   origin    warm, and the session with the origin is resumed
#   both      the client's session is resumed as well
# Both legs speak TLS 1.3 over X25519, which is the most that these OpenSSLs can; ORIGINS=TLSv1.2: nginx speaks that.
# CASES="warm both": only these.  HOT=20: also the functions that take most.
target=$1
. "$(dirname "$0")/../e2e/lib.sh"
bed connections
N=${N:-2} K=${K:-8}
SLUICE=$BED/run
issued=0

cat >run <<E
#!/bin/sh
exec nice qemu-${target%%-*} -plugin $TOP/build/count.so,out=\$COUNTED $TOP/build/$target/sluice.full "\$@"
E
chmod 755 run

# --- origins ---------------------------------------------------------------
# issue NAME ISSUER SUBJECT EXTENSION...: NAME.key, on $curve, and NAME.crt, with $hash
curve=P-256 hash=sha256
issue() {
	local name=$1 issuer=$2 subject=$3
	shift 3
	printf '%s\n' "$@" subjectKeyIdentifier=hash authorityKeyIdentifier=keyid >ext
	openssl req -new -newkey ec -pkeyopt "ec_paramgen_curve:$curve" -nodes -keyout "$name.key" -subj "$subject" \
		-config /dev/null -out csr 2>/dev/null &&
		openssl x509 -req -in csr -CA "$issuer.crt" -CAkey "$issuer.key" -days 90 "-$hash" -set_serial "$((++issued))" \
			-extfile ext -out "$name.crt" 2>/dev/null
}

issuer() {
	issue "$1" root "/O=Bed/CN=Bed Issuer $1" basicConstraints=critical,CA:TRUE,pathlen:0 keyUsage=critical,keyCertSign
}

# site NAME ISSUER ADDRESS [DIRECTIVE]: a host with a certificate of its own, with what public ones carry.
site() {
	issue "$1" "$2" "/CN=$1.bed.test" "subjectAltName=DNS:$1.bed.test,DNS:www.$1.bed.test" \
		basicConstraints=critical,CA:FALSE keyUsage=critical,digitalSignature extendedKeyUsage=serverAuth \
		certificatePolicies=2.23.140.1.2.1 'authorityInfoAccess=OCSP;URI:http://ocsp.bed.test'
	cat "$1.crt" "$2.crt" >"$1.pem"
	echo "server { listen $3:$TLS ssl; server_name $1.bed.test; ssl_certificate $BED/$1.pem;
		ssl_certificate_key $BED/$1.key; ${4:-} }" >>sites
}

cp "$PKI/root.crt" "$PKI/root.key" .
issuer common
curve=P-384 issuer common384
for i in $(seq $((N + K))); do
	issuer "own$i"
	site "cold$i" "own$i" 127.20.0.60
	site "issuer$i" common 127.20.0.60
	curve=P-384 issuer "large$i"
	hash=sha384 site "cold384$i" "large$i" 127.20.0.60
	hash=sha384 site "issuer384$i" common384 127.20.0.60
done
site warm common 127.20.0.60 'ssl_session_tickets off;'
site kept common 127.20.0.61 'ssl_session_cache shared:kept:1m;'
host '*.bed.test' 127.20.0.60
host kept.bed.test 127.20.0.61

mkdir -p www ngtmp
echo hello >www/hello
chmod -R a+rX www
cat >nginx.conf <<E
daemon off; master_process off; pid $BED/nginx.pid; error_log $BED/log/nginx.err warn;
events { worker_connections 64; }
http {
	access_log off; root $BED/www; ssl_protocols ${ORIGINS:-TLSv1.2 TLSv1.3};
	client_body_temp_path $BED/ngtmp; proxy_temp_path $BED/ngtmp; fastcgi_temp_path $BED/ngtmp;
	uwsgi_temp_path $BED/ngtmp; scgi_temp_path $BED/ngtmp;
	$(cat sites)
}
E
in_background nginx -p "$BED" -e "$BED/log/nginx.err" -c "$BED/nginx.conf" >log/nginx.out 2>&1
start_dns
wait_for 10 can_connect 127.20.0.60 "$TLS" || cat log/nginx.*

# --- counting --------------------------------------------------------------
# hosts CASE COUNT: where to go, in this order.
hosts() {
	local i
	for i in $(seq "$2"); do
		case $1 in
		cold* | issuer*) echo "$1$i.bed.test" ;;
		warm) echo warm.bed.test ;;
		*) echo kept.bed.test ;;
		esac
	done
}

# run_case CASE COUNT: what the proxy executed, by function, in CASE.COUNT
run_case() {
	local kind=full
	[ "$1" != both ] || kind=resume
	rm -rf ca
	cp -a ca.fresh ca
	export COUNTED=$BED/$1.$2
	start_proxy || exit 1
	# shellcheck disable=SC2046 # a list of words
	check "$1: $2 connections" "$PY" "$TOP/test/router/load.py" "$PORT" "$TLS" "$CA" $kind $(hosts "$1" "$2")
	stop_proxy
	[ "$failed" -eq 0 ] || exit 1
}

# One CA for all runs: making it is not what is counted.
option "option log 'warn'"
configure
COUNTED=$BED/start "$SLUICE" ca -c sluice.conf >/dev/null 2>&1
cp -a ca ca.fresh

for c in ${CASES:-cold issuer cold384 issuer384 warm origin both}; do
	run_case "$c" "$N" >>tests
	run_case "$c" $((N + K)) >>tests
	awk -v name="$c" -v k="$K" 'FNR == NR { n -= $1; next } { n += $1 } END { printf "%-22s %9d\n", name, n / k }' \
		"$c.$N" "$c.$((N + K))"
	[ -z "${HOT:-}" ] || awk -v k="$K" 'FNR == NR { a[$2] = $1; next } { printf "%9d  %s\n", ($1 - a[$2]) / k, $2 }' \
		"$c.$N" "$c.$((N + K))" | sort -rn | head -n "$HOT"
done
