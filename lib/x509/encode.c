/*
 * encode: DER and X.509 v3 certificates, written.  See encode.h.
 *
 * Structures are made inside out: the content is written where the header will be, then moved up by the
 * header's length.  A header's length follows from the content's, so nothing is counted twice and no
 * length can disagree with what was written.  Moving costs a few hundred bytes a level, a signature costs
 * a thousand times that.
 */
#include "lib/x509/encode.h"

#include <stdio.h>
#include <string.h>

/* Object identifiers: content octets, without tag and length. */
static const unsigned char oid_ec_public_key[] = { 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01 };
static const unsigned char oid_p256[] = { 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07 };
static const unsigned char oid_p384[] = { 0x2b, 0x81, 0x04, 0x00, 0x22 };
static const unsigned char oid_ecdsa_sha256[] = { 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02 };
static const unsigned char oid_ecdsa_sha384[] = { 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x03 };
static const unsigned char oid_common_name[] = { 0x55, 0x04, 0x03 };
static const unsigned char oid_server_auth[] = { 0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x01 };

/* Extensions: all are id-ce, 2.5.29.x, and x is what tells them apart. */
enum extension {
	EXT_SKI = 14,
	EXT_KEY_USAGE = 15,
	EXT_NAMES = 17,
	EXT_BASIC_CONSTRAINTS = 19,
	EXT_AKI = 35,
	EXT_EXTENDED_KEY_USAGE = 37
};

/* Where a value is written that follows `len` others: nowhere, if only the length is asked for. */
static unsigned char *
at(unsigned char *out, size_t len)
{
	return out == NULL ? NULL : out + len;
}

static size_t
put(unsigned char *out, const void *data, size_t len)
{
	if (out != NULL && len > 0)
		memcpy(out, data, len);
	return len;
}

size_t
encode_wrap(unsigned char *out, unsigned tag, size_t len)
{
	unsigned char header[2 + sizeof len];
	size_t n = 0, bytes = 0;

	while (bytes < sizeof len && len >> (8 * bytes) != 0)
		bytes++;
	header[n++] = (unsigned char)tag;
	if (len >= 0x80)
		header[n++] = (unsigned char)(0x80 | bytes);
	else
		bytes = 1;
	while (bytes-- > 0)
		header[n++] = (unsigned char)(len >> (8 * bytes));
	if (out != NULL) {
		memmove(out + n, out, len);
		memcpy(out, header, n);
	}
	return n + len;
}

size_t
encode_value(unsigned char *out, unsigned tag, const void *content, size_t len)
{
	return encode_wrap(out, tag, put(out, content, len));
}

size_t
encode_integer(unsigned char *out, const unsigned char *value, size_t len)
{
	static const unsigned char zero = 0;
	size_t n = 0;

	while (len > 1 && value[0] == 0) {
		value++;
		len--;
	}
	if (len > 0 && value[0] >= 0x80) /* would read as negative */
		n += put(at(out, n), &zero, 1);
	n += put(at(out, n), value, len);
	return encode_wrap(out, ENCODE_INTEGER, n);
}

struct civil {
	unsigned year, month, day, second; /* second: of the day */
};

/* The date of the Gregorian calendar, UTC; gmtime(3) is 32 bits wide on old routers. */
static struct civil
civil_time(int64_t seconds)
{
	const int64_t first = -62135596800,
		      last = 253402300799; /* 0001-01-01, 9999-12-31 23:59:59 */
	const int64_t day_secs = 86400;
	struct civil c;
	int64_t days, z;
	unsigned doe, yoe, doy, march;

	seconds = seconds < first ? first : seconds > last ? last : seconds;
	days = seconds / day_secs - (seconds % day_secs < 0);
	c.second = (unsigned)(seconds - days * day_secs);
	/* Days since 0000-03-01: the leap day ends a year that begins in March; 146097 days are 400 years. */
	z = days + 719468;
	doe = (unsigned)(z % 146097);
	yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
	march = (5 * doy + 2) / 153;
	c.day = doy - (153 * march + 2) / 5 + 1;
	c.month = march < 10 ? march + 3 : march - 9;
	c.year = (unsigned)(z / 146097) * 400 + yoe + (c.month <= 2);
	return c;
}

static size_t
put_two_digits(unsigned char *out, unsigned value)
{
	out[0] = (unsigned char)('0' + value / 10 % 10);
	out[1] = (unsigned char)('0' + value % 10);
	return 2;
}

/*
 * Time ::= CHOICE { utcTime UTCTime, generalTime GeneralizedTime }
 */
