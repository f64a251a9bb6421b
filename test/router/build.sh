#!/bin/bash
# build.sh TARGET: the rules of a router's build, without building much: what comes from outside wins, mistakes are
# told, c-ares draws no ID from rand(), and the hardening works when it is needed.  Takes a second or two.
set -u
cd "$(dirname "$0")/../.." || exit 2
target=$1
out=build/$target
targets='mips-uclibc mipsel-uclibc arm-uclibc mips-musl mipsel-musl arm-musl'
passed=0 failed=0
unset CC AR STRIP CFLAGS LDFLAGS MAKEFLAGS MFLAGS MAKELEVEL TARGET

# check WHAT COMMAND...
check() {
	local what=$1 said
	shift
	if said=$("$@" 2>&1); then
		passed=$((passed + 1))
	else
		failed=$((failed + 1))
		echo "not ok - $target $what: $(head -c 600 <<<"$said")"
	fi
}

# --- make's side -----------------------------------------------------------
names_targets() {
	local said name
	said=$(make TARGET=mips-glibc 2>&1) && return 1
	for name in $targets; do
		[[ $said == *$name* ]] || return 1
	done
	said=$(mk/toolchain.sh mips-glibc 2>&1) && return 1
	[[ $said == *"$targets"* ]]
}
check 'an unknown TARGET says which exist' names_targets

# ours TEXT: the four words stand where a compiler, an archiver, a strip and flags belong.
ours() {
	set -- "$(sed -e ':a' -e '/\\$/N; s/\\\n//; ta' <<<"$1")"
	grep -qE '^my-cc .* -Omine .*-c -o .*/proxy\.o proxy\.c$' <<<"$1" &&
		grep -qE '^my-cc .* -Omine .*sluice\.full' <<<"$1" && grep -q '^my-strip -s' <<<"$1" &&
		grep -q "CC='my-cc' AR='my-ar' mk/toolchain.sh" <<<"$1" &&
		! grep -qE -- '-mips16|(^| )-Os( |$)' <<<"$1"
}
words=(CC=my-cc AR=my-ar STRIP=my-strip CFLAGS=-Omine)
check 'CC, AR, STRIP and CFLAGS of the command line win' ours "$(make -n -B TARGET="$target" "${words[@]}" 2>&1)"
check '... and of the environment' ours "$(env "${words[@]}" make -n -B TARGET="$target" 2>&1)"

# --- c-ares ----------------------------------------------------------------
# The function of toolchain.sh itself, in a directory as configure leaves it.
ids() {
	local dir rc
	dir=$(mktemp -d) || return 1
	mkdir -p "$dir/src/lib"
	echo "$1" >"$dir/src/lib/ares_config.h"
	(
		cd "$dir" || exit 1
		eval "$(sed -n '/^die() /p; /^cares_check() {/,/^}/p' "$TOOLCHAIN")"
		cares_check
	)
	rc=$?
	rm -rf "$dir"
	return $rc
}
export TOOLCHAIN=$PWD/mk/toolchain.sh
no_ids() {
	! ids "$1"
}
check 'c-ares with a source of random bytes is built' ids '#define CARES_RANDOM_FILE "/dev/urandom"'
check 'c-ares with rand() is not' no_ids '/* #undef CARES_RANDOM_FILE */'
check 'toolchain.sh asks before it builds' sh -c "sed -n '/^cares_build/,/^}/p' mk/toolchain.sh | grep -A1 cares_check | grep -q 'run cares make'"
check 'the library has the source' grep -q /dev/urandom "$out/lib/libcares.a"

# --- hardening -------------------------------------------------------------
run=qemu-${target%%-*}
# without the core file of qemu and the shell's word about it
ulimit -c 0
harden() {
	"$run" "$out/harden" "$1"
}
ends_by_signal() {
	(harden "$1") >/dev/null 2>&1
	[ $? -gt 128 ]
}
differs() {
	local first second
	first=$(harden where) && second=$(harden where) && [ "${first% *}" != "${second% *}" ]
}
relro=
case $target in *-musl) relro=mk/relro.c ;; esac
# shellcheck disable=SC2086 # none or one
check 'harden builds' "$out/cc" -std=c11 -D_GNU_SOURCE -Os -fstack-protector-strong -o "$out/harden" $relro test/router/harden.c
check 'a canary of its own for each start' differs
check 'a smashed stack ends the program' ends_by_signal smash
check 'so does a write to a table of constants' ends_by_signal constant
case $target in
mips*) check 'so does an unaligned word under this emulator' ends_by_signal unaligned ;;
esac

echo "$target-build: $passed passed, $failed failed"
[ "$failed" -eq 0 ]
