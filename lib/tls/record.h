/*
 * record: the record layer of one direction (RFC 8446 section 5, RFC 5246 section 6.2 with RFC 5288 and 7905): a
 * key, an IV, a sequence number.  Seals and opens in place.  Knows nothing of what records carry.
 */
#ifndef RECORD_H
#define RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum record_type {
	RECORD_CCS = 20, /* change_cipher_spec */
	RECORD_ALERT = 21,
	RECORD_HANDSHAKE = 22,
	RECORD_DATA = 23
};

enum record_cipher {
	RECORD_CLEAR, /* no key yet */
	RECORD_AES128_GCM,
	RECORD_AES256_GCM,
	RECORD_CHACHA20
};

enum {
	RECORD_HEAD = 5,      /* bytes of a record's header */
	RECORD_PLAIN = 16384, /* bytes that a record may carry */
	RECORD_WIRE =
		16384 +
		256, /* ... and be long on the wire, without its header; RFC 5246 allows more, which
				    * no AEAD suite needs */
	RECORD_BEFORE = 5 + 8, /* header and explicit nonce: most bytes before the plaintext */
	RECORD_AFTER = 16 + 1, /* tag and inner type: most bytes behind it */
	RECORD_LIMIT =
		1
		<< 24, /* records under one AES-GCM key: below the 2^24.5 of RFC 8446 section 5.5 */
};

enum record_fault {
	RECORD_FORGED = -1, /* the tag does not fit */
	RECORD_TOO_LONG = -2,
	RECORD_BLANK = -3 /* TLS 1.3: nothing but zeros inside, so no type */
};

/* All zero: in clear. */
struct record {
	unsigned char key[32], iv[12];
	uint8_t cipher; /* enum record_cipher */
	bool is_13;
	uint64_t sequence; /* records so far under this key */
};

/* Bytes of the key and of the IV that TLS 1.2's key block has for a cipher. */
size_t record_key_len(enum record_cipher cipher);
size_t record_iv_len(enum record_cipher cipher);

/* New keys: key and iv of the lengths above (TLS 1.3: the IV has 12 always). */
void record_set(struct record *r, enum record_cipher cipher, bool is_13, const unsigned char *key,
	const unsigned char *iv);

/* Bytes that a sealed record has before and behind its plaintext. */
size_t record_before(const struct record *r);
size_t record_after(const struct record *r);

/* Makes a record at buf of the len bytes at buf + record_before, len <= RECORD_PLAIN; returns its whole length. */
size_t record_seal(struct record *r, enum record_type type, unsigned char *buf, size_t len);

/*
 * Opens the len bytes that came under a header.  Returns the length of the plaintext and where it begins, with the
 * type that it really has, or an enum record_fault.  The sequence stays on a failure.
 */
int record_open(struct record *r, const unsigned char head[RECORD_HEAD], unsigned char *data,
	size_t len, unsigned char **plain, enum record_type *type);

/* True where the CPU helps with AES, so that AES-GCM costs less than ChaCha20. */
bool record_prefers_aes(void);

#endif
