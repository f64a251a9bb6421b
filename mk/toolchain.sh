#!/bin/sh
# toolchain.sh TARGET: all that `make TARGET=mips-uclibc` links, built once into build/TARGET.
#
# Makes there: cc (a compiler for TARGET), libc/ (headers, crt1.o, libc.a), include/ and lib/ (BearSSL, c-ares)
# and, last, the file `toolchain`, which says that all is there.  Everything comes from Debian: the cross
# compiler and uClibc-ng's source as packages, BearSSL, c-ares and musl as source packages, fetched by the
# machine's own package sources into build/sources.  CC from outside replaces compiler and C library.
# shellcheck disable=SC2086,SC2046,SC3013 # lists of words are meant, and every sh here knows -nt
set -eu
unset LD_PRELOAD # a preloaded clock (faketime): apt's indices and its mirrors' certificates end some day
targets="mips-uclibc mipsel-uclibc arm-uclibc mips-musl mipsel-musl arm-musl"
here=$(cd "$(dirname "$0")" && pwd)
target=${1:-}
sources=$PWD/build/sources
out=$PWD/build/$target
jobs=${JOBS:-$(nproc)}

die() { echo "toolchain.sh: $*" >&2; exit 1; }
say() { echo "toolchain $target: $*"; }

case " $targets " in
*" ${target:-none} "*) ;;
*) die "unknown TARGET '$target'; there are: $targets" ;;
esac

# --- what differs between targets ------------------------------------------
# Where the program lies: musl has a start file that relocates a static program, so that the kernel can put it
# anywhere; uClibc-ng 1.0.35 has none, and there a MIPS program at a fixed address is a third smaller.  The ABI
# calls stay the default ones: -mno-abicalls links against the C library's start files with a mere warning and
# crashes later.  gcc's own -static-pie knows neither MIPS nor ARM.  What is not hidden would be in MIPS's global
# offset table, and by it the names of 680 functions in the file.
case $target in
*-musl)	place="-fPIE -fvisibility=hidden" mips_place='' start=rcrt1.o
	link="-static -Wl,-pie,--no-dynamic-linker,-z,text,-z,relro,-z,now" ;;
*)	place="-fno-pic -fno-pie" mips_place=-mplt start=crt1.o link="-static -no-pie" ;;
esac
# OpenWrt's own flags for the 24Kc; nothing needs an FPU anywhere.
mips_flags="-march=mips32r2 -mtune=24kc -mabi=32 -msoft-float -mno-branch-likely $mips_place -minterlink-compressed $place"
small=
case $target in
mips-*)   prefix=mips-linux-gnu flags=$mips_flags endian=BIG arch=mips headers=mips small=-mips16 ;;
mipsel-*) prefix=mipsel-linux-gnu flags=$mips_flags endian=LITTLE arch=mips headers=mipsel small=-mips16 ;;
arm-*)    prefix=arm-linux-gnueabi flags="-march=armv5te -marm -mfloat-abi=soft $place"
	endian=LITTLE arch=arm headers=armel ;;
esac
lib_flags="-ffunction-sections -fdata-sections -fno-asynchronous-unwind-tables -fno-unwind-tables"
# For c-ares and for what of BearSSL is no loop over words of fixed number, as for our own code.  The canary is 4
# bytes of /dev/urandom (uClibc-ng) or of the kernel's AT_RANDOM (musl), new at each start.
guard=-fstack-protector-strong
own_cc=
[ -n "${CC:-}" ] || own_cc=yes
[ -n "$own_cc" ] || small= # what that compiler can is not known
ar=${AR:-$prefix-ar}

# --- packages and sources --------------------------------------------------
# need PACKAGE...: installs what is missing, or says what an administrator has to install.
need() {
	missing=
	for p in "$@"; do
		dpkg-query -W -f '${db:Status-Status}\n' "$p" 2>/dev/null | grep -qx installed || missing="$missing $p"
	done
	[ -n "$missing" ] || return 0
	[ "$(id -u)" = 0 ] || die "packages are missing, run as root: apt-get install$missing"
	say "installing$missing"
	apt-get -qq update || true
	# another apt may hold the lock for a while
	DEBIAN_FRONTEND=noninteractive apt-get -qq -y --no-install-recommends -o DPkg::Lock::Timeout=300 install $missing >/dev/null
}

