#!/bin/bash
# make router-test: the packaged program in a 64 MB MIPS machine with a real kernel and real JFFS2.
#
# Boots the machine, starts the proxy from the staged package and an HTTPS origin beside it, and inspects from this
# host through a forwarded port: a mint, 30 connections.  Then the power is cut, the machine boots again from the
# same flash, and the leaf and the CA must be the same.  Free memory before and after is printed.  The kernel counts
# the unaligned words that it had to fetch for a program: none for ours.
#
#   malta.sh SLUICE ORIGIN HARDEN STAGE      three static mipsel programs, the package's staged tree
set -u
cd "$(dirname "$0")/../.." || exit 2
machine=${MALTA:-../shared/router/malta.sh}
out=$PWD/build/router
export MALTA_DIR=$PWD/build/malta
sluice=$1 origin=$2 harden=$3 stage=$4
name=router-test
passed=0 failed=0 pid=

if [ ! -x "$machine" ]; then
	echo "skip - $name: $machine is not here"
	echo "$name: 0 passed, 0 failed, 1 skipped"
	exit 0
fi

check() {
	local what=$1 said
	shift
	if said=$("$@" 2>&1); then
		echo "ok - $what"
		passed=$((passed + 1))
	else
		echo "not ok - $what: $said"
		failed=$((failed + 1))
	fi
}

# --- what goes into the machine --------------------------------------------
# The origin's address is the machine's own; its certificate is for that address, so no name is resolved.
address=10.0.2.15
prepare() {
	rm -rf "$out"
	mkdir -p "$out/fs/etc/sluice" "$out/fs/root" "$MALTA_DIR"
	(
		cd "$out" || exit 1
		openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout root.key -out root.crt -days 30 \
			-subj '/CN=Router test root' -addext keyUsage=critical,keyCertSign
		openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout leaf.key -out leaf.csr -subj '/CN=origin'
		openssl x509 -req -in leaf.csr -CA root.crt -CAkey root.key -CAcreateserial -days 20 -outform DER -out leaf.der \
			-extfile <(printf 'subjectAltName=IP:%s\nextendedKeyUsage=serverAuth\nkeyUsage=digitalSignature\n' $address)
		openssl ec -in leaf.key -outform DER -out key.der
	) >"$out/openssl.log" 2>&1 || return 1
	cp -a "$stage/." "$out/fs/"
	cp "$sluice" "$out/fs/usr/sbin/sluice"
	cp "$origin" "$harden" "$out/leaf.der" "$out/key.der" "$out/fs/root/"
	cp "$out/root.crt" "$out/fs/root/bundle.pem"
	printf 'root:x:0:0::/root:/bin/sh\nsluice:x:463:463::/:/bin/false\n' >"$out/fs/etc/passwd"
	printf 'root:x:0:\nsluice:x:463:\n' >"$out/fs/etc/group"
	# the shipped file, as three `uci set` and what this machine has no network for
	sed -i -e "s/^\toption enabled .*/\toption enabled '1'/" -e "s/br-lan:3128/eth0:3128/" \
		-e "s/^\toption private_upstream .*/\toption private_upstream '1'/" -e "/clock_stamp/d" \
		-e "s,/etc/ssl/certs/ca-certificates.crt,/root/bundle.pem," \
		-e "s,/etc/sluice/,/overlay/sluice/," "$out/fs/etc/config/sluice"
}

# What runs in the machine: start both, then tell memory until the power is gone.
guest() {
	cat <<-'E'
		mkdir -p /overlay/sluice /etc/sluice
		chown sluice:sluice /overlay/sluice
		chmod 700 /overlay/sluice
		free_kib() { awk '/MemAvailable/ { print $2 }' /proc/meminfo; }
		mkdir -p /sys/kernel/debug
		mount -t debugfs debugfs /sys/kernel/debug
		fetched() { cat /sys/kernel/debug/mips/unaligned_instructions; }
		echo "WHERE $(/root/harden where)"
		echo "WHERE $(/root/harden where)"
		# one on purpose: it is counted
		/root/harden unaligned
		echo "FETCHED $(fetched)"
		/root/origin 10.0.2.15 443 /root/leaf.der /root/key.der &
		echo "FREE before $(free_kib)"
		/usr/sbin/sluice -t -c /etc/config/sluice > /dev/null || echo "CHECK failed"
		# as procd would
		while :; do
			/usr/sbin/sluice -c /etc/config/sluice
			echo "ENDED $?"
			sleep 5
		done &
		while :; do
			sleep 1
			pid=$(pidof sluice) || continue
			echo "FREE now $(free_kib) rss $(awk '/VmRSS/ { print $2 }' /proc/$pid/status) uid $(awk '/^Uid/ { print $2 $3 $4 $5 }' /proc/$pid/status) up $(cut -d. -f1 /proc/uptime) fetched $(fetched)"
		done
	E
}

