#!/bin/bash
# make openwrt-package: what can be proved of the package without OpenWrt and without a machine.
#
# Runs the package's own recipes against the stand-ins in sdk/, checks metadata, modes and shell syntax, reads the
# shipped configuration strictly, and runs the init script in a chroot under stand-ins for procd's functions,
# comparing what it asked procd for with expect/NAME, configuration by configuration; then the kernel is asked where
# the package's redirects lead.  Needs root (chroot, chown, namespaces).
# `check.sh accept` writes the records to expect/ instead: read them before you commit them.  `check.sh stage` only
# stages, to build/openwrt/stage.
set -u
cd "$(dirname "$0")/../.." || exit 2
# The daemon's check wants the devices that the configurations name.
if [ -z "${OPENWRT_NET:-}" ] && [ "$(id -u)" = 0 ] && unshare -n true 2>/dev/null; then
	OPENWRT_NET=1 exec unshare -n test/openwrt/check.sh "$@"
fi
[ -z "${OPENWRT_NET:-}" ] || ip link add br-lan type veth peer name br-guest || exit 2
here=test/openwrt
out=$PWD/build/openwrt
accept=${1:-}
passed=0 failed=0 skipped=0

ok() {
	passed=$((passed + 1))
}

not_ok() {
	echo "not ok - $*"
	failed=$((failed + 1))
}

# check DESCRIPTION COMMAND...: counts it by its exit code, shows its output when it fails.
check() {
	local what=$1 said
	shift
	if said=$("$@" 2>&1); then
		ok
	else
		not_ok "$what: ${said:-exit code}"
	fi
}

package() {
	make --no-print-directory -s -C "openwrt/$1" TOPDIR="$PWD/$here/sdk" BUILD_DIR="$out/build" STAGE="$out/stage" \
		TARGET_CC="${CC:-cc}" SLUICE_CPPFLAGS= SLUICE_LDFLAGS=-static "$2"
}

# --- metadata --------------------------------------------------------------
metadata() {
	local p
	for p in sluice bearssl sluice-cares; do
		package "$p" metadata >"$out/$p.meta" 2>&1 || not_ok "$p: no metadata: $(cat "$out/$p.meta")"
		check "$p has a licence and a maintainer" grep -qE '^Maintainer: .+ <.+@.+>$' "$out/$p.meta"
		check "$p: licence" grep -qE '^License: (ISC|MIT) LICENSE' "$out/$p.meta"
	done
	check "version is the program's" \
		grep -qx "Version: $(sed -n 's/^VERSION = //p' Makefile)-r1" "$out/sluice.meta"
	check "user and group" grep -qxF '  USERID:=sluice=463:sluice=463' "$out/sluice.meta"
	check "certificates come along" grep -qE '^  DEPENDS:=\+ca-bundle ' "$out/sluice.meta"
	for p in bearssl sluice-cares; do
		check "$p is build-only" grep -qx '  BUILDONLY:=1' "$out/$p.meta"
		check "$p names an archive and its SHA-256" grep -qE '^Source: \S+\.tar\.gz https://\S+ [0-9a-f]{64}$' "$out/$p.meta"
	done
	# an indented line would be a file of that name
	check "conffiles" test "$(grep '^/' "$out/sluice.meta" | tr '\n' ' ')" = "/etc/config/sluice /etc/sluice/ca.crt /etc/sluice/ca.key "
}

# --- the staged tree -------------------------------------------------------
staged() {
	rm -rf "$out/stage" "$out/build"
	mkdir -p "$out/stage" "$out/build"
	if ! package sluice stage >"$out/stage.log" 2>&1; then
		not_ok "staging: $(tail -n 5 "$out/stage.log")"
		return 1
	fi
	(cd "$out/stage" && find . -type f -printf '%m %p\n' | sort -k2) >"$out/stage.list"
	check "what is installed, with which modes" diff "$here/expect/staged" "$out/stage.list"
	check "--version is the package's" test "$("$out/stage/usr/sbin/sluice" --version)" = "sluice $(sed -n 's/^VERSION = //p' Makefile)"
	check "no path of the build is in the binary" sh -c "! grep -aq '$out' '$out/stage/usr/sbin/sluice'"
	check "init script: ash" busybox ash -n "$out/stage/etc/init.d/sluice"
	check "ntp script: ash" busybox ash -n "$out/stage/etc/hotplug.d/ntp/50-sluice"
	check "init script: shellcheck" shellcheck "$out/stage/etc/init.d/sluice"
	check "ntp script: shellcheck" shellcheck -s dash -e SC1091,SC2154 "$out/stage/etc/hotplug.d/ntp/50-sluice"
	check "test.sh: shellcheck" shellcheck openwrt/sluice/test.sh
	check "shipped configuration: strict reader" "$here/uci-strict.py" openwrt/sluice/files/sluice.config
	check "shipped configuration: disabled" grep -qP "^\toption enabled '0'$" openwrt/sluice/files/sluice.config
	check "shipped configuration: not on every address" sh -c "! grep -q '0\.0\.0\.0\|\[::\]' openwrt/sluice/files/sluice.config"
}