# source_package NAME: unpacks Debian's source of NAME to build/sources/NAME, patches applied.  The list of
# sources is the machine's own with `deb` read as `deb-src`, in a private apt root: nothing on the machine changes.
source_package() {
	[ ! -e "$sources/$1/.done" ] || return 0
	apt=$sources/apt
	mkdir -p "$apt/state/lists/partial" "$apt/cache/archives/partial" "$apt/parts" "$apt/empty"
	: >> "$apt/state/status"
	if [ ! -e "$apt/.updated" ]; then
		for f in /etc/apt/sources.list /etc/apt/sources.list.d/*.list /etc/apt/sources.list.d/*.sources; do
			grep -qsi debian "$f" || continue
			case $f in
			*.sources) sed 's/^Types:.*/Types: deb-src/' "$f" ;;
			*) sed -n 's/^deb /deb-src /p' "$f" ;;
			esac > "$apt/parts/${f##*/}"
		done
		cat > "$apt/apt.conf" <<-E
			APT::Sandbox::User "root";
			Dir::State "$apt/state"; Dir::State::status "$apt/state/status"; Dir::Cache "$apt/cache";
			Dir::Etc::sourcelist "/dev/null"; Dir::Etc::sourceparts "$apt/parts"; Dir::Etc::parts "$apt/empty";
			Dir::Etc::preferencesparts "$apt/empty"; Dir::Etc::trustedparts "/etc/apt/trusted.gpg.d";
		E
		APT_CONFIG=$apt/apt.conf apt-get -qq update || die "the package lists could not be fetched"
		touch "$apt/.updated"
	fi
	say "source package $1"
	rm -rf "${sources:?}/$1" "$sources/$1.tmp"
	mkdir -p "$sources/$1.tmp"
	( cd "$sources/$1.tmp" && APT_CONFIG=$apt/apt.conf apt-get -qq source "$1" ) > "$sources/$1.log" 2>&1 ||
		{ cat "$sources/$1.log" >&2; die "no source package $1 in this machine's package sources"; }
	mv "$sources/$1.tmp"/*/ "$sources/$1"
	rm -rf "$sources/$1.tmp"
	touch "$sources/$1/.done"
}

# run NAME COMMAND...: its output goes to build/TARGET/NAME.log and is shown when it fails.
run() {
	log=$out/$1.log
	shift
	"$@" > "$log" 2>&1 || { tail -n 30 "$log" >&2; die "failed: $* (all of it: $log)"; }
}

# --- the C library ---------------------------------------------------------
# Debian's libgcc for MIPS is hard float: of it only the integer helpers are taken, without their marks, so that
# the result says soft float, which a kernel without FPU emulation insists on.  What calculates with floats does not
# link then, but for musl's printf and scanf, which always know %f: here that ends the program instead of hiding a
# wrong number.  mk/size.sh looks for FPU instructions.
libgcc_copy() {
	libgcc=$($prefix-gcc $flags -print-libgcc-file-name)
	rm -f "$out/lib/libgcc.a"
	case $arch in
	mips)
		rm -rf "$out/src/libgcc"
		mkdir -p "$out/src/libgcc"
		cd "$out/src/libgcc"
		$prefix-ar x "$libgcc" _muldi3.o _divdi3.o _moddi3.o _udivdi3.o _umoddi3.o _lshrdi3.o _ashldi3.o _ashrdi3.o \
			_cmpdi2.o _ucmpdi2.o _clz.o _clzsi2.o _clzdi2.o _ctzsi2.o _ctzdi2.o _ffsdi2.o _bswapsi2.o _bswapdi2.o
		for o in *.o; do
			$prefix-objcopy -R .MIPS.abiflags -R .gnu.attributes "$o"
		done
		case $target in
		*-musl)
			for f in add?f3 sub?f3 mul?f3 div?f3 neg?f2 eq?f2 ne?f2 lt?f2 le?f2 gt?f2 ge?f2 unord?f2 fix?fsi fixuns?fsi \
				fix?fdi fixuns?fdi floatsi?f floatunsi?f floatdi?f floatundi?f truncdfsf2 extendsfdf2; do
				echo "void __$f(void) { __builtin_trap(); }" | sed 's/\(.*\)?\(.*\)/\1s\2\n\1d\2/'
			done | $prefix-gcc $flags -Os -ffunction-sections -xc -c -o floats.o - ;;
		esac
		$prefix-ar rcs "$out/lib/libgcc.a" ./*.o
		cd "$OLDPWD" ;;
	arm) # its unwind tables name functions of a C++ runtime, which nothing here calls
		cp "$libgcc" "$out/lib/libgcc.a"
		echo 'void __aeabi_unwind_cpp_pr0(void) {} void __aeabi_unwind_cpp_pr1(void) {}' |
			$prefix-gcc $flags -Os -fno-unwind-tables -xc -c -o "$out/lib/unwind.o" -
		$prefix-ar r "$out/lib/libgcc.a" "$out/lib/unwind.o" ;;
	esac
}

kernel_headers() {
	mkdir -p "$out/libc/include"
	for d in linux asm asm-generic; do
		cp -R "/usr/$prefix/include/$d" "$out/libc/include/"
	done
}

# What of uClibc-ng is large, makes no system call in assembly and runs seldom enough for MIPS16.
uclibc_small="__pgsreader __parsegrent __parsepwent __uClibc_main __xpg_strerror_r _fopen _fwrite _ppfs_init
	_ppfs_parsespec _ppfs_prepargs _ppfs_setargs _stdlib_strto_l _stdlib_strto_ll _time_localtime_tzi
	_time_mktime_tzi _time_t2tm _uintmaxtostr _vfprintf_internal asctime_r bsearch calloc fclose fflush_unlocked
	fgets_unlocked fread_unlocked free fseeko64 fwrite_unlocked getopt getpwnam_r ifaddrs malloc ntop opendir
	parse_config qsort_r readdir64 realloc setvbuf ssp strstr sysconf syslog tzset vfprintf vsnprintf xstatconv"

uclibc_build() {
	need uclibc-source
	tree=$out/src/uclibc
	rm -rf "$tree"
	mkdir -p "$tree"
	tar -xJf "$(ls /usr/src/uClibc-ng-*.tar.xz)" -C "$tree" --strip-components=1
	{
		cat "$here/uclibc.config"
		echo "TARGET_$arch=y"
		echo "ARCH_WANTS_${endian}_ENDIAN=y"
		echo "ARCH_${endian}_ENDIAN=y"
		echo "KERNEL_HEADERS=\"$out/libc/include\""
		echo "UCLIBC_EXTRA_CFLAGS=\"$flags -Os $lib_flags -w\""
		[ $arch != mips ] || printf '%s\n' CONFIG_MIPS_O32_ABI=y CONFIG_MIPS_NAN_LEGACY=y UCLIBC_USE_MIPS_PREFETCH=y
		[ $arch != arm ] || echo CONFIG_ARM_EABI=y
	} > "$tree/sluice.config"
	# their settings must come from the configuration, not from our environment
	unset CFLAGS LDFLAGS MAKEFLAGS MFLAGS MAKELEVEL TARGET 2>/dev/null || true
	run uclibc-config make -C "$tree" ARCH=$arch CROSS_COMPILE=$prefix- allnoconfig KCONFIG_ALLCONFIG=sluice.config
	set --
	for o in ${small:+$uclibc_small}; do
		set -- "$@" "CFLAGS-$o.o=$small"
	done
	run uclibc make -C "$tree" ARCH=$arch CROSS_COMPILE=$prefix- -j"$jobs" "$@"
	run uclibc-install make -C "$tree" ARCH=$arch CROSS_COMPILE=$prefix- DESTDIR="$out/libc/" PREFIX="$out/libc" "$@" install
	# BSD's union wait, which glibc and musl no longer have, is in the way of our struct of that name
	sed -i 's/union wait\>/union bsd_wait/g' "$out"/libc/include/stdlib.h "$out"/libc/include/sys/wait.h \
		"$out"/libc/include/bits/waitstatus.h
	# without shared libraries uClibc-ng reads this variable but defines it nowhere
	echo 'unsigned long _dl_pagesize;' | $prefix-gcc $flags -Os -xc -c -o "$tree/pagesize.o" -
	$prefix-ar r "$out/libc/lib/libc.a" "$tree/pagesize.o" 2>/dev/null
}

musl_build() {
	source_package musl
	tree=$out/src/musl
	rm -rf "$tree"
	mkdir -p "$tree"
	cd "$tree"
	run musl-config env CC="$prefix-gcc $flags" CFLAGS="-Os $lib_flags" CROSS_COMPILE=$prefix- \
		"$sources/musl/configure" --target=$prefix --prefix="$out/libc" --disable-shared --disable-gcc-wrapper
	run musl make -j"$jobs" install
	cd "$OLDPWD"
}

# cc: the compiler with this C library in place of the machine's.  A program is static, sections are dropped.
cc_write() {
	inc=$($prefix-gcc -print-file-name=include)
	cat > "$out/cc" <<-E
		#!/bin/sh
		# Made by mk/toolchain.sh: $prefix-gcc for $target, static.
		link=yes
		for a; do
			case \$a in -c | -S | -E | -M | -MM | -r) link= ;; esac
		done
		flags="$flags -nostdinc -isystem $out/include -isystem $out/libc/include -isystem $inc"
		[ -n "\$link" ] || exec $prefix-gcc \$flags "\$@"
		exec $prefix-gcc \$flags $link -nostdlib -L$out/lib -L$out/libc/lib \\
			$out/libc/lib/$start $out/libc/lib/crti.o "\$@" \\
			-Wl,--start-group -lc -lgcc -Wl,--end-group $out/libc/lib/crtn.o
	E
	chmod 755 "$out/cc"
}

# --- the libraries ---------------------------------------------------------
# bearssl_flags FILE: small, but for what runs for every byte or makes a handshake slow.  Measured with
# `make router-bench`: the curves' loops of 18 words are unrolled only when told so, which is a quarter less for
# P-256 and smaller than as loops; scheduling before the registers are given out spills them; -O3 makes ccopy move
# words instead of bytes; the handshakes' interpreters take half as long again in MIPS16; -O2 is slower than -Os on hashes.
bearssl_flags() {
	case $1 in
	ec_p256_m31 | ec_c25519_m31)
		echo "-O3 -fno-inline-functions -fno-schedule-insns -fweb -fno-tree-forwprop --param=max-completely-peel-times=20" ;;
	chacha20_ct | poly1305_ctmul) echo "-O3 -fno-inline-functions -fno-schedule-insns" ;;
	ccopy | sha2small) echo "-O3 -fno-schedule-insns" ;;
	i31_* | aes_ct*) echo "-O2" ;;
	ssl_hs_client | ssl_hs_server) echo "-O2 $guard" ;;
	sha2big | ghash_ctmul | dec* | enc*) echo "-Os" ;;
	*) echo "-Os $small $guard" ;; # what parses, what holds somebody's numbers on its stack
	esac
}

bearssl_build() {
	source_package bearssl
	dir=$out/src/bearssl
	rm -rf "$dir"
	mkdir -p "$dir" "$out/include"
	cp "$sources"/bearssl/inc/*.h "$out/include/"
	# Own rules, since theirs know one set of flags for all files.
	{
		printf 'all:'
		printf ' \\\n\t%s' $(cd "$sources/bearssl/src" && find . -name '*.c' | sed 's,.*/\(.*\)\.c,\1.o,')
		printf '\n'
		for f in $(cd "$sources/bearssl/src" && find . -name '*.c'); do
			n=$(basename "$f" .c)
			printf '%s.o: %s\n\t%s %s %s -I%s -I%s -w -c -o $@ $<\n' "$n" "$sources/bearssl/src/$f" \
				"$cc" "$(bearssl_flags "$n")" "$lib_flags" "$sources/bearssl/inc" "$sources/bearssl/src"
		done
	} > "$dir/Makefile"
	run bearssl make -C "$dir" -j"$jobs"
	rm -f "$out/lib/libbearssl.a"
	$ar rcs "$out/lib/libbearssl.a" "$dir"/*.o
}

cares_build() {
	source_package c-ares
	dir=$out/src/c-ares
	rm -rf "$dir"
	mkdir -p "$dir"
	cd "$dir"
	run cares-config env CC="$cc" AR="$ar" RANLIB="$prefix-ranlib" CFLAGS="-Os $small $lib_flags $guard -w" \
		"$sources/c-ares/configure" --host=$prefix --prefix="$out" --disable-shared --enable-static \
		--disable-tests --disable-dependency-tracking --disable-debug --disable-libgcc --with-random=/dev/urandom
	cares_check
	run cares make -C src/lib -j"$jobs"
	cp src/lib/.libs/libcares.a "$out/lib/"
	cp "$sources"/c-ares/include/*.h "$out/include/"
	cp include/*.h "$out/include/" # ares_build.h as configured
	cd "$OLDPWD"
}

# Cross compiled without --with-random, c-ares draws its query IDs from an unseeded rand(): anyone can forge answers.
cares_check() {
	grep -q '^#define CARES_RANDOM_FILE "/dev/urandom"' src/lib/ares_config.h ||
		die "c-ares would draw its query IDs from rand()"
}

# --- in order --------------------------------------------------------------
mkdir -p "$out/lib" "$out/include" "$sources"
# One at a time: two builds of the same sources and packages would meet.
exec 9> "$sources/lock"
flock 9
if [ -n "$own_cc" ] && [ "$out/toolchain" -nt "$0" ] && [ "$out/toolchain" -nt "$here/uclibc.config" ]; then
	exit 0
fi
rm -f "$out/toolchain"
need dpkg-dev make
if [ -n "$own_cc" ]; then
	need gcc-$prefix linux-libc-dev-$headers-cross
	libgcc_copy
	if [ ! "$out/libc/.done" -nt "$here/uclibc.config" ] || [ ! "$out/libc/.done" -nt "$0" ]; then
		say "C library"
		rm -rf "$out/libc"
		kernel_headers
		case $target in
		*-uclibc) ( uclibc_build ) ;;
		*-musl) ( musl_build ) ;;
		esac
		touch "$out/libc/.done"
	fi
	cc_write
	cc=$out/cc
else
	cc=$CC
fi
say "BearSSL"
bearssl_build
say "c-ares"
cares_build
touch "$out/toolchain"
say "ready"
