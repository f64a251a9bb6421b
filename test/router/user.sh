#!/bin/bash
# user.sh TARGET [SCRIPT...]: end-to-end scripts against a router's program, run by qemu-user.
#
# Without SCRIPTs all that make sense there; left out are those about a browser, a gigabyte, this machine's speed, and
# the one that reads the process in /proc, where it would find qemu.
set -u
cd "$(dirname "$0")/../.." || exit 2
target=$1
shift
out=build/$target
logs=$out/e2e
passed=0 failed=0

if [ $# -eq 0 ]; then
	for script in test/e2e/[0-9]*.sh; do
		name=$(basename "$script" .sh)
		case $name in
		*-big | *-browser | *-slow | *-clients | *-process) ;;
		*) set -- "$@" "$name" ;;
		esac
	done
fi
mkdir -p "$logs"
cat >"$out/run" <<-E
	#!/bin/sh
	exec qemu-${target%%-*} "$PWD/$out/sluice" "\$@"
E
chmod 755 "$out/run"
export SLUICE=$PWD/$out/run
test/origin/certs.sh build/e2e/pki || exit 2
for name; do
	timeout -k 10 400 "test/e2e/$name.sh" >"$logs/$name.log" 2>&1 </dev/null
	rc=$?
	read -r p f < <(sed -nE 's/^.*: ([0-9]+) passed, ([0-9]+) failed.*/\1 \2/p' "$logs/$name.log" | tail -n 1)
	if [ "$rc" -ne 0 ] || [ -z "${p:-}" ]; then
		echo "== $target $name: exit $rc, log $logs/$name.log"
		grep '^not ok' "$logs/$name.log" | head -n 20
		[ "${f:-0}" -gt 0 ] || f=1
	fi
	passed=$((passed + ${p:-0})) failed=$((failed + ${f:-0}))
	p='' f=''
done
echo "$target-e2e: $passed passed, $failed failed"
[ "$failed" -eq 0 ]
