#!/bin/bash
# How one client fares beside a greedy one: fair.sh [ROUNDS]; SLUICE=... measures another program.  Two or three minutes.
. "$(dirname "$0")/../e2e/lib.sh"
bed fair-bench
renice -n -10 $$ >/dev/null 2>&1 || echo "without root other programs disturb more"
origin far.quiet 127.20.0.32 echo keep=0
origin www 127.20.0.1 https "cert=$PKI/ec.pem" keep=0
start_dns
start_origins
# A's origin is another process than B's, and at the lowest priority.
host rsa.bed.test 127.20.0.2
host mumble.bed.test 127.20.0.42
in_background nice -n 39 openssl s_server -accept "127.20.0.2:$TLS" -cert "$PKI/rsa.pem" -cert_chain "$PKI/rsa.pem" \
	-key "$PKI/rsa.key" -quiet -naccept 1000000 >log/s_server.err 2>&1 </dev/null
wait_for 10 can_connect 127.20.0.2 "$TLS" || not_ok "A's origin" "$(cat log/s_server.err)"
list quiet tunnel quiet.bed.test
option "option log 'error'"
start_proxy || exit 1
PYTHONPATH=$TOP/test/e2e BED=$BED CA=$CA "$PY" -B "$TOP/test/bench/fair.py" "${1:-3}"
stop_proxy