# --- the init script -------------------------------------------------------
# program FILE AT: the file and its libraries in the root.
program() {
	local lib

	cp "$1" "$root/$2"
	ldd "$1" 2>/dev/null | grep -oE '/[^ ]+' | while read -r lib; do
		mkdir -p "$root$(dirname "$lib")"
		cp -L "$lib" "$root$lib"
	done
}

# router: a fresh root with the staged tree, busybox and the stand-ins.
router() {
	root=$out/root
	rm -rf "$root"
	mkdir -p "$root"/{bin,lib/functions,tmp,etc/ssl/certs,etc/init.d,dev}
	cp -a "$out/stage/." "$root/"
	ln -s tmp "$root/var"
	program "$(command -v busybox)" bin/busybox
	for applet in sh cat chmod chown cp grep ls mkdir mv rm sed stat tr wc; do
		ln -s busybox "$root/bin/$applet"
	done
	cp "$here/rc.common" "$root/etc/rc.common"
	cp "$here/rc.common" "$root/lib/functions/procd.sh"
	mknod -m 666 "$root/dev/null" c 1 3
	mknod -m 666 "$root/dev/urandom" c 1 9
	printf 'root:x:0:0::/:/bin/sh\nsluice:x:463:463::/:/bin/false\n' >"$root/etc/passwd"
	printf 'root:x:0:\nsluice:x:463:\n' >"$root/etc/group"
	cp /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/"
}

# set LINE...: adds lines to the main section, in place of a line for the same option.
set_option() {
	local line name file=$root/etc/config/sluice
	for line; do
		name=$(echo "$line" | cut -d' ' -f1,2)
		sed -i "/^\t$name /d" "$file"
		sed -i "/^config sluice 'main'/a\\\t$line" "$file"
	done
}

service() {
	chroot "$root" /etc/init.d/sluice "$@" 2>>"$out/init.err"
}

# expect_file NAME FILE: it is what expect/NAME says.
expect_file() {
	if [ "$accept" = accept ]; then
		cp "$2" "$here/expect/$1"
	fi
	check "init script, $1" diff "$here/expect/$1" "$2"
}

# expect NAME: the record so far is what expect/NAME says.
expect() {
	touch "$root/record"
	expect_file "$1" "$root/record"
	rm -f "$root/record"
}

mode() {
	stat -c '%a %u:%g' "$root/$1" 2>&1
}

configurations() {
	: >"$out/init.err"
	router
	service start
	expect disabled

	set_option "option enabled '1'"
	service start
	expect default
	check "copy is verbatim" cmp "$root/etc/config/sluice" "$root/var/run/sluice/conf"
	check "copy: mode and owner" test "$(mode var/run/sluice/conf)" = "640 0:463"
	check "copy: directory" test "$(mode var/run/sluice)" = "750 0:463"
	check "state: directory" test "$(mode etc/sluice)" = "700 463:463"
	service triggers
	expect triggers

	set_option "option memory_kib '6144'"
	touch "$root/tmp/running"
	service reload
	expect reload
	check "reload copies the new file" cmp "$root/etc/config/sluice" "$root/var/run/sluice/conf"

	cp "$root/etc/config/sluice" "$out/good"
	set_option "option inspect 'maybe'"
	service reload
	expect bad-value-reload
	check "a bad file is not copied" cmp "$out/good" "$root/var/run/sluice/conf"
	sed "s/option enabled '1'/option enabled '1/" "$out/good" >"$root/etc/config/sluice"
	service reload
	expect open-quote-reload
	cp "$out/good" "$root/etc/config/sluice"
	set_option "option inspect 'maybe'"
	rm "$root/tmp/running"
	service start
	expect bad-value-start
	touch "$root/tmp/running"
	service start
	expect bad-value-running
	service restart
	expect bad-value-restart

	router
	set_option "option enabled '1'"
	sed -i '/^sluice:/d' "$root/etc/passwd"
	service start
	expect missing-user

	router
	mkdir -p "$root/srv/lists"
	echo ads.example >"$root/srv/lists/ads.txt"
	set_option "option enabled '1'" "list listen 'br-guest:3128'"
	sed -i "/br-guest/a\\\tlist listen 'br-lan:3128'" "$root/etc/config/sluice"
	printf "\nconfig list 'ads'\n\toption action 'block'\n\toption file '/srv/lists/ads.txt'\n" >>"$root/etc/config/sluice"
	service start
	expect two-listeners
	echo ads.example >"$root/etc/ads.txt"
	mkdir "$root/srv/a b"
	echo ads.example >"$root/srv/a b/ads.txt"
	sed -i "s|option file '.*|option file '/etc/ads.txt'|" "$root/etc/config/sluice"
	service reload
	sed -i "s|option file '.*|option file '/srv/a b/ads.txt'|" "$root/etc/config/sluice"
	service reload
	expect no-mount

	router
	set_option "option enabled '1'" "option jail '0'"
	service start
	expect jail-off

	firewall
	clock
	[ ! -s "$out/init.err" ] || not_ok "init script said: $(cat "$out/init.err")"
}

