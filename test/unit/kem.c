/* kem: the accumulated vectors of C2SP's CCTV, the modulus check, implicit rejection, and the arithmetic against `%`. */
#include "lib/curve/kem.c"

#include "test/unit/check.h"

static void
check_hex(const unsigned char *got, size_t len, const char *want)
{
	char hex[129];
	size_t i;

	for (i = 0; i < len && i < 64; i++)
		snprintf(hex + 2 * i, 3, "%02x", got[i]);
	CHECK_STR(hex, want);
}

/* 100 keys, messages and random ciphertexts from one SHAKE128, all results into another: c2sp.org/CCTV/ML-KEM. */
static void
test_accumulated(void)
{
	unsigned char seed[KEM_SEED], public[KEM_PUBLIC], message[KEM_MESSAGE],
		ciphertext[KEM_CIPHERTEXT];
	unsigned char shared[KEM_SHARED], again[KEM_SHARED];
	struct keccak source, results;
	int i;

	keccak_start(&source, KECCAK_SHAKE128);
	keccak_start(&results, KECCAK_SHAKE128);
	for (i = 0; i < 100; i++) {
		keccak_squeeze(&source, seed, sizeof seed);
		kem_keygen(public, seed);
		keccak_absorb(&results, public, sizeof public);
		keccak_squeeze(&source, message, sizeof message);
		CHECK_INT(kem_encaps(ciphertext, shared, public, message), 0);
		keccak_absorb(&results, ciphertext, sizeof ciphertext);
		keccak_absorb(&results, shared, sizeof shared);
		kem_decaps(again, ciphertext, seed);
		CHECK(memcmp(shared, again, sizeof shared) == 0);
		keccak_squeeze(&source, ciphertext, sizeof ciphertext);
		kem_decaps(shared, ciphertext, seed);
		keccak_absorb(&results, shared, sizeof shared);
	}
	keccak_squeeze(&results, shared, sizeof shared);
	check_hex(shared, sizeof shared,
		"1114b1b6699ed191734fa339376afa7e285c9e6acf6ff0177d346696ce564415");
}

/* Any number of a public key that is not below q: nothing is written. */
static void
test_modulus(void)
{
	unsigned char seed[KEM_SEED] = { 1 }, public[KEM_PUBLIC], message[KEM_MESSAGE] = { 2 };
	unsigned char ciphertext[KEM_CIPHERTEXT] = { 3 }, shared[KEM_SHARED] = { 4 };
	int i;

	kem_keygen(public, seed);
	for (i = 0; i < 3 * POLY; i += 3 * 37) {
		unsigned char *at = public + i, kept[3];

		memcpy(kept, at, 3);
		at[0] = 0x01, at[1] = (unsigned char)((at[1] & 0xf0) | 0x0d); /* 3329 */
		CHECK_INT(kem_encaps(ciphertext, shared, public, message), -1);
		at[0] = 0x00; /* 3328 */
		CHECK_INT(kem_encaps(ciphertext, shared, public, message), 0);
		memset(ciphertext, 3, sizeof ciphertext);
		memset(shared, 4, sizeof shared);
		at[2] = 0xff, at[1] |= 0xf0; /* 4095 */
		CHECK_INT(kem_encaps(ciphertext, shared, public, message), -1);
		CHECK_INT(ciphertext[0], 3);
		CHECK_INT(shared[0], 4);
		memcpy(at, kept, 3);
	}
}

