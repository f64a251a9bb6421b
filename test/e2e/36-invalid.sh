#!/bin/bash
# Origins with bad certificates under `invalid_upstream` block, untrusted, tunnel and allow; the zoo is 37.
. "$(dirname "$0")/lib.sh"
bed invalid
for name in expired future wronghost selfsigned unknown; do
	n=$((${n:-0} + 1))
	origin "$name" "127.20.1.$n" https "cert=$PKI/$name.pem"
done
usual_origins
U=https://expired.bed.test:$TLS/hello

start_proxy || exit 1
is 'block: 502' "$(status "$U")" 502
like 'block: Proxy-Status' "$(cat head)" '^Proxy-Status: sluice; ?error=tls_certificate_error; ?details="[^"]*expired'
page=$(cat body)
like 'block: the page names the reason in words' "$page" 'expired'
like 'block: and the date' "$page" "$(date -u -d "$(openssl x509 -in "$PKI/expired.crt" -noout -enddate | cut -d= -f2)" +%Y-%m-%d)"
like 'block: and the host' "$page" 'expired\.bed\.test'
unlike 'block: nothing of the request reached it' "$(got expired)" .
log_line 'block: logged with its code' 'expired\.bed\.test.*502.*expired'
is 'not yet valid' "$(status "https://future.bed.test:$TLS/")" 502
like 'not yet valid: named' "$(cat body)" 'valid'
is 'another name' "$(status "https://wronghost.bed.test:$TLS/")" 502
like 'another name: both are named' "$(cat body)" 'elsewhere\.bed\.test'
is 'self-signed' "$(status "https://selfsigned.bed.test:$TLS/")" 502
is 'unknown issuer' "$(status "https://unknown.bed.test:$TLS/")" 502
like 'unknown issuer: named' "$(cat body)" 'issuer|unknown|trust'
like 'the page leaf is ours and for this host' "$(openssl s_client -proxy "127.0.0.1:$PORT" -connect "expired.bed.test:$TLS" \
	-servername expired.bed.test -CAfile "$CA" -verify_return_error </dev/null 2>/dev/null | openssl x509 -noout -ext subjectAltName)" 'DNS:expired.bed.test'
stop_proxy

# --- untrusted: the browser itself must warn -------------------------------------------
forget expired
option "option invalid_upstream 'untrusted'"
start_proxy || exit 1
px -o /dev/null "$U" 2>/dev/null
is 'untrusted: curl refuses' $? 60
is 'untrusted: who insists gets the page' "$(curl -sS -k --max-time "$PATIENCE" -x "$PX" "$U")" 'hello from expired'
issuer=$(openssl s_client -proxy "127.0.0.1:$PORT" -connect "expired.bed.test:$TLS" -servername expired.bed.test </dev/null 2>/dev/null |
	openssl x509 -noout -issuer)
unlike 'untrusted: another issuer than our CA' "$issuer" "^$(openssl x509 -in "$CA" -noout -subject | sed 's/^subject/issuer/')\$"
is 'untrusted: a good origin is as ever' "$(px "https://www.bed.test:$TLS/hello")" 'hello from www'
before=$(openssl s_client -proxy "127.0.0.1:$PORT" -connect "expired.bed.test:$TLS" -servername expired.bed.test </dev/null 2>/dev/null | openssl x509 -noout -ext authorityKeyIdentifier)
stop_proxy
start_proxy || exit 1
after=$(openssl s_client -proxy "127.0.0.1:$PORT" -connect "expired.bed.test:$TLS" -servername expired.bed.test </dev/null 2>/dev/null | openssl x509 -noout -ext authorityKeyIdentifier)
if [ "$before" != "$after" ]; then
	ok 'untrusted: a throw-away key, new at each start'
else
	not_ok 'untrusted: a throw-away key, new at each start' "$before"
fi
stop_proxy

# --- tunnel: the client sees the origin's own certificate -------------------------------
option "option invalid_upstream 'tunnel'"
start_proxy || exit 1
px -o /dev/null "$U" 2>/dev/null
is 'tunnel: curl refuses by itself' $? 60
got_cert=$(openssl s_client -proxy "127.0.0.1:$PORT" -connect "expired.bed.test:$TLS" -servername expired.bed.test </dev/null 2>/dev/null | openssl x509)
is "tunnel: the origin's own certificate" "$got_cert" "$(openssl x509 -in "$PKI/expired.crt")"
is 'tunnel: a good origin is inspected' "$(px "https://www.bed.test:$TLS/hello")" 'hello from www'
stop_proxy

# --- allow ---------------------------------------------------------------------------
option "option invalid_upstream 'allow'"
start_proxy || exit 1
is 'allow: served as if it were good' "$(px "https://selfsigned.bed.test:$TLS/hello")" 'hello from selfsigned'
log_line 'allow: the log tells' 'selfsigned\.bed\.test'
stop_proxy
