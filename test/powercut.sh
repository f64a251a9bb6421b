#!/bin/sh
# powercut.sh WRITER: the flash store on a 64 MB MIPS router with real flash file systems that loses its power.
#
# A program (test/leaf/writer.c) writes batch after batch on JFFS2 and on UBIFS and tells over the serial port what
# must be found from now on; the machine is killed at a random moment, and at the next start what the program
# finds is compared with the last it had said.  CUTS=20 for each; FLASH="nor ubi" (nor: JFFS2 whose every store
# lands at once; block: JFFS2 behind a write-back cache; ubi: UBIFS behind one).  Needs ../shared/router/malta.sh
# and what that needs.
set -eu
writer=$(realpath "$1")
here=$(dirname "$(realpath "$0")")
malta=${MALTA:-$here/../../shared/router/malta.sh}
cuts=${CUTS:-20}
MALTA_DIR=${MALTA_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/malta-router}
export MALTA_DIR
passed=0 failed=0 flash=

if [ ! -x "$malta" ]; then
	echo "powercut: no router in ../shared/router here"
	echo "powercut: 0 passed, 0 failed, 1 skipped"
	exit 0
fi
[ -s "$MALTA_DIR/vmlinux" ] || "$malta" setup

dir=$(mktemp -d)
image=powercut.$$
cleanup() {
	end_machine
	rm -rf "$dir" "$MALTA_DIR/$image.nor" "$MALTA_DIR/$image.block" "$MALTA_DIR/$image.ubi"
}
trap cleanup EXIT
trap 'exit 1' INT TERM
mkdir "$dir/root"
cp "$writer" "$dir/root/writer"

count() {
	echo $#
}

# A machine that did not start in time is left running by malta.sh; two on one flash would ruin it.
end_machine() {
	for pid in $(pgrep -f "qemu-system-mipsel .*/$image\\.$flash"); do
		kill "$pid" 2> /dev/null || true
	done
	i=0
	while pgrep -f "qemu-system-mipsel .*/$image\\.$flash" > /dev/null && [ $i -lt 100 ]; do
		i=$((i + 1))
		sleep 0.1
	done
}

# list WORD: the records of the last whole line of the log that begins with WORD.
list() {
	sed -n "s/^$1 \(.*\) \.\$/\1/p" "$dir/log" | tail -1
}

# Is all there that had to be, and nothing wrong?
compare() {
	have=$(list HAVE)
	lost=
	for n in $must; do
		case " $have " in *" $n "*) ;; *) lost="$lost $n" ;; esac
	done
	bad=$(grep -E '^(WRONG|FAILED)' "$dir/log" || true)
	if [ -z "$lost$bad" ]; then
		passed=$((passed + 1))
		# shellcheck disable=SC2086
		echo "$flash, cut $cut: $(count $must) records had to be there, $(count $have) are"
	else
		failed=$((failed + 1))
		echo "$flash, cut $cut: lost:$lost; $bad"
	fi
}

for flash in ${FLASH:-nor ubi}; do
	must='' cut=0 early=0 how=fsync batches=0
	[ "$flash" = nor ] || how=sync # see writer.c
	while [ $cut -le "$cuts" ]; do
		ms=$((500 + early * 1000 + $(od -An -N2 -tu2 /dev/urandom) % 2500))
		"$malta" cut -F "$flash" -i "$image" -f "$dir/root" $ms -- \
			/writer /overlay/leaves $((cut * 977 + 1)) $how > "$dir/log" 2>&1 || true
		end_machine
		if ! grep -q '^HAVE.*\.$' "$dir/log"; then
			# Cut before it had looked, or not started in time: nothing to compare, nothing was written.
			early=$((early + 1))
			[ $early -lt 10 ] || { cat "$dir/log"; failed=$((failed + 1)); break; }
			continue
		fi
		early=0
		[ $cut -eq 0 ] || compare # after so many cuts; the first start finds an empty flash
		batches=$((batches + $(grep -c '^MUST' "$dir/log" || true)))
		must=$(list MUST)
		[ -n "$must" ] || must=$(list HAVE)
		cut=$((cut + 1))
	done
	echo "$flash: $batches batches written in all"
done
echo "powercut: $passed passed, $failed failed"
[ "$failed" = 0 ]
