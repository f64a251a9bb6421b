#!/bin/sh
# replay.sh ROUNDS TARGET...: does each router's build calculate what the desk's does?  Its objects are the program's.
set -eu
cd "$(dirname "$0")/../.."
rounds=$1
shift
passed=0 failed=0
want=$(build/nist/replay "$rounds")
for target; do
	out=build/$target
	"$out/cc" -std=c11 -D_GNU_SOURCE -I. -isystem "$out/include" -Os -L"$out/lib" -Wl,--gc-sections -o "$out/replay" \
		test/curve/replay.c "$out"/lib/curve/*.o "$out/lib/base/pool.o" -lbearssl
	got=$("qemu-${target%%-*}" "$out/replay" "$rounds")
	if [ "$got" = "$want" ]; then
		passed=$((passed + 1))
	else
		failed=$((failed + 1))
		echo "not ok - $target: $got, the desk says $want"
	fi
done
echo "curve-replay: $passed passed, $failed failed"
[ "$failed" -eq 0 ]
