#!/bin/bash
# Nothing is changed by our being there: bytes and fields of nginx, Apache and Node, directly and through us.
. "$(dirname "$0")/lib.sh"
bed same
host nginx.bed.test 127.20.0.51
host apache.bed.test 127.20.0.52
host node.bed.test 127.20.0.53
start_dns
mkdir -p www/dir
for i in $(seq 3000); do echo "<p>line $i of a page that is worth compressing"; done >www/page.html
head -c 70000 /dev/zero | tr '\0' 'z' >www/data.bin
touch -d '2 days ago' www/page.html www/data.bin
cat >nginx.conf <<NGINX
daemon off; master_process off; pid $BED/nginx.pid; error_log $BED/log/nginx.err warn;
events { }
http {
	access_log off; root $BED/www; gzip on; gzip_types text/html text/plain; gzip_min_length 100; server_tokens on;
	types { text/html html; }
	client_body_temp_path $BED/t1; proxy_temp_path $BED/t2; fastcgi_temp_path $BED/t3; uwsgi_temp_path $BED/t4; scgi_temp_path $BED/t5;
	server { listen 127.20.0.51:$WEB; }
	server { listen 127.20.0.51:$TLS ssl; ssl_certificate $PKI/ec.pem; ssl_certificate_key $PKI/ec.key; }
}
NGINX
in_background nginx -p "$BED" -e "$BED/log/nginx.err" -c "$BED/nginx.conf" >log/nginx.out 2>&1
origins=(nginx 127.20.0.51)
wait_for 10 can_connect 127.20.0.51 "$WEB" || cat log/nginx.out log/nginx.err

modules=/usr/lib/apache2/modules
if [ -x /usr/sbin/apache2 ]; then
	{
		for m in mpm_event authz_core deflate dir mime filter; do
			echo "LoadModule ${m}_module $modules/mod_$m.so"
		done
		cat <<APACHE
ServerName apache.bed.test
ServerRoot $BED
PidFile $BED/apache.pid
DefaultRuntimeDir $BED
Mutex posixsem
ErrorLog $BED/log/apache.err
Listen 127.20.0.52:$WEB
DocumentRoot $BED/www
TypesConfig /dev/null
AddType text/html .html
AddOutputFilterByType DEFLATE text/html
<Directory $BED/www>
	Require all granted
</Directory>
APACHE
		# It reads as another user when root starts it.
		[ "$(id -u)" -ne 0 ] || printf 'User nobody\nGroup nogroup\n'
	} >apache.conf
	chmod -R a+rX www
	in_background /usr/sbin/apache2 -X -f "$BED/apache.conf" >log/apache.out 2>&1
	wait_for 10 can_connect 127.20.0.52 "$WEB" || cat log/apache.out log/apache.err
	origins+=(apache 127.20.0.52)
else
	skip 'Apache' 'apache2-bin is missing: make setup'
fi
if command -v node >/dev/null; then
	in_background node "$TOP/test/e2e/same.js" 127.20.0.53 "$WEB" >log/node.out 2>&1
	wait_for 20 can_connect 127.20.0.53 "$WEB" || cat log/node.out
	origins+=(node 127.20.0.53)
else
	skip 'Node' 'nodejs is missing: make setup'
fi
start_proxy || exit 1
raw "$TOP/test/e2e/same.py" "$PKI/root.crt" "${origins[@]}"