size_t
encode_time(unsigned char *out, int64_t seconds)
{
	struct civil c = civil_time(seconds);
	bool utc = c.year >= 1950 && c.year < 2050;
	unsigned char text[15];
	size_t n = 0;

	if (!utc)
		n += put_two_digits(text + n, c.year / 100);
	n += put_two_digits(text + n, c.year);
	n += put_two_digits(text + n, c.month);
	n += put_two_digits(text + n, c.day);
	n += put_two_digits(text + n, c.second / 3600);
	n += put_two_digits(text + n, c.second / 60 % 60);
	n += put_two_digits(text + n, c.second % 60);
	text[n++] = 'Z';
	return encode_value(out, utc ? ENCODE_UTC_TIME : ENCODE_GENERALIZED_TIME, text, n);
}

char *
encode_date(char out[ENCODE_DATE], int64_t seconds)
{
	struct civil c = civil_time(seconds);

	snprintf(out, ENCODE_DATE, "%04u-%02u-%02u", c.year % 10000, c.month % 100, c.day % 100);
	return out;
}

/*
 * Name ::= SEQUENCE OF RelativeDistinguishedName
 * RelativeDistinguishedName ::= SET OF AttributeTypeAndValue
 * AttributeTypeAndValue ::= SEQUENCE { type OBJECT IDENTIFIER, value ANY }
 */
size_t
encode_name(unsigned char *out, const char *cn, size_t len)
{
	size_t n = 0;

	if (len > 0) {
		n += encode_value(at(out, n), ENCODE_OID, oid_common_name, sizeof oid_common_name);
		n += encode_value(at(out, n), ENCODE_UTF8, cn, len);
		n = encode_wrap(out, ENCODE_SEQUENCE, n);
		n = encode_wrap(out, ENCODE_SET, n);
	}
	return encode_wrap(out, ENCODE_SEQUENCE, n);
}

/* BIT STRING of whole bytes: a count of unused bits, which is 0, then the bytes. */
static size_t
put_bits(unsigned char *out, const unsigned char *data, size_t len)
{
	static const unsigned char unused = 0;
	size_t n = 0;

	n += put(at(out, n), &unused, 1);
	n += put(at(out, n), data, len);
	return encode_wrap(out, ENCODE_BIT_STRING, n);
}

/*
 * SubjectPublicKeyInfo ::= SEQUENCE {
 *   algorithm        SEQUENCE { id-ecPublicKey, namedCurve OBJECT IDENTIFIER },
 *   subjectPublicKey BIT STRING }
 */
size_t
encode_ec_key(unsigned char *out, const br_ec_public_key *key)
{
	size_t n = 0;

	n += encode_value(at(out, n), ENCODE_OID, oid_ec_public_key, sizeof oid_ec_public_key);
	if (key->curve == BR_EC_secp384r1)
		n += encode_value(at(out, n), ENCODE_OID, oid_p384, sizeof oid_p384);
	else
		n += encode_value(at(out, n), ENCODE_OID, oid_p256, sizeof oid_p256);
	n = encode_wrap(out, ENCODE_SEQUENCE, n);
	n += put_bits(at(out, n), key->q, key->qlen);
	return encode_wrap(out, ENCODE_SEQUENCE, n);
}

/* AlgorithmIdentifier ::= SEQUENCE { algorithm OBJECT IDENTIFIER }; ECDSA's has no parameters (RFC 5758). */
static size_t
put_algorithm(unsigned char *out, int hash)
{
	size_t n;

	if (hash == br_sha384_ID)
		n = encode_value(out, ENCODE_OID, oid_ecdsa_sha384, sizeof oid_ecdsa_sha384);
	else
		n = encode_value(out, ENCODE_OID, oid_ecdsa_sha256, sizeof oid_ecdsa_sha256);
	return encode_wrap(out, ENCODE_SEQUENCE, n);
}

/*
 * Extension ::= SEQUENCE { extnID OBJECT IDENTIFIER, critical BOOLEAN DEFAULT FALSE, extnValue OCTET STRING }
 * The value's `len` bytes are at out already.
 */
static size_t
wrap_extension(unsigned char *out, enum extension which, bool critical, size_t len)
{
	const unsigned char head[] = { ENCODE_OID, 3, 0x55, 0x1d, (unsigned char)which,
		ENCODE_BOOLEAN, 1, 0xff };
	size_t head_len = critical ? sizeof head : sizeof head - 3;

	len = encode_wrap(out, ENCODE_OCTET_STRING, len);
	if (out != NULL) {
		memmove(out + head_len, out, len);
		memcpy(out, head, head_len);
	}
	return encode_wrap(out, ENCODE_SEQUENCE, head_len + len);
}

/*
 * BasicConstraints ::= SEQUENCE { cA BOOLEAN DEFAULT FALSE, pathLenConstraint INTEGER OPTIONAL }
 * KeyUsage ::= BIT STRING
 * A leaf's basicConstraints is the empty SEQUENCE: DER leaves a default out.
 */
