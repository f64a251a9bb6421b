#!/bin/bash
# Real clients and real origins: curl, wget, urllib, openssl s_client through the proxy to nginx, openssl s_server
# and gnutls-serv; DESIGN's steps one by one.
. "$(dirname "$0")/lib.sh"
bed clients
origin p384 127.20.0.5 https "cert=$PKI/p384.pem"
origin many 127.20.0.6 https "cert=$PKI/many.pem"
origin chacha 127.20.0.7 https "cert=$PKI/ec.pem" max=1.2 ciphers=ECDHE-ECDSA-CHACHA20-POLY1305
origin aes256 127.20.0.8 https "cert=$PKI/rsa.pem" max=1.2 ciphers=ECDHE-RSA-AES256-GCM-SHA384
origin v6 ::1 https "cert=$PKI/ip.pem"
usual_origins
host nginx.bed.test 127.20.0.40
host sserver.bed.test 127.20.0.41
host gnutls.bed.test 127.20.0.42
host both.bed.test 127.20.0.1 ::1
list ads block ads.bed.test '||tracker.bed.test^' 'www.bed.test/hello/secret*'
list quiet tunnel rsa.bed.test
host ads.bed.test 127.20.0.1

# --- nginx, one process, as itself ---------------------------------------------
mkdir -p www ngtmp
seq 1 20000 >www/numbers.txt
head -c 3000000 /dev/urandom >www/random.bin
echo '<h1>nginx says hello</h1>' >www/index.html
chmod -R a+rX www
cat >nginx.conf <<NGINX
daemon off; master_process off; pid $BED/nginx.pid; error_log $BED/log/nginx.err warn;
events { worker_connections 512; }
http {
	access_log $BED/log/nginx.access; root $BED/www; gzip on; gzip_types text/plain; gzip_min_length 100;
	client_body_temp_path $BED/ngtmp; proxy_temp_path $BED/ngtmp; fastcgi_temp_path $BED/ngtmp;
	uwsgi_temp_path $BED/ngtmp; scgi_temp_path $BED/ngtmp; client_max_body_size 100m;
	types { text/html html; text/plain txt; }
	server {
		listen 127.20.0.40:$TLS ssl http2; ssl_certificate $PKI/ec.pem; ssl_certificate_key $PKI/ec.key;
		ssl_session_cache shared:a:1m;
		location /redirect { return 302 /numbers.txt; }
	}
	server { listen 127.20.0.40:$WEB; }
}
NGINX
in_background nginx -p "$BED" -e "$BED/log/nginx.err" -c "$BED/nginx.conf" >log/nginx.out 2>&1
wait_for 10 can_connect 127.20.0.40 "$TLS" || cat log/nginx.out log/nginx.err
in_background openssl s_server -quiet -accept "127.20.0.41:$TLS" -cert "$PKI/rsa.crt" -cert_chain "$PKI/rsa.pem" \
	-key "$PKI/rsa.key" -WWW >log/sserver.out 2>&1 </dev/null
wait_for 5 can_connect 127.20.0.41 "$TLS"
cp www/numbers.txt numbers.txt
# gnutls-serv can't be bound to one address, so it has a port of its own.
in_background gnutls-serv --quiet --http -p "$PORT2" --x509certfile="$PKI/ec.pem" --x509keyfile="$PKI/ec.key" \
	>log/gnutls.out 2>&1 </dev/null
wait_for 5 can_connect 127.20.0.42 "$PORT2"
option "list connect_port '$PORT2'"
start_proxy || exit 1

is 'the CA is made on first use, its key readable to its owner only' "$(stat -c %a ca/ca.key)" 600
check 'the CA is one that openssl verifies' openssl verify -CAfile "$CA" "$CA"
ca_text=$(openssl x509 -in "$CA" -noout -text)
like 'the CA is critical CA:TRUE, pathlen:0' "$ca_text" 'CA:TRUE, pathlen:0'
like 'the CA signs certificates and CRLs only' "$ca_text" '^ *Certificate Sign, CRL Sign$'
"$SLUICE" ca -c sluice.conf >ca.pem 2>ca.err
is 'sluice ca prints the same' "$(openssl x509 -in ca.pem)" "$(openssl x509 -in "$CA")"
is 'in lines of 64 (RFC 7468 section 2)' "$(sed -n 2p ca.pem | tr -d '\n' | wc -c) $(sed -n 2p "$CA" | tr -d '\n' | wc -c)" '64 64'
like 'and its SHA-256' "$(tr -d ': ' <ca.err | tr a-f A-F)" \
	"$(openssl x509 -in "$CA" -outform DER | sha256sum | cut -d' ' -f1 | tr a-f A-F)"

