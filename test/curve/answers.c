/*
 * answers: lib/curve asked questions whose answers are known, a line each, on a desk in both word forms and as programs of
 * router targets under qemu-user.  Lines come from wycheproof.py and from openssl.c; see answers.mk.
 *
 * A line is an operation and its bytes in hex ("-" for none), the last word 1 or 0: is it good?
 *   x25519 SCALAR U SHARED GOOD
 *   rsa-pkcs1-HASH, rsa-pss-HASH: N E DIGEST SIGNATURE GOOD
 *   rsa-raw N E S BLOCK GOOD              s^e mod n, without padding
 *   kem-keygen SEED PUBLIC GOOD
 *   kem-encaps MESSAGE PUBLIC CIPHERTEXT SHARED GOOD
 *   kem-decaps SEED CIPHERTEXT SHARED GOOD
 *   chacha KEY NONCE AAD MESSAGE CIPHERTEXT TAG GOOD
 *   poly1305 KEY DATA TAG GOOD            data of whole blocks
 *   shake128, shake256, sha3-256, sha3-512: DATA OUTPUT GOOD
 * Usage: answers NAME < lines; prints "NAME: N passed, N failed".
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "lib/curve/chacha.h"
#include "lib/curve/kem.h"
#include "lib/curve/keccak.h"
#include "lib/curve/rsa.c"
#include "lib/curve/x25519.h"

enum { MAX_WORDS = 8, LINE = 65536 };

/* test/curve/poly.c, since two of lib/curve in one file would have names twice */
void poly1305(unsigned char tag[CHACHA_TAG], const unsigned char key[32], const unsigned char *data,
	size_t len);

/* One word of a line, its bytes in memory of their own, so that sanitizers see one too many. */
struct bytes {
	unsigned char *p;
	size_t len;
};

static bool
same(const unsigned char *got, const struct bytes *want, size_t len)
{
	return want->len == len && memcmp(got, want->p, len) == 0;
}

/* RFC 7748 has the caller refuse a shared secret of zeros: then the answer is one of them, and not good. */
static bool
ask_x25519(const struct bytes *b, bool good)
{
	unsigned char out[X25519_SIZE], inplace[X25519_SIZE];
	int rc;

	if (b[0].len != X25519_SIZE || b[1].len != X25519_SIZE)
		return false;
	rc = x25519(out, b[0].p, b[1].p);
	memcpy(inplace, b[1].p, X25519_SIZE);
	return (rc == 0) == good && same(out, &b[2], X25519_SIZE) &&
	       x25519(inplace, b[0].p, inplace) == rc && same(inplace, &b[2], X25519_SIZE);
}

typedef bool verify(const struct rsa_key *, enum rsa_hash, const unsigned char *,
	const unsigned char *, size_t);

static bool
ask_rsa(verify *check, enum rsa_hash id, const struct bytes *b, bool good)
{
	const struct rsa_key key = { b[0].p, b[1].p, b[0].len, b[1].len };

	return b[2].len == rsa_hash_size(id) && check(&key, id, b[2].p, b[3].p, b[3].len) == good;
}

static bool
ask_pkcs1_256(const struct bytes *b, bool good)
{
	return ask_rsa(rsa_verify_pkcs1, RSA_SHA256, b, good);
}

static bool
ask_pkcs1_384(const struct bytes *b, bool good)
{
	return ask_rsa(rsa_verify_pkcs1, RSA_SHA384, b, good);
}

static bool
ask_pkcs1_512(const struct bytes *b, bool good)
{
	return ask_rsa(rsa_verify_pkcs1, RSA_SHA512, b, good);
}

static bool
ask_pss_256(const struct bytes *b, bool good)
{
	return ask_rsa(rsa_verify_pss, RSA_SHA256, b, good);
}

static bool
ask_pss_384(const struct bytes *b, bool good)
{
	return ask_rsa(rsa_verify_pss, RSA_SHA384, b, good);
}