static size_t
put_usages(unsigned char *out, const struct encode_cert *c)
{
	static const unsigned char ca[] = { ENCODE_SEQUENCE, 6, ENCODE_BOOLEAN, 1, 0xff,
		ENCODE_INTEGER, 1, 0 };
	static const unsigned char leaf[] = { ENCODE_SEQUENCE, 0 };
	static const unsigned char ca_usage[] = { ENCODE_BIT_STRING, 2, 1,
		0x06 }; /* keyCertSign, cRLSign */
	static const unsigned char leaf_usage[] = { ENCODE_BIT_STRING, 2, 7,
		0x80 }; /* digitalSignature */
	size_t n = 0, len;

	len = c->is_ca ? put(out, ca, sizeof ca) : put(out, leaf, sizeof leaf);
	n += wrap_extension(out, EXT_BASIC_CONSTRAINTS, true, len);
	len = put(at(out, n), c->is_ca ? ca_usage : leaf_usage, sizeof ca_usage);
	n += wrap_extension(at(out, n), EXT_KEY_USAGE, true, len);
	if (c->is_ca)
		return n;
	len = encode_value(at(out, n), ENCODE_OID, oid_server_auth, sizeof oid_server_auth);
	len = encode_wrap(at(out, n), ENCODE_SEQUENCE, len);
	return n + wrap_extension(at(out, n), EXT_EXTENDED_KEY_USAGE, false, len);
}

/*
 * SubjectKeyIdentifier ::= OCTET STRING
 * AuthorityKeyIdentifier ::= SEQUENCE { keyIdentifier [0] IMPLICIT OCTET STRING OPTIONAL, ... }
 */
static size_t
put_key_ids(unsigned char *out, const struct encode_cert *c)
{
	size_t n = 0, len;

	if (c->ski != NULL) {
		len = encode_value(at(out, n), ENCODE_OCTET_STRING, c->ski, c->ski_len);
		n += wrap_extension(at(out, n), EXT_SKI, false, len);
	}
	if (c->aki != NULL) {
		len = encode_value(at(out, n), 0x80, c->aki, c->aki_len);
		len = encode_wrap(at(out, n), ENCODE_SEQUENCE, len);
		n += wrap_extension(at(out, n), EXT_AKI, false, len);
	}
	return n;
}

/*
 * Extensions ::= [3] EXPLICIT SEQUENCE OF Extension
 * SubjectAltName ::= SEQUENCE OF GeneralName; critical where the subject is empty (RFC 5280 section 4.2.1.6).
 */
static size_t
put_extensions(unsigned char *out, const struct encode_cert *c)
{
	size_t n = 0, len;

	n += put_usages(at(out, n), c);
	n += put_key_ids(at(out, n), c);
	if (c->names != NULL) {
		len = encode_value(at(out, n), ENCODE_SEQUENCE, c->names, c->names_len);
		n += wrap_extension(at(out, n), EXT_NAMES, c->subject_len == 2, len);
	}
	n = encode_wrap(out, ENCODE_SEQUENCE, n);
	return encode_wrap(out, 0xa3, n);
}

/*
 * TBSCertificate ::= SEQUENCE {
 *   version [0] EXPLICIT INTEGER (v3 is 2), serialNumber INTEGER, signature AlgorithmIdentifier,
 *   issuer Name, validity SEQUENCE { notBefore Time, notAfter Time }, subject Name,
 *   subjectPublicKeyInfo, extensions [3] EXPLICIT }
 */
size_t
encode_cert_body(unsigned char *out, const struct encode_cert *c)
{
	static const unsigned char v3[] = { 0xa0, 3, ENCODE_INTEGER, 1, 2 };
	size_t n = 0, len = 0;

	n += put(at(out, n), v3, sizeof v3);
	n += encode_integer(at(out, n), c->serial, c->serial_len);
	n += put_algorithm(at(out, n), c->hash);
	n += put(at(out, n), c->issuer, c->issuer_len);
	len += encode_time(at(out, n), c->not_before);
	len += encode_time(at(out, n + len), c->not_after);
	n += encode_wrap(at(out, n), ENCODE_SEQUENCE, len);
	n += put(at(out, n), c->subject, c->subject_len);
	n += encode_ec_key(at(out, n), c->key);
	n += put_extensions(at(out, n), c);
	return encode_wrap(out, ENCODE_SEQUENCE, n);
}

/*
 * Certificate ::= SEQUENCE { tbsCertificate, signatureAlgorithm AlgorithmIdentifier, signature BIT STRING }
 */
size_t
encode_cert_close(unsigned char *out, size_t body_len, int hash, const unsigned char *signature,
	size_t signature_len)
{
	size_t n = body_len;

	n += put_algorithm(at(out, n), hash);
	n += put_bits(at(out, n), signature, signature_len);
	return encode_wrap(out, ENCODE_SEQUENCE, n);
}