/* One bit of a ciphertext anywhere: another secret, always the same, which depends on z. */
static void
test_rejection(void)
{
	unsigned char seed[KEM_SEED] = { 9 }, public[KEM_PUBLIC], message[KEM_MESSAGE] = { 8 };
	unsigned char ciphertext[KEM_CIPHERTEXT], shared[KEM_SHARED], other[KEM_SHARED],
		again[KEM_SHARED];
	size_t i;

	kem_keygen(public, seed);
	CHECK_INT(kem_encaps(ciphertext, shared, public, message), 0);
	for (i = 0; i < KEM_CIPHERTEXT; i += 61) {
		ciphertext[i] ^= 1;
		kem_decaps(other, ciphertext, seed);
		kem_decaps(again, ciphertext, seed);
		CHECK(memcmp(shared, other, sizeof shared) != 0);
		CHECK(memcmp(again, other, sizeof shared) == 0);
		seed[63] ^= 1;
		kem_decaps(again, ciphertext, seed);
		CHECK(memcmp(again, other, sizeof shared) != 0);
		seed[63] ^= 1;
		ciphertext[i] ^= 1;
	}
	kem_decaps(again, ciphertext, seed);
	CHECK(memcmp(again, shared, sizeof shared) == 0);
}

static bool
is_same(int64_t a, int64_t b)
{
	return (a - b) % Q == 0;
}

/* Every factor that can be met with every root, sums of products at their bounds and in between. */
static void
test_reductions(void)
{
	const int64_t factor = Q - 1929; /* -2^-32 mod q */
	unsigned wrong = 0;
	int64_t root, a;
	int i;

	CHECK(is_same(factor * ((int64_t)1 << 32), -1));
	for (i = 1, root = 1; i < N / 2; i++) {
		int power = 0, bit;

		for (bit = 0; bit < 7; bit++)
			power |= (i >> bit & 1) << (6 - bit);
		for (root = 1; power > 0; power--)
			root = root * 17 % Q;
		for (a = -16 * Q; a <= 16 * Q; a += 7) {
			const int32_t r = mul_by((int32_t)a, zetas[i]);

			wrong += !is_same(r, a * root) || r > Q / 2 || r < -Q / 2;
		}
	}
	CHECK_INT(wrong, 0);
	for (a = -64 * (int64_t)Q * Q; a <= 64 * (int64_t)Q * Q; a += 1021) {
		const int32_t r = reduce((int32_t)a);

		wrong += !is_same(r, a * factor) || r > Q / 2 || r < -Q / 2;
	}
	CHECK_INT(wrong, 0);
	for (a = -64 * Q; a <= 64 * Q; a++)
		wrong += unique((int32_t)a) != (uint32_t)((a % Q + Q) % Q);
	CHECK_INT(wrong, 0);
}

/* Compression of every number, to the nearest, against the definition in whole numbers. */
static void
test_compression(void)
{
	static const int sizes[] = { 1, 4, 10 };
	unsigned wrong = 0;
	size_t i;
	int a;

	for (i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
		const int d = sizes[i];

		for (a = 0; a < Q; a++)
			wrong += compress(a, d) !=
				 (uint32_t)((a * (2 << d) + Q) / (2 * Q) % (1 << d));
		for (a = 0; a < 1 << d; a++)
			wrong += decompress((uint32_t)a, d) != (2 * a * Q + (1 << d)) / (2 << d) ||
				 compress(decompress((uint32_t)a, d), d) != (uint32_t)a;
	}
	CHECK_INT(wrong, 0);
}

/* There and back: multiply_row leaves -2^-32, transform_back takes it out. */
static void
test_transform(void)
{
	struct poly p[K] = { 0 }, r;
	struct vector one = { 0 };
	unsigned wrong = 0;
	int i;

	for (i = 0; i < N; i++)
		p[0].c[i] = (int16_t)(i * 13 % Q);
	one.p[0].c[0] = 1;
	transform(&p[0]);
	transform(&one.p[0]);
	multiply_row(&r, p, 1, &one);
	transform_back(&r);
	for (i = 0; i < N; i++)
		wrong += unique(r.c[i]) != (uint32_t)(i * 13 % Q);
	CHECK_INT(wrong, 0);
}

int
main(void)
{
	test_reductions();
	test_compression();
	test_transform();
	test_accumulated();
	test_modulus();
	test_rejection();
	return check_done("kem");
}
