#!/bin/bash
# What the daemon refuses at its start, `sluice -t` refuses too, in the same words, with file:line; and what sluice
# says of lists, the clock, names of /etc/hosts, reloads on a desk, and to `why`.
. "$(dirname "$0")/lib.sh"
bed check
usual_origins
host ads.bed.test 127.20.0.1
host later.bed.test 127.20.0.1
# A name of its own: -t takes an address in use for that of a daemon that runs under the same name.
cp "$SLUICE" ./only
W=https://www.bed.test:$TLS

# both NAME PATTERN: the daemon and -t refuse bad.conf and say the same.
both() {
	local name=$1 t d
	configure bad.conf
	if t=$(timeout "$PATIENCE" ./only -t -c bad.conf 2>&1 >/dev/null </dev/null); then
		not_ok "$name: -t refuses" 'it is taken'
		return
	fi
	t=$(grep '^error: ' <<<"$t")
	d=$(timeout "$PATIENCE" ./only -c bad.conf 2>&1 </dev/null | grep '^error: ')
	like "$name: -t refuses, with file and line" "$t" "^error: bad\.conf:[0-9]+: $2"
	is "$name: the daemon says the same" "$d" "$t"
}

# --- what can't be used ---------------------------------------------------------------------
option "option ca_bundle '$BED/none.pem'"
both 'no bundle' 'ca_bundle: .*none\.pem: No such file'
echo '127.0.0.1 localhost' >hosts.txt
for what in "$BED/hosts.txt" /etc "$BED/empty.pem" "$BED/big"; do
	: >empty.pem
	[ -e big ] || head -c 5000000 /dev/zero >big
	option "option ca_bundle '$what'"
	case $what in
	*hosts.txt) both 'a hosts file as bundle' 'ca_bundle: .*hosts\.txt: no certificate in it: PEM is expected' ;;
	/etc) both 'a directory as bundle' 'ca_bundle: /etc: Is a directory' ;;
	*empty.pem) both 'an empty bundle' 'ca_bundle: .*the file is empty' ;;
	*) both 'a bundle of 5 MB' 'ca_bundle: .*larger than 4 MB' ;;
	esac
done
option "option ca_bundle '$BUNDLE'"
option "option distrust '$BED/none.txt'"
both 'no distrust list' 'distrust: .*none\.txt: No such file'
echo 'ab:cd' >distrust.txt
option "option distrust '$BED/distrust.txt'"
both 'a distrust list with another line' 'distrust: .*distrust\.txt:1: not a SHA-256 fingerprint'
option "option distrust ''"
option "option ca_cert '$BED/none/ca/ca.crt'"
option "option ca_key '$BED/none/ca/ca.key'"
both 'no place for the CA' 'ca_key: .*/none/ca'
check 'sluice -t makes no directory' test ! -e none
option "option ca_cert '$BED/ca2/ca.crt'"
option "option ca_key '$BED/ca2/ca.key'"
configure good.conf
check 'sluice -t: a CA that is to be made' ./only -t -c good.conf
check 'sluice -t makes none' test ! -e ca2
./only ca -c good.conf >/dev/null 2>&1
rm ca2/ca.key
both 'after rm ca.key: what to remove' 'ca_key: .*ca2/ca\.key: there is no such file, .* remove .*ca2/ca\.crt, too'
rm ca2/ca.crt
option "option ca_cert '$BED/ca/ca.crt'"
option "option ca_key '$BED/ca/ca.key'"
bed_options+="	list listen 'no-such0:$PORT2'
"
both 'an unknown device' "there is no network device 'no-such0'"
bed_options=${bed_options%	list*}"	list listen '192.0.2.77:$PORT2'
"
both 'an address of another machine' '192\.0\.2\.77 is no address of this machine; .* br-lan|192\.0\.2\.77 is no address'
bed_options=${bed_options%	list*}"	list listen '127.0.0.1:$PORT'
"
both 'listed twice' 'the same as in line [0-9]+'
bed_options=${bed_options%	list*}"	list listen '127.0.0.1:$TLS'
	list listen '0.0.0.0:$TLS'
"
both 'one address and all of them' "on port $TLS line [0-9]+ and this one would be in each other's way"
bed_options=${bed_options%	list*}
bed_options=${bed_options%	list*}"	list listen '127.20.0.1:$TLS'
"
both 'an address in use' "can't listen on 127\.20\.0\.1:$TLS: Address already in use"
bed_options=${bed_options%	list*}
option "option connections '500'"
option "option memory_kib '1024'"
both 'memory' 'memory_kib: memory_kib 1024 is too little for 500 connections'
bed_options=''
bed_lists="config list 'gone'
	option action 'block'
	option file '$BED/lists/gone'
