#!/bin/sh
# size.sh TARGET...: what each binary weighs, and what each library and each of our files takes of it.
# size.sh -c TARGET [LIMIT]: fails when the stripped binary is larger than LIMIT bytes, holds an FPU instruction, or
# lacks the hardening that the README claims.
#
# The shares are read from the linker's map: bytes of code, constants and data that stayed after --gc-sections.
set -eu

die() { echo "size.sh: $*" >&2; exit 1; }

prefix_of() {
	case $1 in
	mips-*) echo mips-linux-gnu ;;
	mipsel-*) echo mipsel-linux-gnu ;;
	arm-*) echo arm-linux-gnueabi ;;
	*) die "unknown target $1" ;;
	esac
}

totals() {
	printf '%-14s %8s %8s %8s %8s %8s\n' target text data bss file xz
	for t in "$@"; do
		bin=build/$t/sluice
		[ -e "$bin" ] || die "no $bin: make TARGET=$t first"
		# shellcheck disable=SC2046
		set -- $("$(prefix_of "$t")-size" "$bin" | tail -n 1)
		printf '%-14s %8d %8d %8d %8d %8d\n' "$t" "$1" "$2" "$3" "$(wc -c < "$bin")" "$(xz -9e --stdout "$bin" | wc -c)"
	done
}

# shares MAP: "bytes owner" for every owner, an owner being a library or one of our files.
shares() {
	awk '
	function value(h,   i, v) {
		v = 0
		for (i = 3; i <= length(h); i++)
			v = v * 16 + index("0123456789abcdef", tolower(substr(h, i, 1))) - 1
		return v
	}
	/^Linker script and memory map/ { on = 1 }
	!on { next }
	# an output section begins in column one
	/^[._A-Za-z]/ { kept = $1 ~ /^\.(text|rodata|data|data\.rel\.ro|init|fini|got|sdata|eh_frame|ARM\.exidx|ARM\.extab|init_array|fini_array|MIPS\.stubs)/ }
	# " .text.name  0xaddress  0xsize  file", the name on a line of its own if it is long
	/^ [.A-Za-z]/ && NF == 1 { next }
	kept && /^ / {
		size = $(NF - 1)
		file = $NF
		if (size !~ /^0x/ || file !~ /\.o\)?$/)
			next
		if (match(file, /lib[a-z]*\.a/))
			file = substr(file, RSTART, RLENGTH)
		else
			sub(/.*\/build\/[^\/]*\/|^build\/[^\/]*\//, "", file)
		bytes[file] += value(size)
		sum += value(size)
	}
	END {
		for (f in bytes)
			if (bytes[f] > 0)
				printf "%8d %s\n", bytes[f], f
		printf "%8d %s\n", sum, "together"
	}' "$1" | sort -n -r
}

# holds WHAT COMMAND...: what the builds are said to be is looked up in the file.
holds() {
	what=$1
	shift
	"$@" || die "$bin: $what is not so"
}

# no WORD, has WORD: is there such a line in what readelf says?
has() { printf '%s\n' "$elf" | grep -qE "$1"; }
no() { ! has "$1"; }

check() {
	bin=build/$1/sluice
	tools=$(prefix_of "$1")
	size=$(wc -c < "$bin")
	if [ -n "${2:-}" ]; then
		[ "$size" -le "$2" ] || die "$bin is $size bytes, over $2"
		echo "$bin: $size bytes of $2, $(($2 - size)) left"
	else
		echo "$bin: $size bytes"
	fi
	elf=$("$tools-readelf" -W -A -d -h -l -S "$bin")
	holds static no 'INTERP|\(NEEDED\)'
	holds stripped no ' \.(symtab|debug)'
	holds 'a stack without code' has 'GNU_STACK .* RW  *0x'
	holds 'nothing both writable and code' no '(LOAD|GNU_STACK) .* RWE'
	case $1 in
	*-musl) # anywhere in memory, and what was relocated is read-only then: relro.c is in
		holds 'position independent' has 'Flags: .*PIE'
		holds RELRO has '^ +[0-9]+ +.*\.data\.rel\.ro (\.dynamic )?(\.got )?$'
		holds 'RELRO before main' grep -q relro_protect "$bin.map" ;;
	*)	holds 'a fixed address' has 'Type: +EXEC'
		holds 'constants with the code' no '\.data\.rel\.ro' ;;
	esac
	case $1 in
	mips*)
		holds 'soft float' has 'Soft float'
		fpu='\<([ls][wd]c1|m[tf]h?c1|c[tf]c1|bc1[tf]|(add|sub|mul|div|cvt|trunc|mov|neg|abs|c)\.[a-z.]*[sdw])\>' ;;
	arm*)
		holds 'soft float' has 'soft-float ABI'
		holds 'ARMv5TE' has 'Tag_CPU_arch: v5TE'
		fpu='\<(v(ldr|str|mov|add|sub|mul|div|cvt)|f(ld|st|add|sub|mul|div)[sd])\>' ;;
	esac
	! "$tools-objdump" -d "$bin.full" | cut -f3- | grep -E "$fpu" >&2 || die "$bin holds FPU instructions"
}

case ${1:-} in
-c)	check "$2" "${3:-}" ;;
'' | -*) die "usage: size.sh TARGET... | size.sh -c TARGET [LIMIT]" ;;
*)	totals "$@"
	for t in "$@"; do
		echo
		echo "$t, in bytes:"
		shares "build/$t/sluice.map"
	done ;;
esac
