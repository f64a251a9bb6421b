#!/bin/bash
# user.sh TARGET [SCRIPT...]: end-to-end scripts against a router's program, run by qemu-user, JOBS (2) at a time.
#
# Without SCRIPTs all that make sense there.  Left out are
#   big, slow, clients   a gigabyte, and time limits that are this machine's: they say nothing of another processor
#   browser              the same pages as 35-pages, for the browser's sake
#   process              reads the process in /proc, where it would find qemu
#   redirect             qemu-user doesn't pass SO_ORIGINAL_DST on
# and, by name, what the emulator gets wrong: `cannot` and the end of `scripts`.
set -u
cd "$(dirname "$0")/../.." || exit 2
target=$1
shift
out=build/$target
logs=$out/e2e
passed=0 failed=0 skipped=0

# How fast others are served beside a flood is this machine's affair, too.
# The kernel knows all programs there by the emulator's name, so that any may have an address.
cannot='hold others beside an origin that floods with empty records
check an address in use'
# qemu-user hands SO_ERROR over in its host's numbers: a refused connection is 111, which Linux on MIPS doesn't have
# (there it is 146), so the proxy gives a general reason.
case $target in
mips*) cannot="$cannot
faults an origin that nobody is at: Proxy-Status
pages with Proxy-Status" ;;
esac
export BED_CANNOT=$cannot
export BED_CPU=200 # what takes the proxy processor time takes an emulated one twenty times that

scripts() {
	local script name
	for script in test/e2e/[0-9]*.sh; do
		name=$(basename "$script" .sh)
		case $target/$name in
		*-big | *-browser | *-slow | *-clients | *-process | *-redirect) ;;
		# For a big-endian program qemu-user turns the bytes of netlink's answers around, except in an attribute at
		# the very end that is empty.  Linux 6 sends such ones, and musl's getifaddrs follows that length for ever.
		mips-musl/38-names | mips-musl/45-check) ;;
		*) echo "$name" ;;
		esac
	done
}

# shellcheck disable=SC2046 # words
[ $# -gt 0 ] || set -- $(scripts)
mkdir -p "$logs"
cat >"$out/run" <<-E
	#!/bin/sh
	exec qemu-${target%%-*} "$PWD/$out/sluice" "\$@"
E
chmod 755 "$out/run"
export SLUICE=$PWD/$out/run
test/origin/certs.sh build/e2e/pki || exit 2

interrupted() {
	local pids
	pids=$(jobs -rp)
	# shellcheck disable=SC2086
	[ -z "$pids" ] || kill $pids 2>/dev/null
	wait
	exit 130
}
trap interrupted INT TERM

# sum NAME: what the script's log says, added up.
sum() {
	local log=$logs/$1.log p='' f='' s=''
	read -r p f s < <(sed -nE 's/^.*: ([0-9]+) passed, ([0-9]+) failed(, ([0-9]+) skipped)?.*/\1 \2 \4/p' "$log" | tail -n 1)
	grep '^skip - ' "$log"
	# the script was ended if its last line is missing
	if [ -z "$p" ] || [ "$f" -gt 0 ]; then
		echo "== $target $1: log $log"
		grep '^not ok' "$log" | head -n 20
		[ "${f:-0}" -gt 0 ] || f=1
	fi
	passed=$((passed + ${p:-0})) failed=$((failed + f)) skipped=$((skipped + ${s:-0}))
}

for name; do
	while [ "$(jobs -rp | wc -l)" -ge "${JOBS:-2}" ]; do
		wait -n
	done
	timeout -k 10 1200 "test/e2e/$name.sh" >"$logs/$name.log" 2>&1 </dev/null &
done
wait
for name; do
	sum "$name"
done
echo "$target-e2e: $passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ]
