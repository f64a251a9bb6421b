#!/bin/sh
# make router-bench: instructions that one operation takes on TARGET, counted exactly under qemu-user.
set -eu
cd "$(dirname "$0")/../.."
target=$1
out=build/$target
plugin=${ICOUNT:-../shared/tools/icount.c}

[ -e "$plugin" ] || {
	echo "router-bench: $plugin is not here"
	exit 1
}
cc -shared -fPIC -O2 -o build/icount.so "$plugin"
"$out/cc" -std=c11 -Os -ffunction-sections -Wl,--gc-sections -o "$out/bench" test/router/bench.c -lbearssl

# count OPERATION N: instructions of a whole run
count() {
	"qemu-${target%%-*}" -plugin ./build/icount.so "$out/bench" "$1" "$2" 2>&1 | sed -n 's/^insns //p'
}

"qemu-${target%%-*}" "$out/bench" -l | while read -r name; do
	printf '%-22s %9d\n' "$name" $((($(count "$name" 3) - $(count "$name" 1)) / 2))
done