"
both 'no list' "list 'gone': .*lists/gone: No such file"
mkdir lists/gone
both 'a directory as list' "list 'gone': .*lists/gone: this is no regular file"
bed_lists=''
option 'option user'
both 'an option without a value' 'user: the value is missing'
bed_options="	option log 'info
"
both 'a forgotten closing quote' "a ' without its closing ' in this line"
bed_options=''
if [ "$(id -u)" -eq 0 ]; then
	option "option user 'no-such-user'"
	both 'an unknown user' "user: started as root, and 'no-such-user' is no other user"
	bed_options=''
	list secret block ads.bed.test
	chmod 600 lists/secret
	both 'a list that the user may not read' "list 'secret': .*lists/secret: Permission denied for uid [0-9]+"
	mkdir -m 700 closed
	cp lists/secret closed/secret
	chmod 644 closed/secret
	sed_lists=$bed_lists
	bed_lists=${bed_lists//lists\/secret/closed\/secret}
	both 'a list in a directory that the user may not enter' "list 'secret': .*: uid [0-9]+ may not enter .*/closed$"
	bed_lists=$sed_lists
	chmod 644 lists/secret
	bed_lists=''
else
	skip 'privileges' 'needs root'
fi

# --- -t prints all, and is of no harm -----------------------------------------------------------
option "option clock_stamp '$BED/stamp'"
bed_options+="	option enabled '1'
	list client '127.0.0.0-127.0.0.5'
	list client '127.0.0.6-127.0.255.255'
"
list ads block ads.bed.test
configure
printf '\357\273\277' | cat - sluice.conf >bom.conf
"$SLUICE" -t -c bom.conf >first 2>t.err
is 'sluice -t: a byte order mark is taken' $? 0
"$SLUICE" -t -c first >second 2>>t.err
is 'sluice -t: what it prints reads back as the same' "$(cat second)" "$(cat first)"
for name in listen client connect_port http_port private_upstream ca_bundle ca_cert ca_key cache cache_kib inspect \
	invalid_upstream uninspectable connections memory_kib clock_stamp distrust user resolver log log_query enabled; do
	like "sluice -t prints $name" "$(cat first)" "^	(list|option|#) ${name}[ :]"
done
option "option log 'warn'"
touch "$BED/stamp"
start_proxy || exit 1
check 'sluice -t beside a daemon that runs' "$SLUICE" -t -c sluice.conf
is 'it serves on' "$(px "$W/hello")" 'hello from www'

# --- what is told at warn, and how ------------------------------------------------------------------
reload() {
	kill -HUP "$bed_proxy_pid"
}
log_line 'the start is told at warn' '^sluice [0-9.]+: [0-9]+ listeners'
reload
log_line 'and a reload' '^configuration .* reloaded'
unlike 'neither is a warning' "$(cat log/proxy.err)" '^warning: (sluice|configuration)'
: >lists/ads
reload
log_line 'a list that became empty' "^warning: list 'ads', .*lists/ads: there is no rule in it"
printf '<!DOCTYPE html>\n<html>ads.bed.test\n</html>\n' >lists/ads
reload
log_line 'a list that is HTML' "^warning: list 'ads', .*lists/ads: this looks like HTML"
printf 'ads.bed.test\nfacebook\n10.0.0.40-10.0.0.50\n' >lists/ads
reload
log_line 'a bare word' "^warning: list 'ads', .*lists/ads:2: 'facebook' stands for every host below \.facebook"
log_line 'a span of addresses in a list' 'write 192\.0\.2\.40-192\.0\.2\.50 as 192\.0\.2\.40/29'
cp sluice.conf kept.conf
sed -i "/list listen '127/a\\	list listen 'no-such0:$PORT2'" sluice.conf
reload
log_line 'a reload: a device that is not there' "^warning: .*sluice\.conf:[0-9]+: there is no network device 'no-such0' here; it is"
cp kept.conf sluice.conf
reload
status "$W/hello" -H "Host: www.bed.test:80" >/dev/null
like 'a request for another port: both are named' "$(cat body)" 'request is for www\.bed\.test:80, but .* www\.bed\.test:'"$TLS"

# --- the clock ---------------------------------------------------------------------------------------
stop_proxy
rm stamp
: >log/proxy.err
start_proxy || exit 1
log_line 'no clock stamp: told at warn' '^warning: clock_stamp: .*/stamp is not there yet'
is 'no clock stamp: CONNECT gets a 503' "$(tunnel_status "$W/hello")" 503
touch stamp
log_line 'and when it comes' '^the clock is set'
is 'once each' "$(grep -c 'clock' log/proxy.err)" 2
stop_proxy

# --- why --------------------------------------------------------------------------------------------
why() {
	"$SLUICE" why -c sluice.conf "$@" 2>&1
}
like 'why: the first line is the verdict, not what lists hold' "$(why ads.bed.test | head -n 1)" '^ads\.bed\.test: blocked'
unlike 'why: nor is a later one' "$(why "ads.bed.test:$TLS")" '[0-9] rules|not used:'
like 'why: a refused port' "$(why ads.bed.test:8443/)" 'ads\.bed\.test:8443/: refused'
bed_lists="config list 'night'
	option action 'block'
	option file '$BED/lists/ads'
	list hours 'mon 21:00-07:00'
"
configure
for moment in 'mon 22:00=blocked' 'tue 06:59=blocked' 'tue 07:00=allowed, inspected' 'mon 20:59=allowed, inspected' \
	'sun 22:00=allowed, inspected'; do
	is "why --at $moment" "$(TZ=Europe/Berlin why --at "${moment%=*}" ads.bed.test | head -n 1)" "ads.bed.test: ${moment#*=}"
done
like 'why --at: no moment' "$(why --at 'noon' ads.bed.test)" "expected 'mon 22:00' or '22:00'"
option "option private_upstream '0'"
configure
like 'why: a private address' "$(why "10.1.2.3:$TLS")" "private_upstream '0': it is a private address"

# --- a desk that followed the README --------------------------------------------------------------------
bed_options='' bed_lists=''
mkdir -p run
desk=$BED/desk
option "option ca_cert '$desk/ca.crt'"
option "option ca_key '$desk/ca.key'"
option "option cache '$desk/leaves'"
CA=$desk/ca.crt
bed_lists="config list 'ads'
	option action 'block'
	option file '$desk/ads.txt'
"
configure
(umask 077 && "$SLUICE" ca -c sluice.conf >/dev/null 2>&1)
is 'sluice ca: others may enter its directory' "$(stat -c %a desk)" 755
is 'sluice ca: and read the certificate, not the key' "$(stat -c %a desk/ca.crt desk/ca.key | tr '\n' ' ')" '644 600 '
echo ads.bed.test >desk/ads.txt
start_proxy || exit 1
blocked() {
	[ "$(status "https://$1.bed.test:$TLS/")" = 403 ]
}
check 'a desk: it blocks' blocked ads
echo later.bed.test >desk/new.txt && mv desk/new.txt desk/ads.txt
reload
check 'a desk: a list that was replaced counts after SIGHUP' wait_for 10 blocked later
stop_proxy

# --- names of this machine --------------------------------------------------------------------------------
bed_lists=''
option "option private_upstream '1'"
echo '127.20.0.3 nas nas.bed-lan' >etc-hosts
cat >with-hosts.sh <<WRAP
#!/bin/sh
mount --bind $BED/etc-hosts /etc/hosts && exec "\$@"
WRAP
chmod +x with-hosts.sh
if [ "$(id -u)" -eq 0 ] && unshare -m ./with-hosts.sh true 2>/dev/null; then
	BED_WRAP="unshare -m $BED/with-hosts.sh"
	start_proxy || exit 1
	is 'a name of /etc/hosts' "$(px "http://nas.bed-lan:$WEB/hello")" 'hello from plain'
	is 'and one without a dot' "$(px "http://nas:$WEB/hello")" 'hello from plain'
	is 'no server was asked for it' "$(grep -c nas log/dns)" 0
	echo '127.20.0.3 other' >etc-hosts
	moved() {
		[ "$(px "http://other:$WEB/hello" 2>/dev/null)" = 'hello from plain' ]
	}
	check 'a change of it is seen' wait_for 10 moved
	stop_proxy
	option "option private_upstream '0'"
	start_proxy || exit 1
	like 'its addresses are judged as any' "$(status "http://other:$WEB/hello")" '^403$'
	like 'localhost too' "$(status "http://localhost:$WEB/hello")" '^403$'
	stop_proxy
	BED_WRAP=
else
	skip 'names of /etc/hosts' 'needs root and mount namespaces'
fi

# --- make run ----------------------------------------------------------------------------------------------
PORT=$PORT RUN=$BED/run SLUICE=$SLUICE in_background "$TOP/test/serve" >run.out 2>run.err
check 'make run: it serves' wait_for 20 can_connect 127.0.0.1 "$PORT"
is 'make run: two lines to try' "$(grep -c '^  curl ' run.out)" 2
line=$(grep '^  curl ' run.out | tail -n 1)
like 'make run: the second is blocked, over TLS that the CA vouches for' "$(sh -c "$line -sS --max-time $PATIENCE" 2>&1)" '(doubleclick\.net.*blocked|blocked.*doubleclick)'
