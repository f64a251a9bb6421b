#!/bin/sh
# make bench-policy: what lists cost in memory, loading and look-ups; beside dnsmasq with the same names; and
# in MIPS instructions.  CPU time throughout, the best of many rounds for look-ups.
set -eu
cd "$(dirname "$0")/../.."
bench=build/bench/policy
dir=$(mktemp -d)
pid=
trap '[ -z "$pid" ] || kill "$pid" 2>/dev/null; rm -rf "$dir"' EXIT

# RSS in KiB of dnsmasq with this list as address=/name/.
dnsmasq_rss() {
	sed '/^#/d; s|.*|address=/&/|' "$1" >"$dir/dnsmasq.conf"
	dnsmasq --keep-in-foreground --port=0 --no-daemon --conf-file="$dir/dnsmasq.conf" \
		--user=root --pid-file= >"$dir/dnsmasq.log" 2>&1 &
	pid=$!
	rss=0 before=-1
	while [ "$rss" != "$before" ] && kill -0 "$pid" 2>/dev/null; do # until it grows no more
		before=$rss
		sleep 2
		rss=$(awk '/^VmRSS/ { print $2 }' "/proc/$pid/status" 2>/dev/null || echo 0)
	done
	kill "$pid" 2>/dev/null || true
	wait "$pid" 2>/dev/null || true
	pid=
	echo "$rss"
}

for n in 10000 100000 1000000; do
	"$bench" make "$n" "$dir/$n"
	"$bench" load "$dir/$n"
	"$bench" ask "$dir/$n" 2000000 miss
	"$bench" ask "$dir/$n" 100000 hit
	if command -v dnsmasq >/dev/null 2>&1; then
		echo "dnsmasq with the same list: $(dnsmasq_rss "$dir/$n") KiB RSS," \
			"$(: >"$dir/empty" && dnsmasq_rss "$dir/empty") KiB without"
	fi
	echo
done

# --- MIPS instructions, counted by a plugin of qemu-user ---
if [ ! -x build/bench/policy-mips ] || ! command -v qemu-mips >/dev/null 2>&1 ||
	[ ! -f build/bench/icount.so ]; then
	echo "MIPS: not measured (needs gcc-mips-linux-gnu, libc6-dev-mips-cross, qemu-user, ../shared/tools/icount.c)"
	exit 0
fi

insns() {
	qemu-mips -plugin build/bench/icount.so build/bench/policy-mips "$@" 2>&1 >/dev/null |
		sed -n 's/^insns //p'
}

for n in 10000 100000 1000000; do
	: >"$dir/none"
	empty=$(insns ask "$dir/none" 0 none)
	load=$(insns ask "$dir/$n" 0 none)
	# the difference between two counts leaves out loading and the making of hosts
	miss=$(($(insns ask "$dir/$n" 8192 miss) - $(insns ask "$dir/$n" 0 miss)))
	hit=$(($(insns ask "$dir/$n" 1000 hit) - $(insns ask "$dir/$n" 0 hit)))
	echo "MIPS, $n names: $(((load - empty) / n)) instructions a name to load," \
		"$((miss / 8192)) a miss, $((hit / 1000)) a hit"
done
