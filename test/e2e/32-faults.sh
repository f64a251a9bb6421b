#!/bin/bash
# Origins that break the rules: of HTTP, of TLS, of TCP.  The client gets a page that says so, or an answer that
# is as truncated as it came; nobody waits for ever.
. "$(dirname "$0")/lib.sh"
bed faults
for kind in garbage slam reset alert; do
	n=$((${n:-10} + 1))
	origin "$kind" "127.20.0.$n" "$kind"
done
origin tls13 127.20.0.21 https "cert=$PKI/ec.pem" min=1.3
origin ed25519 127.20.0.22 https "cert=$PKI/ed25519.pem" max=1.2
origin dhe 127.20.0.23 https "cert=$PKI/rsa.pem" max=1.2 ciphers=DHE-RSA-AES128-GCM-SHA256
origin h2also 127.20.0.24 https "cert=$PKI/ec.pem" alpn=h2,http/1.1
host dead.bed.test 127.20.0.30
usual_origins
option "option uninspectable 'block'"
start_proxy || exit 1

raw "$TOP/test/e2e/faults.py"

# An h2-only origin says no_application_protocol to a client that offers http/1.1 alone.
openssl s_server -quiet -accept "127.20.0.25:$TLS" -cert "$PKI/ec.pem" -key "$PKI/ec.key" -alpn h2 \
	-tls1_2 -naccept 4 >log/h2only.got 2>log/h2only.err </dev/null &
keep_pid $!
host h2only.bed.test 127.20.0.25
openssl s_server -accept "127.20.0.27:$TLS" -cert "$PKI/ec.pem" -key "$PKI/ec.key" -Verify 1 -tls1_3 -www \
	-quiet >log/mtls.out 2>&1 &
keep_pid $!
host mtls.bed.test 127.20.0.27
wait_for 5 can_connect 127.20.0.27 "$TLS"
wait_for 5 can_connect 127.20.0.25 "$TLS"

# Each: the status, an error type of RFC 9209, a page that is whole.
fault() {
	local what=$1 host=$2 status=$3 type=$4
	is "$what" "$(status "https://$host.bed.test:$TLS/hello")" "$status"
	like "$what: Proxy-Status" "$(cat head)" "^Proxy-Status: sluice; ?error=($type)"
	like "$what: a page for the user" "$(cat body)" '<!doctype html>'
}
fault 'no TLS at the origin' garbage 502 'tls_protocol_error|tls_alert_received|connection_terminated'
fault 'an origin that closes at once' slam 502 'connection_terminated|tls_protocol_error|connection_refused'
# a reset that is quick enough ends the connecting itself
fault 'an origin that resets at once' reset 502 'connection_terminated|tls_protocol_error|connection_refused|destination_ip_unroutable'
fault 'an origin that sends an alert' alert 502 'tls_alert_received|tls_protocol_error'
fault 'an origin that nobody is at' dead 502 'connection_refused'
fault 'an origin with an Ed25519 key' ed25519 502 'tls_alert_received|tls_protocol_error|tls_certificate_error'
fault 'an origin of DHE only' dhe 502 'tls_alert_received|tls_protocol_error'
fault 'an origin of HTTP/2 only' h2only 502 'tls_alert_received|tls_protocol_error'
fault 'a name that does not exist' nowhere-at-all 502 'dns_error'
is 'an origin of h2 and http/1.1 is spoken to in http/1.1' "$(status "https://h2also.bed.test:$TLS/hello")" 200
like 'ALPN http/1.1 is what the origin saw' "$(events h2also)" 'alpn=http/1.1'
unlike 'an origin that can not be inspected got no request' "$(got ed25519)" .
is 'an origin of TLS 1.3 only is inspected' "$(status "https://tls13.bed.test:$TLS/hello")" 200
like 'a TLS 1.3 origin got the request' "$(got tls13)" 'GET /hello'

is 'in clear: an origin that nobody is at' "$(status "http://dead.bed.test:$WEB/hello")" 502
is 'in clear: a name that does not exist' "$(status "http://nowhere-at-all.bed.test:$WEB/hello")" 502
log_line 'a failure is logged with host and reason' 'dead\.bed\.test.* 502'
stop_proxy

# --- uninspectable tunnel: what this TLS can't speak to is passed through, and the client judges it by itself ----
option "option uninspectable 'tunnel'"
start_proxy || exit 1
T=(curl -sS --max-time "$PATIENCE" --cacert "$PKI/root.crt" -x "$PX")
is 'uninspectable tunnel: an Ed25519 key' "$("${T[@]}" -k "https://ed25519.bed.test:$TLS/hello")" 'hello from ed25519'
log_line 'uninspectable tunnel: the log tells' 'ed25519\.bed\.test.* tunnelled \(the origin'
is 'uninspectable tunnel: once more, without a handshake of ours' "$("${T[@]}" -k "https://ed25519.bed.test:$TLS/hello")" 'hello from ed25519'
# TLS 1.3: an origin says only after the handshake that it wants a certificate.
is 'an origin that wants a client certificate: told' "$(status "https://mtls.bed.test:$TLS/")" 502
log_line 'and named in the log' 'mtls\.bed\.test.* 502 .*wants a certificate'
"${T[@]}" -k "https://mtls.bed.test:$TLS/" >mtls.txt 2>&1
log_line 'the next connection is tunnelled' 'CONNECT mtls\.bed\.test.* tunnelled \(the origin'
is 'after all that it still serves' "$(status "https://www.bed.test:$TLS/hello")" 200