# --- curl ----------------------------------------------------------------------
N=https://nginx.bed.test:$TLS
is 'curl: a page of nginx' "$(px "$N/")" '<h1>nginx says hello</h1>'
is 'curl: 3 MB are the same' "$(px "$N/random.bin" | sha256sum)" "$(sha256sum <www/random.bin)"
is 'curl: gzip passes' "$(px --compressed "$N/numbers.txt" | sha256sum)" "$(sha256sum <www/numbers.txt)"
is 'curl: a range' "$(px -r 100-199 "$N/numbers.txt" | wc -c)" 100
px -D head -o /dev/null "$N/numbers.txt"
etag=$(sed -n 's/^ETag: \(.*\)\r$/\1/p' head)
is 'curl: If-None-Match' "$(status -H "If-None-Match: $etag" "$N/numbers.txt")" 304
is 'curl: a redirect' "$(px -L "$N/redirect" | wc -l)" 20000
is 'curl: many URLs in one connection' "$(px "$N/numbers.txt?[1-20]" -w '%{num_connects}\n' -o /dev/null | awk '{ n += $1 } END { print NR, n }')" '20 1'
is 'curl asks for h2 and gets http/1.1' "$(curl -sS --max-time "$PATIENCE" -x "$PX" --cacert "$CA" --http2 -o /dev/null -w '%{http_version}' "$N/")" 1.1
is 'curl with TLS 1.2 at most' "$(px --tls-max 1.2 "$N/")" '<h1>nginx says hello</h1>'
is 'curl without the CA refuses' "$(curl -sS --max-time "$PATIENCE" -x "$PX" -o /dev/null "$N/" 2>/dev/null; echo $?)" 60
log_line 'and the log says why' 'CONNECT nginx\.bed\.test.* failed in .*(did not accept our certificate|left after the handshake)'
is 'curl HEAD' "$(px -I -o /dev/null -w '%{http_code}' "$N/numbers.txt")" 200
is 'nginx in clear' "$(px "http://nginx.bed.test:$WEB/")" '<h1>nginx says hello</h1>'
like 'and nginx logs it' "$(tail -n 1 log/nginx.access)" '"GET / HTTP/1.1" 200'
is 'openssl s_server' "$(px "https://sserver.bed.test:$TLS/numbers.txt" | sha256sum)" "$(sha256sum <numbers.txt)"
like 'gnutls-serv' "$(px "https://gnutls.bed.test:$PORT2/")" 'GNUTLS|gnutls|GnuTLS'
for kind in www p384 many chacha aes256; do
	is "an origin of kind $kind" "$(px "https://$kind.bed.test:$TLS/hello")" "hello from $kind"
done

# --- the leaf that the client sees -------------------------------------------------
# leaf HOST [OPTION...]: what s_client says of the leaf that it verified.
leaf() {
	local host=$1
	shift
	openssl s_client -proxy "127.0.0.1:$PORT" -connect "$host:$TLS" -CAfile "$CA" -verify_return_error "$@" \
		</dev/null 2>s_client.err | openssl x509 -noout -text
}
named() {
	leaf "$1" -servername "$1" -verify_hostname "$1"
}
text=$(named www.bed.test)
like 's_client: the chain verifies, the name fits' "$text" 'Certificate:'
like 'the leaf has the names of the origin' "$text" 'DNS:bed.test, DNS:\*.bed.test'
like 'the leaf is P-256' "$text" 'NIST CURVE: P-256'
like 'the leaf is signed by this CA' "$text" "Issuer: $(openssl x509 -in "$CA" -noout -subject -nameopt oneline | sed 's/^subject=//' | cut -c1-20)"
like 'the leaf is for servers only' "$text" 'TLS Web Server Authentication'
unlike 'the leaf is no CA' "$text" 'CA:TRUE'
is 'the leaf lives no longer than the origin' "$(($(date -d "$(sed -n 's/.*Not After : //p' <<<"$text")" +%s) <= $(date -d "$(openssl x509 -in "$PKI/ec.crt" -noout -enddate | cut -d= -f2)" +%s)))" 1
like 'two hundred names are copied' "$(named many.bed.test)" 'DNS:alternative-name-199.bed.test'
is 'the same leaf again' "$(named www.bed.test)" "$text"

