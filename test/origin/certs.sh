#!/bin/bash
# Makes the certificates of the test origins, on the spot, with openssl: certs.sh DIR.
#
# root.crt is what the proxy under test trusts (as bundle.pem).  Each leaf is NAME.pem (the chain as a server
# sends it) and NAME.key.  Made again after 20 hours of this clock, whichever it is, also when it was set back;
# several scripts may ask at once (flock).
#
#   good leaves        ec, rsa, p384, ip, many (200 names), other (another host's)
#   the must-reject    expired, future, wronghost, selfsigned, unknown, missing, notca, eku, constrained, ipdns,
#   zoo                sha1, md5, rsa1024, badsig, badintersig, fakeca, cnonly, ed25519, pathlen
set -eu
umask 077
dir=${1:?usage: certs.sh DIR}
mkdir -p "$dir"
dir=$(cd "$dir" && pwd)
exec 9>"$dir/.lock"
flock 9
made=$(cat "$dir/.done" 2>/dev/null) || made=0
age=$(($(date +%s) - ${made:-0}))
if [ "$age" -ge 0 ] && [ "$age" -lt 72000 ] && [ "$dir/.done" -nt "$0" ]; then
	exit 0
fi
cd "$dir"
rm -f .done ./*.crt ./*.pem ./*.key ./*.ext ./index*

cat >ca.cnf <<'CNF'
[ca]
default_ca = bed
[bed]
dir = .
database = index.txt
new_certs_dir = .
unique_subject = no
rand_serial = yes
default_md = sha256
policy = any
copy_extensions = none
[any]
commonName = optional
organizationName = optional
CNF
: >index.txt

quiet() {
	"$@" >certs.log 2>&1 || {
		cat certs.log >&2
		echo "certs.sh: failed: $*" >&2
		exit 1
	}
}

key() {
	case $2 in
	ec) quiet openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$1.key" ;;
	p384) quiet openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-384 -out "$1.key" ;;
	rsa*) quiet openssl genpkey -algorithm RSA -pkeyopt "rsa_keygen_bits:${2#rsa}" -out "$1.key" ;;
	ed) quiet openssl genpkey -algorithm ED25519 -out "$1.key" ;;
	esac
}

day() {
	date -u -d "$1" +%Y%m%d%H%M%SZ
}

# cert NAME KEY-KIND ISSUER|self SUBJECT FROM TO MD EXTENSION-LINES: NAME.crt
cert() {
	local name=$1 kind=$2 issuer=$3 subject=$4 from=$5 to=$6 md=$7
	shift 7
	[ -f "$name.key" ] || key "$name" "$kind"
	printf '%s\n' "$@" >"$name.ext"
	quiet openssl req -new -key "$name.key" -subj "$subject" -out "$name.csr" -config /dev/null
	local by=(-cert "$issuer.crt" -keyfile "$issuer.key")
	[ "$issuer" != self ] || by=(-selfsign -keyfile "$name.key")
	quiet openssl ca -batch -notext -config ca.cnf "${by[@]}" -md "$md" -in "$name.csr" \
		-startdate "$(day "$from")" -enddate "$(day "$to")" -extfile "$name.ext" -out "$name.crt"
	rm -f "$name.csr"
}

ca() {
	local name=$1 kind=$2 issuer=$3 subject=$4
	shift 4
	cert "$name" "$kind" "$issuer" "$subject" '-30 days' '+3650 days' sha256 \
		'basicConstraints=critical,CA:TRUE' 'keyUsage=critical,keyCertSign,cRLSign' \
		'subjectKeyIdentifier=hash' "$@"
}

# leaf NAME KEY-KIND ISSUER SAN [CHAIN-CERT...]
leaf() {
	local name=$1 kind=$2 issuer=$3 san=$4 subject
	shift 4
	subject="/O=Bed/CN=${CN-$name.bed.test}"
	cert "$name" "$kind" "$issuer" "$subject" "${FROM:--10 days}" "${TO:-+200 days}" "${MD:-sha256}" \
		'basicConstraints=critical,CA:FALSE' "keyUsage=critical,digitalSignature" \
		"extendedKeyUsage=${EKU:-serverAuth}" 'authorityKeyIdentifier=keyid' ${san:+"subjectAltName=$san"}
	chain "$name" "$@"
}

chain() {
	local name=$1 part
	cat "$name.crt" >"$name.pem"
	shift
	for part in "$@"; do
		cat "$part.crt" >>"$name.pem"
	done
}

# Flips a bit in the last byte of a certificate: in its signature.
spoil() {
	openssl x509 -in "$1" -outform DER -out spoil.der
	/usr/bin/python3 - spoil.der <<'PY'
import sys
d = bytearray(open(sys.argv[1], "rb").read())
d[-1] ^= 1
open(sys.argv[1], "wb").write(d)
PY
	openssl x509 -inform DER -in spoil.der -out "$1"
	rm -f spoil.der
}

# --- authorities -----------------------------------------------------------
ca root ec self '/O=Bed/CN=Bed Root'
ca inter ec root '/O=Bed/CN=Bed Intermediate'
ca interrsa rsa2048 root '/O=Bed/CN=Bed Intermediate RSA'
cat root.crt >bundle.pem

# --- good ------------------------------------------------------------------
names='DNS:bed.test,DNS:*.bed.test'
leaf ec ec inter "$names" inter
leaf rsa rsa2048 interrsa "$names" interrsa
leaf p384 p384 inter "$names" inter
leaf ip ec inter "DNS:ip.bed.test,IP:127.20.0.9,IP:198.51.100.9,IP:::1" inter
leaf other ec inter 'DNS:other.bed.test,DNS:www.other.bed.test' inter
many=DNS:many.bed.test
for i in $(seq 199); do
	many=$many,DNS:alternative-name-$i.bed.test
done
leaf many ec inter "$many" inter

# --- the zoo ---------------------------------------------------------------
FROM='-90 days' TO='-2 days' leaf expired ec inter DNS:expired.bed.test inter
FROM='+5 days' leaf future ec inter DNS:future.bed.test inter
leaf wronghost ec inter DNS:elsewhere.bed.test inter
CN=cnonly.bed.test leaf cnonly ec inter '' inter
leaf ipdns ec inter DNS:127.20.1.10 inter
EKU=clientAuth leaf eku ec inter DNS:eku.bed.test inter
leaf missing ec inter DNS:missing.bed.test
MD=sha1 leaf sha1 rsa2048 interrsa DNS:sha1.bed.test interrsa
MD=md5 leaf md5 rsa2048 interrsa DNS:md5.bed.test interrsa
leaf rsa1024 rsa1024 inter DNS:rsa1024.bed.test inter
leaf ed25519 ed inter DNS:ed25519.bed.test inter
cert selfsigned ec self '/O=Bed/CN=selfsigned.bed.test' '-10 days' '+200 days' sha256 \
	'subjectAltName=DNS:selfsigned.bed.test' 'extendedKeyUsage=serverAuth'
chain selfsigned

ca stranger ec self '/O=Nobody/CN=Nobody Root'
leaf unknown ec stranger DNS:unknown.bed.test stranger
# Same name as the root, another key.
ca fakeroot ec self '/O=Bed/CN=Bed Root'
leaf fakeca ec fakeroot DNS:fakeca.bed.test fakeroot

cert leafca ec inter '/O=Bed/CN=Bed Not A CA' '-10 days' '+200 days' sha256 \
	'basicConstraints=critical,CA:FALSE' 'keyUsage=critical,keyCertSign,digitalSignature' 'subjectKeyIdentifier=hash'
leaf notca ec leafca DNS:notca.bed.test leafca inter
ca narrow ec root '/O=Bed/CN=Bed Narrow' 'nameConstraints=critical,permitted;DNS:narrow.test'
leaf constrained ec narrow DNS:constrained.bed.test narrow
cert short ec root '/O=Bed/CN=Bed Short' '-10 days' '+200 days' sha256 \
	'basicConstraints=critical,CA:TRUE,pathlen:0' 'keyUsage=critical,keyCertSign' 'subjectKeyIdentifier=hash'
ca below ec short '/O=Bed/CN=Bed Below Short'
leaf pathlen ec below DNS:pathlen.bed.test below short

leaf badsig ec inter DNS:badsig.bed.test
spoil badsig.crt
chain badsig inter
leaf badske rsa2048 interrsa DNS:badske.bed.test interrsa
cp -p inter.key brokeninter.key
cp -p inter.crt brokeninter.crt
leaf badintersig ec brokeninter DNS:badintersig.bed.test
spoil brokeninter.crt
chain badintersig brokeninter

rm -f ./*.ext index* certs.log ./[0-9A-F][0-9A-F][0-9A-F]*.pem
chmod 755 .
chmod 644 bundle.pem # the proxy reads it again after it has dropped its privileges
date +%s >.done