static bool
ask_pss_512(const struct bytes *b, bool good)
{
	return ask_rsa(rsa_verify_pss, RSA_SHA512, b, good);
}

static bool
ask_raw(const struct bytes *b, bool good)
{
	const struct rsa_key key = { b[0].p, b[1].p, b[0].len, b[1].len };
	unsigned char block[BYTES];
	struct modulus m;

	if (encrypt(block, &m, &key, b[2].p, b[2].len) != 0)
		return !good;
	return good && same(block, &b[3], m.bytes);
}

/* A key or ciphertext of another length is what the caller refuses. */
static bool
ask_keygen(const struct bytes *b, bool good)
{
	unsigned char public[KEM_PUBLIC];

	if (b[0].len != KEM_SEED)
		return !good;
	kem_keygen(public, b[0].p);
	return same(public, &b[1], KEM_PUBLIC) == good;
}

static bool
ask_encaps(const struct bytes *b, bool good)
{
	unsigned char ciphertext[KEM_CIPHERTEXT], shared[KEM_SHARED];

	if (b[0].len != KEM_MESSAGE || b[1].len != KEM_PUBLIC ||
		kem_encaps(ciphertext, shared, b[1].p, b[0].p) != 0)
		return !good;
	return (same(ciphertext, &b[2], KEM_CIPHERTEXT) && same(shared, &b[3], KEM_SHARED)) == good;
}

static bool
ask_decaps(const struct bytes *b, bool good)
{
	unsigned char shared[KEM_SHARED];

	if (b[0].len != KEM_SEED || b[1].len != KEM_CIPHERTEXT)
		return !good;
	kem_decaps(shared, b[1].p, b[0].p);
	return same(shared, &b[2], KEM_SHARED) == good;
}

/* What is not good has to leave the data as it was. */
static bool
ask_chacha(const struct bytes *b, bool good)
{
	unsigned char tag[CHACHA_TAG], *data;
	bool right;

	if (b[0].len != CHACHA_KEY || b[1].len != CHACHA_NONCE || b[5].len != CHACHA_TAG)
		return !good;
	data = malloc(b[4].len + 1);
	if (!data)
		return false;
	memcpy(data, b[4].p, b[4].len);
	right = chacha_open(data, b[4].len, b[0].p, b[1].p, b[2].p, b[2].len, b[5].p) == good;
	right = right && same(data, good ? &b[3] : &b[4], b[4].len);
	memcpy(data, b[3].p, good ? b[3].len : 0);
	if (good) {
		chacha_seal(data, b[3].len, b[0].p, b[1].p, b[2].p, b[2].len, tag);
		right = right && same(data, &b[4], b[3].len) && same(tag, &b[5], CHACHA_TAG);
	}
	free(data);
	return right;
}

static bool
ask_poly1305(const struct bytes *b, bool good)
{
	unsigned char tag[CHACHA_TAG];

	if (b[0].len != 32)
		return false;
	poly1305(tag, b[0].p, b[1].p, b[1].len);
	return same(tag, &b[2], CHACHA_TAG) == good;
}

/* At once, then in pieces of all sizes. */
static bool
ask_keccak(enum keccak_kind kind, const struct bytes *b, bool good)
{
	unsigned char *out = malloc(b[1].len + 1);
	struct keccak k;
	size_t at, step;
	bool right;

	if (!out)
		return false;
	keccak_start(&k, kind);
	keccak_absorb(&k, b[0].p, b[0].len);
	keccak_squeeze(&k, out, b[1].len);
	right = same(out, &b[1], b[1].len);
	memset(out, 0, b[1].len);
	keccak_start(&k, kind);
	for (at = 0; at < b[0].len; at += step) {
		step = 1 + at % 31 > b[0].len - at ? b[0].len - at : 1 + at % 31;
		keccak_absorb(&k, b[0].p + at, step);
	}
	for (at = 0; at < b[1].len; at += step) {
		step = 1 + at % 29 > b[1].len - at ? b[1].len - at : 1 + at % 29;
		keccak_squeeze(&k, out + at, step);
	}
	right = right && same(out, &b[1], b[1].len);
	free(out);
	return right == good;
}

