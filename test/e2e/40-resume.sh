#!/bin/bash
# Sessions with origins: resumed only after a good verdict, never across a reload, and a refused offer is no error.
. "$(dirname "$0")/lib.sh"
bed resume
mkdir -p www ngtmp
echo hello >www/hello
chmod -R a+rX www
n=0
for name in good defaults unknown; do
	host "$name.bed.test" "127.20.0.5$((++n))"
done
# The proxy drops to nobody when it was started as root, and must be able to read the bundle at SIGHUP.
cp "$BUNDLE" bundle.pem
chmod 644 bundle.pem
option "option ca_bundle '$BED/bundle.pem'"

# start_nginx CERT: three origins; `good` keeps sessions and shows CERT, `defaults` is nginx as it comes,
# `unknown` keeps sessions and has an issuer that nobody knows.
start_nginx() {
	server() {
		echo "server { listen $1:$TLS ssl; ssl_certificate $PKI/$2.pem; ssl_certificate_key $PKI/$2.key; $3 }"
	}
	cat >nginx.conf <<NGINX
daemon off; master_process off; pid $BED/nginx.pid; error_log $BED/log/nginx.err warn;
events { worker_connections 64; }
http {
	log_format reuse '\$host \$ssl_session_reused'; access_log $BED/log/reuse reuse; root $BED/www;
	client_body_temp_path $BED/ngtmp; proxy_temp_path $BED/ngtmp; fastcgi_temp_path $BED/ngtmp;
	uwsgi_temp_path $BED/ngtmp; scgi_temp_path $BED/ngtmp;
	$(server 127.20.0.51 "$1" 'ssl_session_cache shared:a:1m;')
	$(server 127.20.0.52 ec '')
	$(server 127.20.0.53 unknown 'ssl_session_cache shared:b:1m;')
}
NGINX
	nginx -p "$BED" -e "$BED/log/nginx.err" -c "$BED/nginx.conf" >log/nginx.out 2>&1 &
	nginx=$!
	keep_pid "$nginx"
	wait_for 10 can_connect 127.20.0.51 "$TLS" || cat log/nginx.out log/nginx.err
}

# What the origin's side of the connections since the last call was: r resumed, . full.
reuse() {
	awk -v h="$1.bed.test" '$1 == h { printf "%s", $2 }' log/reuse
	: >log/reuse
}

ask() {
	status "https://$1.bed.test:$TLS/hello"
}

start_dns
start_nginx ec
start_proxy || exit 1
is 'three connections' "$(ask good)$(ask good)$(ask good)" 200200200
is 'one full handshake, then resumed' "$(reuse good)" '.rr'
kill -HUP "$bed_proxy_pid"
check 'a reload' logged 'reloaded'
is 'after it' "$(ask good)$(ask good)" 200200
is 'trust was asked for anew' "$(reuse good)" '.r'

kill "$nginx"
wait "$nginx" 2>/dev/null
start_nginx ec
is 'the origin has forgotten the session' "$(ask good)$(ask good)" 200200
is 'and gives another one' "$(reuse good)" '.r'

# A stranger in its place, with another certificate: no session of before may vouch for it.
kill "$nginx"
wait "$nginx" 2>/dev/null
start_nginx unknown
is 'a stranger in its place is refused' "$(ask good)" 502
is 'and nothing was asked of it' "$(reuse good)" ''
kill "$nginx"
wait "$nginx" 2>/dev/null
start_nginx ec
is 'nginx as it comes' "$(ask defaults)$(ask defaults)" 200200
is 'resumes by its tickets' "$(reuse defaults)" '.r'
stop_proxy

# --- only good verdicts ---------------------------------------------------------------------------
option "option invalid_upstream 'allow'"
start_proxy || exit 1
is 'a bad chain that is allowed' "$(ask unknown)$(ask unknown)$(ask unknown)" 200200200
is 'is judged each time' "$(reuse unknown)" '...'
stop_proxy
