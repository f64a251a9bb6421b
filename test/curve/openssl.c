/*
 * openssl: random questions for answers.c, answered by OpenSSL.  Usage: openssl SEED OPERATION COUNT...
 *
 * Half of the numbers are no dice: runs of ones and zeros, and what lies at the edges of fields.
 */
#include <openssl/bn.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint64_t state;

/* xorshift64*: the same questions for the same seed */
static uint32_t
dice(void)
{
	state ^= state >> 12;
	state ^= state << 25;
	state ^= state >> 27;
	return (uint32_t)(state * 2685821657736338717u >> 32);
}

static void
fill(unsigned char *p, size_t len)
{
	size_t i, run = 0;
	unsigned char byte = 0;
	unsigned kind = dice() % 4;

	for (i = 0; i < len; i++) {
		if (kind > 1) {
			p[i] = (unsigned char)dice();
			continue;
		}
		/* runs: they bring carries to their ends */
		if (run-- == 0) {
			run = dice() % 8;
			byte = dice() % 2 ? 0xff : 0;
			if (dice() % 4 == 0)
				byte = (unsigned char)dice();
		}
		p[i] = byte;
	}
}

static void
show(const unsigned char *p, size_t len)
{
	putchar(' ');
	if (len == 0)
		putchar('-');
	for (size_t i = 0; i < len; i++)
		printf("%02x", p[i]);
}

static void
must(int ok, const char *what)
{
	if (!ok) {
		fprintf(stderr, "openssl: %s\n", what);
		exit(2);
	}
}

static void
question_x25519(void)
{
	unsigned char scalar[32], u[32], out[32] = { 0 };
	size_t len = 32;
	EVP_PKEY *own, *peer;
	EVP_PKEY_CTX *ctx;
	int good;

	fill(scalar, 32);
	fill(u, 32);
	if (dice() % 16 ==
		0) { /* p - 19..p + 36: what is not canonical, and points of small order */
		memset(u, 0xff, 32);
		u[0] = (unsigned char)(0xed - 19 + dice() % 56);
		u[31] = dice() % 2 ? 0x7f : 0xff;
	} else if (dice() % 16 == 0) {
		memset(u, 0, 32);
		u[0] = (unsigned char)(dice() % 20);
	}
	own = EVP_PKEY_new_raw_private_key(EVP_PKEY_X25519, NULL, scalar, 32);
	peer = EVP_PKEY_new_raw_public_key(EVP_PKEY_X25519, NULL, u, 32);
	must(own && peer, "keys");
	ctx = EVP_PKEY_CTX_new(own, NULL);
	must(ctx && EVP_PKEY_derive_init(ctx) == 1 && EVP_PKEY_derive_set_peer(ctx, peer) == 1,
		"derive");
	good = EVP_PKEY_derive(ctx, out, &len) == 1;
	if (!good)
		memset(out, 0, 32);
	printf("x25519");
	show(scalar, 32);
	show(u, 32);
	show(out, 32);
	printf(" %d\n", good);
	EVP_PKEY_CTX_free(ctx);
	EVP_PKEY_free(own);
	EVP_PKEY_free(peer);
}

/* Any odd modulus, not only a product of two primes, and numbers at its edges. */
static void
question_rsa(void)
{
	unsigned char n[512], e[4], s[512], out[512];
	size_t len = dice() % 3 == 0 ? 256 + dice() % 257
		     : dice() % 2    ? 256
				     : 512,
	       e_len = 1 + dice() % 4;
	BIGNUM *bn_n, *bn_e, *bn_s, *bn_r = BN_new();
	BN_CTX *ctx = BN_CTX_new();

	fill(n, len);
	n[0] |= len == 256 ? 0x80 : 1;
	n[len - 1] |= 1;
	fill(e, e_len);
	e[e_len - 1] |= 3;
	memcpy(s, n, len);
	switch (dice() % 8) {
	case 0: s[len - 1] &= 0xfe; break; /* n - 1 */
	case 1: memset(s, 0, len), s[len - 1] = (unsigned char)(dice() % 3); break;
	case 2: s[dice() % len] = 0; break;
	default:
		fill(s, len);
		if (s[0] >= n[0])
			s[0] = 0;
	}
	bn_n = BN_bin2bn(n, (int)len, NULL);
	bn_e = BN_bin2bn(e, (int)e_len, NULL);
	bn_s = BN_bin2bn(s, (int)len, NULL);
	must(bn_n && bn_e && bn_s && bn_r && ctx && BN_mod_exp(bn_r, bn_s, bn_e, bn_n, ctx) == 1 &&
			BN_bn2binpad(bn_r, out, (int)len) == (int)len,
		"numbers");
	printf("rsa-raw");
	show(n, len);
	show(e, e_len);
	show(s, len);
	show(out, len);
	printf(" %d\n", BN_cmp(bn_s, bn_n) < 0);
	BN_free(bn_n), BN_free(bn_e), BN_free(bn_s), BN_free(bn_r);
	BN_CTX_free(ctx);
}

