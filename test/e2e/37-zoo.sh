#!/bin/bash
# The must-reject zoo: each origin is a real TLS server with one thing wrong.  The client gets the 502 page, and
# not a byte of the request reaches the origin.  Runs with `uninspectable block`: an alert can't tell an RC4-only
# origin from one with a key of a kind that this TLS does not know.
. "$(dirname "$0")/lib.sh"
bed zoo
bad=(expired future wronghost selfsigned unknown missing notca eku constrained sha1 md5 rsa1024 badsig badintersig
	fakeca cnonly pathlen ed25519)
for name in "${bad[@]}"; do
	n=$((${n:-0} + 1))
	origin "$name" "127.20.1.$n" https "cert=$PKI/$name.pem" max=1.2
done
# An address in a dNSName is no address.
echo "ipdns 127.20.1.40 $TLS https cert=$PKI/ipdns.pem max=1.2" >>origins.spec
# A signature that is wrong in the handshake itself: the right server behind a wire that flips a bit.
echo "behind 127.20.1.51 $TLS https cert=$PKI/badske.pem max=1.2" >>origins.spec
origin badske 127.20.1.50 corrupt "to=127.20.1.51:$TLS"
# Old versions and suites that OpenSSL still speaks.
origin tls10 127.20.1.60 https "cert=$PKI/rsa.pem" min=1.0 max=1.0
origin tls11 127.20.1.61 https "cert=$PKI/rsa.pem" min=1.1 max=1.1
origin cbc 127.20.1.62 https "cert=$PKI/rsa.pem" max=1.2 ciphers=ECDHE-RSA-AES128-SHA:ECDHE-RSA-AES128-SHA256:@SECLEVEL=0
origin null 127.20.1.63 https "cert=$PKI/rsa.pem" max=1.2 ciphers=NULL:@SECLEVEL=0
origin staticrsa 127.20.1.64 https "cert=$PKI/rsa.pem" max=1.2 ciphers=AES128-GCM-SHA256:AES128-SHA:@SECLEVEL=0
# ... and those it does not: a ServerHello that picks them all the same, whatever was offered.
origin picksrc4 127.20.1.70 hello suite=0005
origin picks3des 127.20.1.71 hello suite=000a
origin picksexport 127.20.1.72 hello suite=0003
origin picksnull 127.20.1.73 hello suite=0002
origin pickscbc 127.20.1.74 hello suite=c013
origin picksrsa 127.20.1.75 hello suite=009c
origin pickstls10 127.20.1.76 hello suite=c02b version=0301
origin pickstls11 127.20.1.77 hello suite=c02b version=0302
origin picksssl3 127.20.1.78 hello suite=c02b version=0300
for name in rc4 3des; do
	n=$((n + 1))
	host "$name.bed.test" "127.20.1.$n"
done
option "option uninspectable 'block'"
usual_origins

# GnuTLS still speaks RC4 and 3DES; it can't be bound to an address, so it has ports of its own.
priority='NONE:+VERS-TLS1.2:+RSA:+ECDHE-RSA:+SIGN-ALL:+CURVE-ALL:+COMP-NULL:+MAC-ALL'
read -r P_RC4 P_3DES < <("$PY" "$TOP/test/origin/ports.py" 2)
option "list connect_port '$P_RC4'"
option "list connect_port '$P_3DES'"
in_background gnutls-serv --quiet --echo -p "$P_RC4" --x509certfile="$PKI/rsa.pem" --x509keyfile="$PKI/rsa.key" \
	--priority="$priority:+ARCFOUR-128" >log/rc4.got 2>log/rc4.err </dev/null
in_background gnutls-serv --quiet --echo -p "$P_3DES" --x509certfile="$PKI/rsa.pem" --x509keyfile="$PKI/rsa.key" \
	--priority="$priority:+3DES-CBC" >log/3des.got 2>log/3des.err </dev/null