# --- literals ------------------------------------------------------------------
is 'CONNECT to an IPv4 address' "$(px "https://127.20.0.9:$TLS/hello")" 'hello from ip'
is 'CONNECT to an IPv6 address' "$(px "https://[::1]:$TLS/hello")" 'hello from v6'
like 'the leaf has the address' "$(leaf 127.20.0.9 -noservername -verify_ip 127.20.0.9)" 'IP Address:127.20.0.9'
is 'the proxy over IPv6' "$(curl -sS -g -x "http://[::1]:$PORT" --cacert "$CA" "https://www.bed.test:$TLS/hello")" 'hello from www'
is 'an address in clear' "$(px "http://127.20.0.3:$WEB/hello")" 'hello from plain'
is 'a trailing dot' "$(px "https://www.bed.test.:$TLS/hello")" 'hello from www'
is 'upper case' "$(px "https://WWW.bed.test:$TLS/hello")" 'hello from www'

# --- wget, urllib ----------------------------------------------------------------
is 'wget' "$(https_proxy=$PX wget -q -O - --ca-certificate="$CA" "$N/numbers.txt" | sha256sum)" "$(sha256sum <www/numbers.txt)"
is 'wget in clear' "$(http_proxy=$PX wget -q -O - "http://nginx.bed.test:$WEB/")" '<h1>nginx says hello</h1>'
https_proxy=$PX wget -q -O body --ca-certificate="$CA" --content-on-error "https://ads.bed.test:$TLS/" 2>/dev/null
like 'wget sees the block page' "$(cat body)" 'ads.bed.test'
urllib() {
	https_proxy=$PX SSL_CERT_FILE=$CA "$PY" - "$@" <<'PY'
import sys, urllib.request, urllib.error
try:
    print(urllib.request.urlopen(urllib.request.Request(sys.argv[1], data=sys.argv[2].encode() if len(sys.argv) > 2 else None), timeout=20).read().decode(), end="")
except urllib.error.HTTPError as e:
    print(e.code, e.headers["Proxy-Status"])
PY
}
is 'urllib' "$(urllib "https://www.bed.test:$TLS/hello")" 'hello from www'
is 'urllib POST' "$(urllib "https://www.bed.test:$TLS/echo" some=form)" 'some=form'
like 'urllib sees the block' "$(urllib "https://ads.bed.test:$TLS/")" '^403 sluice; ?error=http_request_denied'
out=$(printf 'GET /hello HTTP/1.1\r\nHost: www.bed.test:%s\r\nConnection: close\r\n\r\n' "$TLS" |
	openssl s_client -quiet -ign_eof -proxy "127.0.0.1:$PORT" -connect "www.bed.test:$TLS" -servername www.bed.test \
		-CAfile "$CA" -verify_return_error -tls1_2 2>s_client.err)
like 's_client: a request by hand' "$out" 'hello from www'

# --- blocked, tunnelled -----------------------------------------------------------
forget www
is 'step 2: a blocked host, inside TLS' "$(status "https://ads.bed.test:$TLS/x")" 403
like 'step 2: the page says why' "$(cat body)" 'ads'
is 'step 2: the origin was not even connected to' "$(events www)" ''
is 'step 7: a blocked path' "$(status "https://www.bed.test:$TLS/hello/secret/1?q")" 403
is 'step 7: the blocked request did not reach the origin' "$(got www)" ''
is 'step 3: a tunnel shows the origin itself' "$(curl -sS --max-time "$PATIENCE" -x "$PX" --cacert "$PKI/root.crt" "https://rsa.bed.test:$TLS/hello")" 'hello from rsa'
is 'step 3: and its certificate is not ours' "$(px -o /dev/null "https://rsa.bed.test:$TLS/hello" 2>/dev/null; echo $?)" 60
log_line 'a tunnel is logged with bytes and its rule' 'rsa\.bed\.test.*tunnel|tunnel.*rsa\.bed\.test'
log_line 'an inspected request is logged' 'GET .*www\.bed\.test.*200'
