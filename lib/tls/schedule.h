/*
 * schedule: how secrets come from secrets: HKDF as TLS 1.3 uses it (RFC 8446 section 7.1), the PRF of TLS 1.2
 * (RFC 5246 section 5), and the hash over a handshake.
 *
 * Pure, over BearSSL's SHA-256, SHA-384 and HMAC.  Knows no message and no record.  Which hash: sha384, or else
 * SHA-256; a secret or digest is schedule_size(sha384) bytes long.
 */
#ifndef SCHEDULE_H
#define SCHEDULE_H

#include <bearssl.h>
#include <stdbool.h>
#include <stddef.h>

enum { SCHEDULE_MAX = 48 }; /* bytes of the longest digest and secret: SHA-384 */

/* The hash over a handshake's messages so far. */
struct transcript {
	bool sha384;
	union {
		br_sha256_context sha256;
		br_sha384_context sha384;
	} u;
};

void transcript_start(struct transcript *t, bool sha384);
void transcript_add(struct transcript *t, const void *data, size_t len);

/* The digest of all that was added; more may be added afterwards. */
void transcript_now(const struct transcript *t, unsigned char *out);

/* After a HelloRetryRequest the first hello's digest takes its place (RFC 8446 section 4.4.1). */
void transcript_fold(struct transcript *t);

size_t schedule_size(bool sha384);

void schedule_hash(bool sha384, unsigned char *out, const void *data, size_t len);
void schedule_hmac(bool sha384, unsigned char *out, const unsigned char *key, size_t key_len,
	const void *data, size_t len);

/* HKDF-Extract with a salt of one digest's length; ikm NULL: as many zeros.  out may be salt or ikm. */
void schedule_extract(bool sha384, unsigned char *out, const unsigned char *salt,
	const unsigned char *ikm, size_t ikm_len);

/* HKDF-Expand-Label (RFC 8446 section 7.1), out_len and context_len up to one digest. */
void schedule_expand(bool sha384, unsigned char *out, size_t out_len, const unsigned char *secret,
	const char *label, const unsigned char *context, size_t context_len);

/* Derive-Secret(secret, "derived", ""): the salt of the next stage. */
void schedule_derived(bool sha384, unsigned char *out, const unsigned char *secret);

/* The PRF of TLS 1.2: the seed is label, then a, then b. */
void schedule_prf(bool sha384, unsigned char *out, size_t out_len, const unsigned char *secret,
	size_t secret_len, const char *label, const unsigned char *a, size_t a_len,
	const unsigned char *b, size_t b_len);

#endif