wait_for 5 can_connect 127.0.0.1 "$P_RC4"
wait_for 5 can_connect 127.0.0.1 "$P_3DES"
start_proxy || exit 1

# An origin with a leaf from this router's own CA, as a thief of its key would make it.
cat >own.ext <<EXT
basicConstraints=critical,CA:FALSE
extendedKeyUsage=serverAuth
subjectAltName=DNS:ownca.bed.test
EXT
openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out own.key 2>own.err
openssl req -new -key own.key -subj /CN=ownca.bed.test -out own.csr 2>>own.err
openssl x509 -req -in own.csr -CA "$CA" -CAkey ca/ca.key -CAcreateserial -days 30 -extfile own.ext -out own.crt 2>>own.err ||
	cat own.err
cat "$CA" >>own.crt
mv own.crt own.pem
: >origins.spec
origin ownca 127.20.1.90 https cert=own.pem max=1.2
start_origins

# rejected NAME HOST[:PORT] TYPE [CODE]: 502, the right Proxy-Status, and silence towards the origin.
rejected() {
	local name=$1 url=https://$2 type=$3 code=${4:-.}
	is "$name: refused" "$(status -d "the=secret-of-$name" -H "X-Secret: secret-of-$name" "$url/secret-of-$name")" 502
	like "$name: Proxy-Status" "$(cat head)" "^Proxy-Status: sluice; ?error=($type).*$code"
	unlike "$name: not a byte of the request" "$(got "$name")" 'secret'
	is "$name: a page that is whole" "$(wc -c <body)" "$(tr -d '\r' <./head | sed -n 's/^Content-Length: //p' | tail -n 1)"
}
cert=tls_certificate_error
proto='tls_alert_received|tls_protocol_error'
H=bed.test:$TLS
rejected expired "expired.$H" "$cert" expired
rejected future "future.$H" "$cert" 'not valid before'
rejected wronghost "wronghost.$H" "$cert" 'not for wronghost'
rejected selfsigned "selfsigned.$H" "$cert"
rejected unknown "unknown.$H" "$cert" 'no trusted root'
rejected missing "missing.$H" "$cert" 'no trusted root'
for name in notca eku constrained sha1 md5 rsa1024 badsig badintersig fakeca cnonly pathlen; do
	rejected "$name" "$name.$H" "$cert"
done
rejected ed25519 "ed25519.$H" "$cert|$proto"
rejected ipdns "127.20.1.40:$TLS" "$cert" 'not for 127'
rejected ownca "ownca.$H" "$cert"
rejected badske "badske.$H" "$proto|$cert"
like 'badske: the bit was flipped on the wire' "$(events badske)" 'spoiled'
unlike 'badske: nothing behind the wire either' "$(got behind)" 'secret'
for name in tls10 tls11 cbc null staticrsa picksrc4 picks3des picksexport picksnull pickscbc picksrsa pickstls10 \
	pickstls11 picksssl3; do
	rejected "$name" "$name.$H" "$proto"
done
for name in tls10 tls11 cbc null staticrsa; do
	like "$name: a handshake was tried" "$(events "$name")" 'handshake failed'
done
rejected rc4 "rc4.bed.test:$P_RC4" "$proto"
rejected 3des "3des.bed.test:$P_3DES" "$proto"

# The same for who asks for no page: the client that resumes, or goes straight in.
is 'a good origin is served among all that' "$(px "https://www.bed.test:$TLS/hello")" 'hello from www'

# --- with `uninspectable tunnel` a ServerHello of old TLS is refused all the same ------------
stop_proxy
option "option uninspectable 'tunnel'"
start_proxy || exit 1
for name in pickstls10 tls10; do
	status "https://$name.$H/secret-of-$name" >/dev/null
	unlike "$name, uninspectable tunnel: not a byte of the request" "$(got "$name")" 'secret'
	unlike "$name, uninspectable tunnel: no answer from it" "$(cat body)" 'hello from'
done