/* A hash or a SHAKE, of lengths around a block and some blocks. */
static void
question_keccak(void)
{
	static const char *const names[] = { "shake128", "shake256", "sha3-256", "sha3-512" };
	unsigned char data[600], out[600];
	size_t len = dice() % sizeof data, out_len = dice() % sizeof out;
	unsigned kind = dice() % 4;
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	EVP_MD *md = EVP_MD_fetch(NULL, names[kind], NULL);
	unsigned n = 0;

	fill(data, len);
	must(ctx && md && EVP_DigestInit_ex(ctx, md, NULL) == 1 &&
			EVP_DigestUpdate(ctx, data, len) == 1,
		"hash");
	if (kind < 2) {
		must(EVP_DigestFinalXOF(ctx, out, out_len) == 1, "output");
	} else {
		must(EVP_DigestFinal_ex(ctx, out, &n) == 1, "output");
		out_len = n;
	}
	printf("%s", names[kind]);
	show(data, len);
	show(out, out_len);
	printf(" 1\n");
	EVP_MD_free(md);
	EVP_MD_CTX_free(ctx);
}

/* Lengths around every form's step; one in four has a bit wrong somewhere. */
static void
question_chacha(void)
{
	unsigned char key[32], nonce[12], aad[40], data[1300], out[1300], tag[16];
	size_t len = dice() % (dice() % 4 ? 300 : sizeof data), aad_len = dice() % sizeof aad;
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	bool good = dice() % 4 != 0;
	int n = 0;

	fill(key, sizeof key);
	fill(nonce, sizeof nonce);
	fill(aad, aad_len);
	fill(data, len);
	must(ctx && EVP_EncryptInit_ex(ctx, EVP_chacha20_poly1305(), NULL, key, nonce) == 1 &&
			EVP_EncryptUpdate(ctx, NULL, &n, aad, (int)aad_len) == 1 &&
			EVP_EncryptUpdate(ctx, out, &n, data, (int)len) == 1 &&
			EVP_EncryptFinal_ex(ctx, out + n, &n) == 1 &&
			EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, 16, tag) == 1,
		"seal");
	if (!good) {
		if (len > 0 && dice() % 2)
			out[dice() % len] ^= (unsigned char)(1 << dice() % 8);
		else
			tag[dice() % 16] ^= (unsigned char)(1 << dice() % 8);
	}
	printf("chacha");
	show(key, sizeof key);
	show(nonce, sizeof nonce);
	show(aad, aad_len);
	show(data, len);
	show(out, len);
	show(tag, sizeof tag);
	printf(" %d\n", good);
	EVP_CIPHER_CTX_free(ctx);
}

/* By itself, so that the key and the sum are at their edges, too. */
static void
question_poly1305(void)
{
	static EVP_MAC *mac;
	unsigned char key[32], data[256], tag[16];
	size_t len = dice() % 17 * 16, n = 0;
	EVP_MAC_CTX *ctx;

	if (!mac)
		mac = EVP_MAC_fetch(NULL, "POLY1305", NULL);
	must(mac != NULL, "poly1305");
	fill(key, sizeof key);
	fill(data, len);
	if (dice() % 4 == 0)
		memset(data, 0xff, len);
	ctx = EVP_MAC_CTX_new(mac);
	must(ctx && EVP_MAC_init(ctx, key, sizeof key, NULL) == 1 &&
			EVP_MAC_update(ctx, data, len) == 1 &&
			EVP_MAC_final(ctx, tag, &n, sizeof tag) == 1 && n == 16,
		"tag");
	printf("poly1305");
	show(key, sizeof key);
	show(data, len);
	show(tag, sizeof tag);
	printf(" 1\n");
	EVP_MAC_CTX_free(ctx);
}

static const struct {
	const char *name;
	void (*question)(void);
} operations[] = {
	{ "x25519", question_x25519 },
	{ "rsa", question_rsa },
	{ "keccak", question_keccak },
	{ "chacha", question_chacha },
	{ "poly1305", question_poly1305 },
};

int
main(int argc, char **argv)
{
	int i;

	state = argc > 1 ? strtoull(argv[1], NULL, 0) * 2 + 1 : 1;
	for (i = 2; i + 1 < argc; i += 2) {
		size_t op = 0;
		long n = strtol(argv[i + 1], NULL, 10);

		while (op < sizeof operations / sizeof operations[0] &&
			strcmp(operations[op].name, argv[i]) != 0)
			op++;
		must(op < sizeof operations / sizeof operations[0], "no such operation");
		while (n-- > 0)
			operations[op].question();
	}
	return 0;
}
