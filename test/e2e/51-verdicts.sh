#!/bin/bash
# Where a leaf may be forged: never for what is not to be inspected, whatever else fails.  And a reload is a new truth:
# what it forbids ends.  Where it can, in a network of its own, whose firewall redirects.
if [ -z "${VERDICTS_NET:-}" ] && [ "$(id -u)" -eq 0 ] && unshare -n true 2>/dev/null; then
	VERDICTS_NET=1 exec unshare -n "$0"
fi
. "$(dirname "$0")/lib.sh"
PATH=$PATH:/sbin:/usr/sbin
bed verdicts
# What is sent to 198.51.100.9 by anybody comes to the proxy instead, which knows the address.
redirect() {
	[ "${VERDICTS_NET:-}" ] && command -v nft >/dev/null || return 1
	nft -f - <<-NFT
		table ip t {
			chain out {
				type nat hook output priority -100
				ip daddr 198.51.100.9 tcp dport $TLS redirect to :$PORT2
			}
		}
	NFT
}
[ -z "${VERDICTS_NET:-}" ] || {
	ip link set lo up
	ip route add 198.51.100.9/32 dev lo
}
if redirect; then
	export REDIRECT=1
	bed_options+="	list transparent '127.0.0.1:$PORT2'
"
else
	skip 'redirected clients' 'needs root, a network namespace and nftables'
fi
origin echo.quiet 127.20.0.32 echo
origin kept 127.20.0.33 https "cert=$PKI/ec.pem"
origin byname 127.20.0.35 https "cert=$PKI/ec.pem"
origin ws 127.20.0.36 https "cert=$PKI/ec.pem"
usual_origins
host dead.bed.test 127.20.0.99
host dead.quiet.bed.test 127.20.0.99
host once.bed.test 127.20.0.98
host ads.bed.test 127.20.0.1
host a.quiet.bed.test 127.20.0.32
host b.quiet.bed.test 127.20.0.32
host c.still.bed.test 127.20.0.32
host slow.quiet.bed.test slow=1500 127.20.0.32
list quiet tunnel quiet.bed.test 127.20.0.99
list still tunnel still.bed.test
list ads block ads.bed.test
list later block never.bed.test

verdicts() {
	raw "$TOP/test/e2e/verdicts.py" "$@"
}

start_proxy || exit 1
verdicts leaves
verdicts reload "$bed_proxy_pid"
stop_proxy

option "option inspect '0'"
start_proxy || exit 1
verdicts unseen
stop_proxy

option "option inspect '1'"
if [ "${REDIRECT:-}" ]; then
	option "option connections '16'"
	start_proxy || exit 1
	verdicts full
	stop_proxy
	option "option connections '128'"
fi
option "option clock_stamp '$BED/never'"
start_proxy || exit 1
verdicts clock
stop_proxy
