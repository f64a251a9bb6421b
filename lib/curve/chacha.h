/*
 * chacha: ChaCha20-Poly1305, RFC 8439, in place.
 *
 * Pure.  Constant time: time depends on lengths alone.  ChaCha20 has forms for the vectors of a desk's CPU, of which the
 * first call takes what the CPU has.
 */
#ifndef CHACHA_H
#define CHACHA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { CHACHA_KEY = 32, CHACHA_NONCE = 12, CHACHA_TAG = 16 };

/* Encrypts `len` bytes and writes their tag.  Never twice under one key and nonce. */
void chacha_seal(unsigned char *data, size_t len, const unsigned char key[CHACHA_KEY],
	const unsigned char nonce[CHACHA_NONCE], const void *aad, size_t aad_len,
	unsigned char tag[CHACHA_TAG]);

/* Checks the tag, then decrypts.  False: something was changed, and the data is left as it was. */
bool chacha_open(unsigned char *data, size_t len, const unsigned char key[CHACHA_KEY],
	const unsigned char nonce[CHACHA_NONCE], const void *aad, size_t aad_len,
	const unsigned char tag[CHACHA_TAG]);

/* The same for BearSSL's engines: a br_chacha20_run, which XORs the key stream from block `counter` on over the data and
 * returns the next block's number, and a br_poly1305_run, which calls such a one and writes the tag. */
typedef uint32_t chacha_stream(
	const void *key, const void *nonce, uint32_t counter, void *data, size_t len);
chacha_stream chacha_run;
void chacha_poly1305_run(const void *key, const void *nonce, void *data, size_t len,
	const void *aad, size_t aad_len, void *tag, chacha_stream *stream, int encrypt);

#endif