static bool
ask_shake128(const struct bytes *b, bool good)
{
	return ask_keccak(KECCAK_SHAKE128, b, good);
}

static bool
ask_shake256(const struct bytes *b, bool good)
{
	return ask_keccak(KECCAK_SHAKE256, b, good);
}

static bool
ask_sha3_256(const struct bytes *b, bool good)
{
	return ask_keccak(KECCAK_SHA3_256, b, good);
}

static bool
ask_sha3_512(const struct bytes *b, bool good)
{
	return ask_keccak(KECCAK_SHA3_512, b, good);
}

static const struct {
	const char *name;
	int words; /* with the verdict */
	bool (*ask)(const struct bytes *, bool good);
} operations[] = {
	{ "x25519", 4, ask_x25519 },
	{ "rsa-pkcs1-sha256", 5, ask_pkcs1_256 },
	{ "rsa-pkcs1-sha384", 5, ask_pkcs1_384 },
	{ "rsa-pkcs1-sha512", 5, ask_pkcs1_512 },
	{ "rsa-pss-sha256", 5, ask_pss_256 },
	{ "rsa-pss-sha384", 5, ask_pss_384 },
	{ "rsa-pss-sha512", 5, ask_pss_512 },
	{ "rsa-raw", 5, ask_raw },
	{ "kem-keygen", 3, ask_keygen },
	{ "kem-encaps", 5, ask_encaps },
	{ "kem-decaps", 4, ask_decaps },
	{ "chacha", 7, ask_chacha },
	{ "poly1305", 4, ask_poly1305 },
	{ "shake128", 3, ask_shake128 },
	{ "shake256", 3, ask_shake256 },
	{ "sha3-256", 3, ask_sha3_256 },
	{ "sha3-512", 3, ask_sha3_512 },
};

static int
hex(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool
decode(struct bytes *b, const char *word)
{
	size_t len = strcmp(word, "-") == 0 ? 0 : strlen(word), i;

	b->len = len / 2;
	b->p = malloc(b->len > 0 ? b->len : 1);
	for (i = 0; b->p && i < b->len; i++) {
		int high = hex(word[2 * i]), low = hex(word[2 * i + 1]);

		if (high < 0 || low < 0)
			return false;
		b->p[i] = (unsigned char)(high << 4 | low);
	}
	return b->p && len % 2 == 0;
}

/* One line: was the question understood, and the answer right? */
static bool
ask(char *line)
{
	struct bytes b[MAX_WORDS] = { 0 };
	char *place, *word = strtok_r(line, " \n", &place);
	bool right = false, read = word != NULL;
	size_t op = 0;
	int n = 0;

	while (read && op < sizeof operations / sizeof operations[0] &&
		strcmp(operations[op].name, word) != 0)
		op++;
	if (read && op < sizeof operations / sizeof operations[0]) {
		for (; read && n < operations[op].words - 1; n++)
			read = (word = strtok_r(NULL, " \n", &place)) != NULL &&
			       decode(&b[n], word);
		word = read ? strtok_r(NULL, " \n", &place) : NULL;
		if (word && (strcmp(word, "0") == 0 || strcmp(word, "1") == 0))
			right = operations[op].ask(b, word[0] == '1');
	}
	while (n-- > 0)
		free(b[n].p);
	return right;
}

int
main(int argc, char **argv)
{
	static char line[LINE], shown[LINE];
	unsigned passed = 0, failed = 0;

	while (fgets(line, sizeof line, stdin)) {
		memcpy(shown, line, sizeof shown);
		if (ask(line)) {
			passed++;
		} else if (failed++ < 10) {
			fprintf(stderr, "failed: %.700s\n", shown);
		}
	}
	printf("%s: %u passed, %u failed\n", argc > 1 ? argv[1] : "answers", passed, failed);
	return failed != 0 || passed == 0;
}
