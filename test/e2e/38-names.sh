#!/bin/bash
# Names and addresses: DNS answers of every kind, Happy Eyeballs, addresses that clients must not reach, loops.
. "$(dirname "$0")/lib.sh"
bed names
origin v6 ::1 https "cert=$PKI/ec.pem"
usual_origins
U=:$TLS/hello
host slow.bed.test slow=1500 127.20.0.1
host servfail.bed.test servfail
host refused.bed.test refused
host garbage.bed.test garbage
host big.bed.test big 127.20.0.1
host alias.bed.test alias=www.bed.test
host empty.bed.test
host firstdead.bed.test 127.20.0.98 127.20.0.1
host sixdead.bed.test ::1 127.20.0.1
host both.bed.test ::1 127.20.0.2
host several.bed.test 127.20.0.95 127.20.0.96 127.20.0.97 127.20.0.98 127.20.0.1
host ttl.bed.test ttl=60 127.20.0.1
host short.bed.test ttl=1 127.20.0.1
host silent.bed.test silent
start_proxy || exit 1

asked() {
	grep -c "^$1 " log/dns
}
is 'a slow answer' "$(px "https://slow.bed.test$U")" 'hello from www'
is 'a CNAME' "$(px "https://alias.bed.test$U")" 'hello from www'
is 'an answer that needs TCP' "$(px "https://big.bed.test$U")" 'hello from www'
for name in servfail refused garbage empty; do
	like "$name: 502 or 504" "$(status "https://$name.bed.test$U")" '^50[24]$'
	like "$name: Proxy-Status" "$(cat head)" '^Proxy-Status: sluice; ?error=dns_(error|timeout)'
done
is 'no such name' "$(status "https://no.such.name.bed.test$U")" 502
like 'no such name: told in words' "$(cat body)" '[Nn]o such|not exist|no address'
is 'IPv6 goes first, if it answers' "$(px "https://both.bed.test$U")" 'hello from v6'
is 'the first address is dead: the next' "$(px "https://firstdead.bed.test$U")" 'hello from www'
is 'four of them are dead' "$(px "https://several.bed.test$U")" 'hello from www'

