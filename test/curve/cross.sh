#!/bin/sh
# cross.sh TARGET QEMU PROGRAM: the questions that `make answers` left, asked of a router's program under qemu-user.
set -eu
target=$1 qemu=$2 program=$3 rc=0
for name in drawn wycheproof; do
	[ -s build/curve/$name ] || continue
	"$qemu" "$program" "answers-$name-$target" <build/curve/$name || rc=1
done
exit $rc
