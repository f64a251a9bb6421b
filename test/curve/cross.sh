#!/bin/sh
# cross.sh TARGET QEMU PROGRAM: the questions of `make answers`, asked of a router's program under qemu-user.
set -eu
target=$1 qemu=$2 program=$3 rc=0
questions=build/curve/questions-$target
make --no-print-directory -s TARGET= questions >"$questions"
"$qemu" "$program" "answers-$target" <"$questions" || rc=1
rm -f "$questions"
exit $rc