# --- the machine -----------------------------------------------------------
port=$(/usr/bin/python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')

power_on() {
	"$machine" boot -t 300 -i router-test -p "$port:3128" -f "$out/fs" -- "$(guest)" >"$out/boot$1.log" 2>&1 &
	pid=$!
}

# Ends the emulator, which is a grandchild of ours, without a word.
cut_power() {
	local child kid
	for child in $(pgrep -P "$pid") $(pgrep -P "$pid" | xargs -rn1 pgrep -P); do
		for kid in $child $(pgrep -P "$child"); do
			[ "$(cat "/proc/$kid/comm" 2>/dev/null)" != qemu-system-mip ] || kill -9 "$kid"
		done
	done
	wait "$pid" 2>/dev/null
	pid=
}
trap '[ -z "$pid" ] || cut_power' EXIT

# leaf FILE: what the proxy shows us for the origin.
leaf() {
	timeout 10 openssl s_client -noservername -proxy "127.0.0.1:$port" -connect "$address:443" </dev/null 2>/dev/null |
		openssl x509 -outform DER -out "$1" 2>/dev/null
	[ -s "$1" ]
}

# Until the proxy answers; booting and making the CA take a while.
wait_ready() {
	local _
	for _ in $(seq 90); do
		if leaf "$1"; then
			return 0
		fi
		kill -0 "$pid" 2>/dev/null || return 1
		sleep 1
	done
	return 1
}

# The machine tells every second how it is; its log comes in blocks, so that only time says when it has done so.
let_it_tell() {
	sleep 5
}

fetch() {
	test "$(curl -sk --max-time 20 -x "http://127.0.0.1:$port" "https://$address/")" = hello
}

thirty() {
	local _ good=0
	for _ in $(seq 30); do
		! fetch || good=$((good + 1))
	done
	echo "$good of 30"
	[ "$good" = 30 ]
}

# The origin is BearSSL as well; the one word is harden's.
aligned() {
	local log=$out/boot$1.log
	grep '^FETCHED' "$log"
	tr -d '\r' <"$log" | grep -q '^FETCHED 1$' && tr -d '\r' <"$log" | grep '^FREE now' | tail -n 1 | grep -q ' fetched 1$'
}

# A position-independent program is somewhere else at each start, with another canary.
moves() {
	local where
	where=$(sed -n 's/^WHERE //p' "$out"/boot[12].log | tr -d '\r')
	echo "$where"
	[ "$(cut -d' ' -f1 <<<"$where" | sort -u | wc -l)" -eq 4 ] && [ "$(cut -d' ' -f2 <<<"$where" | sort -u | wc -l)" -gt 1 ]
}

memory() {
	sed -n 's/^FREE //p' "$out/boot$1.log" | sed -n '1p;2p;$p'
}

prepare || {
	cat "$out/openssl.log"
	exit 1
}
[ -e "$MALTA_DIR/base.cpio.gz" ] || "$machine" setup >"$out/setup.log" 2>&1 || {
	tail -n 5 "$out/setup.log"
	echo "skip - $name: the machine could not be set up"
	echo "$name: 0 passed, 0 failed, 1 skipped"
	exit 0
}
rm -f "$MALTA_DIR/router-test.nor"
power_on 1
check "starts, mints" wait_ready "$out/leaf1.der"
check "the leaf is for the origin's address" sh -c \
	"openssl x509 -inform DER -in '$out/leaf1.der' -noout -text | grep -q 'IP Address:$address'"
check "inspects" fetch
check "30 connections" thirty
let_it_tell
cut_power
power_on 2
check "starts again after the power was cut" wait_ready "$out/leaf2.der"
check "inspects again" fetch
check "same leaf" cmp "$out/leaf1.der" "$out/leaf2.der"
let_it_tell
cut_power
check "the packaged configuration is good" sh -c "! grep 'CHECK failed' '$out/boot1.log'"
check "it runs as its own user" grep -q 'uid 463463463463 ' "$out/boot2.log"
check "it never ended by itself" sh -c "! grep -h -B1 ENDED '$out/boot1.log' '$out/boot2.log'"
check "no word was unaligned" aligned 1
check "nor after the cut" aligned 2
check "static and position independent: an address and a canary of its own for each start" moves
echo "memory available in the machine, KiB:"
memory 1
echo "$name: $passed passed, $failed failed"
[ "$failed" -eq 0 ] || tail -n 20 "$out/boot1.log" "$out/boot2.log"
[ "$failed" -eq 0 ]
