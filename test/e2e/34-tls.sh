#!/bin/bash
# TLS towards clients and origins: ClientHellos of every shape, the rules of names, resumption, what is offered.
. "$(dirname "$0")/lib.sh"
bed tls
usual_origins
host rsa2.bed.test 127.20.0.2
host quiet.bed.test 127.20.0.2
host ads.bed.test 127.20.0.1
list ads block ads.bed.test
option "option uninspectable 'block'"
list quiet tunnel quiet.bed.test
start_proxy || exit 1
pid=$bed_proxy_pid
raw "$TOP/test/e2e/tls.py"
is 'one and the same process all along' "$bed_proxy_pid" "$pid"
check 'it lives' proxy_is_alive

# The crash trap once more, with openssl's own client: a session, saved, then resumed with ALPN h2 alone.
client() {
	openssl s_client -proxy "127.0.0.1:$PORT" -connect "www.bed.test:$TLS" -servername www.bed.test -tls1_2 \
		-CAfile "$CA" "$@" </dev/null >s_client.out 2>&1
}
client -alpn http/1.1 -sess_out session.pem
check 'a session is given' test -s session.pem
for offer in h2 h3,h2 x; do
	client -alpn "$offer" -sess_in session.pem
	check "resuming with ALPN $offer only: it lives" proxy_is_alive
done
client -alpn http/1.1 -sess_in session.pem
like 'and the good client still resumes' "$(cat s_client.out)" '^Reused, TLSv1.2'
client -alpn http/1.1 -no_ticket -sess_out session2.pem
client -alpn http/1.1 -no_ticket -sess_in session2.pem
like 'by session ID' "$(cat s_client.out)" '^Reused, TLSv1.2'

# What it offers to origins, as an origin that records it sees it.
"$PY" - "127.20.0.77" "$TLS" >hello.hex <<'PY' &
import socket, struct, sys
s = socket.socket()
s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
s.bind((sys.argv[1], int(sys.argv[2])))
s.listen(5)
open("recording", "w").write("yes")
c, _ = s.accept()
head = c.recv(5, socket.MSG_WAITALL)
print(c.recv(struct.unpack(">H", head[3:])[0], socket.MSG_WAITALL).hex())
PY
keep_pid $!
host recorder.bed.test 127.20.0.77
wait_for 5 test -s recording
status "https://recorder.bed.test:$TLS/" >/dev/null
hello=$(cat hello.hex)
like 'upstream: legacy_version 1.2' "$hello" '^01......0303'
like 'upstream: the SNI' "$hello" "$(printf recorder.bed.test | od -An -tx1 | tr -d ' \n')"
like 'upstream: ALPN http/1.1 alone' "$hello" '0010000b000908687474702f312e31'
suites=$(cut -c$((2 * (4 + 2 + 32) + 1))- <<<"$hello")
sid=$((16#${suites:0:2}))
suites=${suites:$((2 + 2 * sid)):4}${suites:$((2 + 2 * sid + 4)):200}
n=$((16#${suites:0:4}))
for ((i = 0; i < n; i += 2)); do
	suite=${suites:$((4 + 2 * i)):4}
	case $suite in
	1301 | 1302 | 1303 | c02b | c02c | c02f | c030 | cca8 | cca9 | 00ff) ok "upstream: suite $suite" ;;
	*) not_ok "upstream: suite $suite" 'neither an AEAD suite of TLS 1.3 or ECDHE nor the signalling suite' ;;
	esac
done
unlike 'upstream: no max_fragment_length' "$hello" '0001000104'
