#!/bin/sh
# masks.sh TARGET: for a look at what a router's compiler made of the masks: the conditional instructions of every function
# that a key or a nonce goes through.  What may be there are the ends of loops, whose counts are public.
set -eu
out=build/$1
case $1 in
arm-*) tools=arm-linux-gnueabi conditional='(b(eq|ne|cs|cc|mi|pl|hi|ls|ge|lt|gt|le|hs|lo)|(mov|mvn|add|sub|rsb|and|orr|eor|ldr|str)(eq|ne|cs|cc|mi|pl|hi|ls|ge|lt|gt|le))[[:space:]]' ;;
mips-*) tools=mips-linux-gnu conditional='(b(eq|ne|eqz|nez|ltz|gez|lez|gtz|teqz|tnez)|mov[nz])[[:space:]]' ;;
mipsel-*) tools=mipsel-linux-gnu conditional='(b(eq|ne|eqz|nez|ltz|gez|lez|gtz|teqz|tnez)|mov[nz])[[:space:]]' ;;
*) exit 2 ;;
esac
for object in words p256 p384; do
	echo "== $object"
	"$tools-objdump" -d --no-show-raw-insn "$out/lib/curve/$object.o" | awk '
	/^[0-9a-f]+ <.*>:/ { name = $2 }
	name ~ /words_(less|zero|same|add|reduce)|subtract|montgomery|inverse_|limbs_|fe_|point_|comb_|window_|curve_base|curve_multiply>/ {
		print name, $0 }' | grep -E "[[:space:]]$conditional" || true
done