firewall() {
	local rules=var/run/sluice/firewall.nft

	router
	set_option "option enabled '1'" "option transparent '1'" "option block_quic '1'" "list zone 'guest'"
	sed -i "/zone 'guest'/a\\\tlist zone 'lan'\n\tlist zone '*'" "$root/etc/config/sluice"
	service start
	expect transparent
	expect_file firewall.nft "$root/$rules"
	rm -rf "$out/redirecting" && cp -a "$root" "$out/redirecting"
	touch "$root/tmp/running"
	service reload
	expect transparent-reload
	set_option "option transparent '0'"
	service reload
	expect transparent-off
	check "no redirect is left" test "$(grep -c chain "$root/$rules")" = 0
	service stop
	expect transparent-stop
	check "nothing is left" test ! -e "$root/$rules"
	set_option "option enabled '0'" "option transparent '1'"
	service reload
	expect switched-off
	service start
	expect disabled

	# the user's own rules redirect
	router
	set_option "option enabled '1'" "list transparent 'br-lan:4000'"
	service start
	expect transparent-own
	check "then no rule is made" test ! -e "$root/$rules"

	router
	set_option "option enabled '1'" "option transparent '1'"
	echo 0 >"$root/tmp/auto_includes"
	service start
	grep ^log "$root/record" >"$root/log"
	mv "$root/log" "$root/record"
	expect transparent-without-includes
}

# The text of the package in a kernel, if there are nft and namespaces.
redirects() {
	local nft
	if ! nft=$(command -v nft) || ! unshare -n true 2>/dev/null; then
		echo "skip - redirects: needs nftables and network namespaces"
		skipped=1
		return
	fi
	root=$out/redirecting
	program "$nft" bin/nft
	if ! unshare -n "$here/redirect.sh" "$root" >"$out/redirects" 2>"$out/redirects.err"; then
		not_ok "redirects: $(cat "$out/redirects.err")"
		return
	fi
	expect_file redirects "$out/redirects"
}

ntp() {
	chroot "$root" /bin/sh -c "$1; . /etc/hotplug.d/ntp/50-sluice" 2>>"$out/init.err"
}

clock() {
	# its only way to procd here
	sed '/^initscript=/,$d' "$here/rc.common" >"$root/lib/functions/procd.sh"
	ntp 'ACTION=unsync stratum=16'
	ntp 'ACTION=stratum stratum=16'
	check "no stamp without a clock" test ! -e "$root/var/run/sluice/clock"
	ntp 'ACTION=periodic stratum=3'
	check "stamp" test -e "$root/var/run/sluice/clock"
	ntp 'ACTION=stratum stratum=2'
	expect clock
}

if [ "$(id -u)" != 0 ]; then
	echo "skip - openwrt-package needs root"
	echo "openwrt-package: 0 passed, 0 failed, 1 skipped"
	exit 0
fi
mkdir -p "$out"
metadata
staged && [ "$accept" != stage ] && configurations && redirects
echo "openwrt-package: $passed passed, $failed failed$([ "$skipped" = 0 ] || echo ", $skipped skipped")"
[ "$failed" -eq 0 ]
