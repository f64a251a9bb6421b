/*
 * encode: DER and X.509 v3 certificates, written (ITU-T X.690, RFC 5280, RFC 5480).
 *
 * Pure.  Owns nothing.  Every function returns how many bytes its value takes and writes them to `out`
 * unless that is NULL, so a caller calls once for the length and once to write.  Room is the caller's
 * business.  Signs nothing and knows no policy: what stands in a certificate is the caller's.
 */
#ifndef ENCODE_H
#define ENCODE_H

#include <bearssl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum encode_tag {
	ENCODE_BOOLEAN = 0x01,
	ENCODE_INTEGER = 0x02,
	ENCODE_BIT_STRING = 0x03,
	ENCODE_OCTET_STRING = 0x04,
	ENCODE_OID = 0x06,
	ENCODE_UTF8 = 0x0c,
	ENCODE_UTC_TIME = 0x17,
	ENCODE_GENERALIZED_TIME = 0x18,
	ENCODE_SEQUENCE = 0x30,
	ENCODE_SET = 0x31,
	ENCODE_DNS_NAME = 0x82,  /* GeneralName, dNSName [2] */
	ENCODE_IP_ADDRESS = 0x87 /* GeneralName, iPAddress [7] */
};

enum {
	ENCODE_CN_MAX = 64,        /* ub-common-name, RFC 5280 appendix A.1 */
	ENCODE_DATE = 11,          /* "2026-11-22" and NUL */
	ENCODE_KEY_ID = 20,        /* bytes of a key identifier of ours */
	ENCODE_SIGNATURE_MAX = 104 /* an ECDSA signature on P-384 in ASN.1 */
};

/*
 * Puts a tag and a length before the `len` bytes that are at `out` already, which move up.  Returns the
 * length of the whole.  This is how every structure here is made: the content first, then its wrapping.
 */
size_t encode_wrap(unsigned char *out, unsigned tag, size_t len);

/* A whole value: tag, length, and `len` bytes of content. */
size_t encode_value(unsigned char *out, unsigned tag, const void *content, size_t len);

/* An INTEGER from unsigned big-endian bytes; leading zeros are dropped.  len 0 gives an INTEGER without
 * content, which is no DER: only a body that is hashed and not sent may have it. */
size_t encode_integer(unsigned char *out, const unsigned char *value, size_t len);

/* Unix seconds as X.509's Time: UTCTime for 1950 to 2049, else GeneralizedTime (RFC 5280 section 4.1.2.5).
 * A time outside the years 1 to 9999 becomes the nearest end. */
size_t encode_time(unsigned char *out, int64_t seconds);

/* The same as a date for people: "2026-11-22" (UTC). Returns out. */
char *encode_date(char out[ENCODE_DATE], int64_t seconds);

/* A Name of one common name (UTF8String), or the empty Name if len is 0. */
size_t encode_name(unsigned char *out, const char *cn, size_t len);

/* SubjectPublicKeyInfo of an uncompressed P-256 or P-384 point. */
size_t encode_ec_key(unsigned char *out, const br_ec_public_key *key);

struct encode_cert {
	const unsigned char *serial; /* unsigned big-endian; see encode_integer */
	size_t serial_len;
	const unsigned char *issuer, *subject; /* Names in DER; the subject may be the empty one */
	size_t issuer_len, subject_len;
	int64_t not_before, not_after;
	const br_ec_public_key *key;
	int hash;   /* of the signature: br_sha256_ID or br_sha384_ID */
	bool is_ca; /* a CA for leaves only (pathLen 0), or a TLS server's leaf */
	const unsigned char *ski, *aki; /* key identifiers; NULL: left out */
	size_t ski_len, aki_len;
	const unsigned char *names; /* GeneralNames one after the other; NULL: no subjectAltName */
	size_t names_len;
};

/* The TBSCertificate, which is what gets signed. */
size_t encode_cert_body(unsigned char *out, const struct encode_cert *c);

/* Makes a Certificate of the body that is at out[0..body_len) and its signature (ASN.1 form). */
size_t encode_cert_close(unsigned char *out, size_t body_len, int hash,
	const unsigned char *signature, size_t signature_len);

#endif
