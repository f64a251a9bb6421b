#!/bin/sh
# make router-bench: instructions on TARGET, counted exactly under qemu-user: of single operations, then of whole
# connections (see connections.sh for its CASES and HOT).
set -eu
cd "$(dirname "$0")/../.."
target=$1
out=build/$target

cc -shared -fPIC -O2 -o build/count.so test/router/count.c
# with the objects of the program, as they are
"$out/cc" -std=c11 -D_GNU_SOURCE -I. -isystem "$out/include" -Os -ffunction-sections -L"$out/lib" -Wl,--gc-sections \
	-o "$out/bench" test/router/bench.c "$out"/lib/curve/*.o "$out/lib/base/pool.o" -lbearssl

# count OPERATION N: instructions of a whole run
count() {
	"qemu-${target%%-*}" -plugin "./build/count.so,out=$out/bench.count" "$out/bench" "$1" "$2"
	awk '{ n += $1 } END { print n }' "$out/bench.count"
}

"qemu-${target%%-*}" "$out/bench" -l | while read -r name; do
	printf '%-22s %9d\n' "$name" $((($(count "$name" 3) - $(count "$name" 1)) / 2))
done
test/router/connections.sh "$target"