# The second question is answered from memory, until its TTL is over.
: >log/dns
px -o /dev/null "https://ttl.bed.test$U"
px -o /dev/null "https://ttl.bed.test$U"
n=$(asked ttl.bed.test)
within 'one look-up serves several connections' "$n" 1 2
px -o /dev/null "https://short.bed.test$U"
n=$(asked short.bed.test)
asked_again() {
	px -o /dev/null "https://short.bed.test$U"
	[ "$(asked short.bed.test)" -gt "$n" ]
}
check 'after its TTL it is asked for again' wait_for 5 asked_again
# Five seconds are a moment: one process asks, and a look-up has two questions.
: >log/dns
px "https://gone.bed.test$U" "https://gone.bed.test$U" "https://gone.bed.test$U" 2>/dev/null
within 'a failure is remembered for a moment' "$(asked gone.bed.test)" 1 4
# While one name hangs, others are served.
# It gives up after five seconds, which a busy machine may need for the others: then it hangs once more.
beside() {
	local hang
	rm -f silent.status
	(status "https://silent.bed.test$U" >silent.out && mv silent.out silent.status) &
	hang=$!
	wait_for 5 grep -q '^silent' log/dns
	[ "$(px "https://www.bed.test$U")" = 'hello from www' ] && [ ! -e silent.status ]
	set -- $?
	wait "$hang"
	: >log/dns
	sleep 5.5 # until the failure is forgotten
	return "$1"
}
: >log/dns
check 'a hanging look-up holds up nobody' wait_for 60 beside
like 'a resolver that says nothing: 504 or 502' "$(cat silent.status)" '^50[24]$'
: >log/dns
is 'an address is not looked up' "$(px "https://127.20.0.9:$TLS/hello")" 'hello from ip'
is 'indeed not' "$(wc -l <log/dns)" 0

# --- loops ------------------------------------------------------------------------
stop_proxy
option "list connect_port '$PORT'"
option "list http_port '$PORT'"
host self.bed.test 127.0.0.1
host self6.bed.test ::1
start_proxy || exit 1
like 'a loop by name' "$(status "http://self.bed.test:$PORT/")" '^(403|502|508)$'
like 'a loop by name: Proxy-Status' "$(cat head)" '^Proxy-Status: sluice; ?error=(proxy_loop_detected|destination_ip_prohibited)'
like 'a loop by address' "$(status "http://127.0.0.1:$PORT/" --noproxy '')" '^(403|502|508)$'
like 'a loop by IPv6' "$(status "http://self6.bed.test:$PORT/")" '^(403|502|508)$'
is 'a loop by CONNECT' "$(px -o body -w '%{http_connect}%{http_code}' "https://self.bed.test:$PORT/" 2>/dev/null | grep -cE '50[0-9]|403')" 1
within 'no storm came of it' "$(open_fds "$bed_proxy_pid")" 0 40
stop_proxy

# --- private_upstream 0 --------------------------------------------------------------
option "option private_upstream '0'"
for entry in lo=127.20.0.1 lo6=::1 ten=10.1.2.3 c=192.168.77.1 b=172.16.5.5 link=169.254.1.1 link6=fe80::1 ula=fd12::1 \
	nat64=64:ff9b::7f14:1 sixto4=2002:7f14:1:: zero=0.0.0.0 shared=100.64.1.1 multi=224.0.0.1 \
	future=240.0.0.1 multi6=ff02::1 unspecified=:: broadcast=255.255.255.255; do
	host "${entry%%=*}.priv.test" "${entry#*=}"
	private+=("${entry%%=*}")
done
host mixed.priv.test 127.20.0.1 10.1.2.3
list quiet tunnel 'tunnelled.test'
host lo.tunnelled.test 127.20.0.1
host ten.tunnelled.test 10.0.0.1
start_proxy || exit 1
forget www plain ip v6
# A v4-mapped AAAA is refused as well, or not even taken for an address.
host mapped.priv.test ::ffff:127.20.0.1
like 'private_upstream 0: mapped' "$(status "https://mapped.priv.test$U")" '^(403|502)$'
like 'private_upstream 0: mapped: Proxy-Status' "$(cat head)" '^Proxy-Status: sluice; ?error=(destination_ip_prohibited|dns_error)'
for name in "${private[@]}" mixed; do
	code=$(status "https://$name.priv.test$U")
	like "private_upstream 0: $name" "$code" '^(403|502)$'
	like "private_upstream 0: $name: Proxy-Status" "$(cat head)" '^Proxy-Status: sluice; ?error=destination_ip_prohibited'
done
like 'private_upstream 0: a literal' "$(status "https://127.20.0.9$U")" '^(403|502)$'
like 'private_upstream 0: an IPv6 literal' "$(status -g "https://[::1]$U")" '^(403|502)$'
like 'private_upstream 0: a mapped literal' "$(tunnel_status -g "https://[::ffff:127.20.0.9]$U")" '^4'
like 'private_upstream 0: in clear' "$(status "http://plain.bed.test:$WEB/hello")" '^(403|502)$'
like 'private_upstream 0: in a tunnel' "$(tunnel_status "https://lo.tunnelled.test$U")" '^(403|502)$'
like 'private_upstream 0: in a tunnel, 10/8' "$(tunnel_status "https://ten.tunnelled.test$U")" '^(403|502)$'
is 'private_upstream 0: nobody was connected to' "$(events www)$(events plain)$(events ip)$(events v6)" ''
# Rebinding: what the name said before does not count, the address really connected to does.
sed -i 's/^www.bed.test .*/www.bed.test ttl=1 127.20.0.1/' hosts
like 'private_upstream 0: rebinding' "$(status "https://www.bed.test$U")" '^(403|502)$'
stop_proxy

# --- this machine's own public address, and networks it is directly connected to --------
if [ "$(id -u)" -ne 0 ] || ! unshare -n true 2>/dev/null; then
	skip 'own public address, directly connected network' 'needs root for a network namespace'
	exit 0
fi
cat >inside.sh <<'INSIDE'
# In a namespace of its own, where no wire leads out: 44.128.7.1/24 is this machine's, 44.128.7.9 a neighbour.
set -u
ip link set lo up
ip link add wan type veth peer name wire
ip link set wire up
ip addr add 44.128.7.1/24 dev wan
ip link set wan up
"$PY" "$TOP/test/origin/dns.py" "$DNS" "$BED/hosts" "$BED/log/dns2" & d=$!
"$PY" "$TOP/test/origin/origin.py" "$BED/own.spec" "$BED/log" & o=$!
"$SLUICE" -c "$BED/sluice.conf" 2>>"$BED/log/proxy.err" & p=$!
"$PY" - "$DNS" "$PORT" <<'PY'
import socket, sys, time
for port in sys.argv[1:]:
    for _ in range(300):
        try:
            socket.create_connection(("127.0.0.1", int(port)), 1)
            break
        except OSError:
            time.sleep(0.05)
PY
ask() {
	curl -sS --max-time "$PATIENCE" -x "http://127.0.0.1:$PORT" --cacert "$BED/ca/ca.crt" -o "$BED/ns.body" -D "$BED/ns.head" \
		-w '%{http_code}' "$1" 2>/dev/null
	grep -o 'error=[a-z_]*' "$BED/ns.head"
}
echo "own $(ask "https://own.test:$TLS/hello")"
echo "neighbour $(ask "https://neighbour.test:$TLS/hello")"
ip addr add 44.128.9.7/32 dev wan
echo "late $(ask "https://late.test:$TLS/hello")"
kill $d $o $p
wait
INSIDE
host own.test 44.128.7.1
host neighbour.test 44.128.7.9
host late.test 44.128.9.7
echo "own 44.128.7.1 $TLS https cert=$PKI/ec.pem" >own.spec
configure
export PY TOP DNS BED SLUICE PATIENCE
out=$(unshare -n bash inside.sh 2>inside.err)
log_line 'its own address is named as such' 'own\.test.*403.*(of this|own|itself)'
log_line 'and the network' 'neighbour\.test.*403.*network'
like 'this machine by its public address is refused' "$out" '^own (403|502)error=(destination_ip_prohibited|proxy_loop_detected)'
like 'a neighbour on a directly connected network is refused' "$out" '^neighbour (403|502)error=destination_ip_prohibited'
like 'an address that came later is seen' "$out" '^late (403|502)error=destination_ip_prohibited'
unlike 'the origin was not connected to' "$(events own)" 'accept'
