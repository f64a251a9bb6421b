/*
 * kem: ML-KEM-768.  See kem.h.  Names in comments are those of FIPS 203.
 *
 * Numbers mod q = 3329 are signed and not unique: "small" ones are at most q/2 from zero.  Products are reduced by two
 * multiplications and two shifts (T. Plantard, "Efficient word size modular arithmetic", 2021; the signed form by
 * J. Huang and others, 2022).  No division: a compiler may make one that takes its time by the number.
 */
#include "lib/curve/kem.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include "lib/base/pool.h"
#include "lib/curve/keccak.h"
#include "lib/curve/word.h"

enum { N = 256, K = 3, Q = 3329, POLY = 384, COMPRESSED_U = 320, COMPRESSED_V = 128, PRF = 128 };

/* 1/q mod 2^32 */
#define Q_INVERSE 1806234369u
/* The form in which mul_by takes a constant b: -b * 2^32 mod q, times 1/q mod 2^32. */
#define ONE   1290168u
#define SCALE 2549370796u /* -2^32: a sum of products, which reduce left with -2^-32, comes right */
#define FINAL 2435836064u /* SCALE/128, which ends the inverse transform */

struct poly {
	int16_t c[N];
};

struct vector {
	struct poly p[K];
};

/* 17^BitRev7(i), in the form for mul_by */
static const uint32_t zetas[N / 2] = { 0x0013afb8, 0x84f5c5b6, 0xc666e465, 0xfcec8b58, 0xcb2b72d0,
	0x30726d5b, 0x91e11612, 0x41360f89, 0x51aaf2da, 0x93922fd5, 0x0ed77946, 0x3d4a0dff,
	0xd63e49fb, 0xfab1a391, 0x2bc18ea7, 0x864470e4, 0x16c32c11, 0xbc2c9a1c, 0x66f8144e,
	0x71811d74, 0xea3cc040, 0x044e701f, 0xac4184cf, 0x6681f601, 0x6da8cba2, 0xa1074e36,
	0x2924384b, 0xdda02ec2, 0xb805896c, 0xdd651f9c, 0x97ccf03d, 0x3f228731, 0x16395e0d,
	0x19743224, 0xfa27d58e, 0x87094e0e, 0x5c0c9c92, 0xb12d72a9, 0xaf19ea51, 0x9e078945,
	0x31fc27af, 0x9807ff63, 0xc13fe765, 0x3099ccc9, 0xdc518394, 0x0289a6a5, 0x658209b1,
	0x934370f8, 0xb254be68, 0x6e59f915, 0x3e0eeb29, 0x22c23fd4, 0x6e95083b, 0xdc8c92ba,
	0x75f6ed02, 0xb8b6b6df, 0xcb8de165, 0xc93f49e7, 0x71e38c09, 0x31d4c840, 0xbe402274,
	0xef28ae1a, 0x5e5b3410, 0x45fa9df4, 0x014eab2e, 0xd4522112, 0x2cd52aae, 0xcbb540d4,
	0x7de29fcd, 0x379942fb, 0xaff27732, 0x54970814, 0x6c5a2074, 0xccb52d24, 0xfc4f0d9d,
	0x11eaedee, 0x3a22e9a0, 0xa5cbdca1, 0xe7da790b, 0xea8b7f1e, 0x82f5ed16, 0x7ef63bd5,
	0xd6795921, 0x8992f4b3, 0x8e08c440, 0x4935720b, 0x7059d1b5, 0xcea1560e, 0x483585bb,
	0xb17c3187, 0xbb67bcf2, 0xb7a31ad7, 0x385e2025, 0xb3b7194d, 0x149bf401, 0x314afa3c,
	0x79cf3ed4, 0xb0b7545c, 0x9ca52e5f, 0xf79e2ee9, 0x1cd665aa, 0xc4049d2f, 0xa0b88f58,
	0x7e801d88, 0x51bea292, 0x1887f58b, 0xd53e5dab, 0x3a369957, 0xa169bccb, 0x2b2410ec,
	0xbda2a4b9, 0xc77a806d, 0xd7a0a4e0, 0x53f98a58, 0x1efd9db9, 0x4ee63d0f, 0x57e58be2,
	0xa555be54, 0xd565bd19, 0x442224c3, 0x846bf7b2, 0x5d33e851, 0x901c4c98, 0x4f214c36,
	0xa24249ac, 0xe1b38fba, 0x440e750b, 0xa5a47d32 };

/* a * -2^-32 mod q, small, for |a| <= 64 * q^2 */
CURVE_HOT static inline int32_t
reduce(int32_t a)
{
	return (((int32_t)((uint32_t)a * Q_INVERSE) >> 16) + 8) * Q >> 16;
}

/* a * b mod q, small, for |a| <= 64 * q and b in its form */
CURVE_HOT static inline int32_t
mul_by(int32_t a, uint32_t b)
{
	return (((int32_t)((uint32_t)a * b) >> 16) + 8) * Q >> 16;
}

/* 0 or 1 becomes no bits or all, and the compiler does not know which: it could make a branch of that. */
CURVE_HOT static inline uint32_t
mask_of(uint32_t bit)
{
	uint32_t mask = 0 - bit;

	__asm__("" : "+r"(mask));
	return mask;
}

/* 0..q-1 of a number of at most 64 * q */
CURVE_HOT static inline uint32_t
unique(int32_t a)
{
	a = mul_by(a, ONE);
	return (uint32_t)a + (mask_of((uint32_t)a >> 31) & Q);
}

/* Algorithm 9.  The input is below 2q, the output small. */
CURVE_HOT static void
transform(struct poly *p)
{
	const uint32_t *zeta = zetas + 1;
	int16_t *a, *block, *end = p->c + N;
	int len;

	for (len = N / 2; len >= 2; len /= 2)
		for (block = p->c; block < end; block += 2 * len, zeta++)
			for (a = block; a < block + len; a++) {
				const int32_t t = mul_by(a[len], *zeta);

				a[len] = (int16_t)(a[0] - t);
				a[0] = (int16_t)(a[0] + t);
			}
	for (a = p->c; a < end; a++)
		*a = (int16_t)mul_by(*a, ONE);
}

/* Algorithm 10, and what multiply_row left is made right.  What comes in is at most q from zero and doubles at every
 * step: after three it has to be made small, or it would be over 16 bits. */
CURVE_HOT static void
transform_back(struct poly *p)
{
	const uint32_t *zeta = zetas + N / 2 - 1;
	int16_t *a, *block, *end = p->c + N;
	int len;

	for (len = 2; len <= N / 2; len *= 2) {
		for (block = p->c; block < end; block += 2 * len, zeta--)
			for (a = block; a < block + len; a++) {
				const int32_t t = a[0];

				a[0] = (int16_t)(t + a[len]);
				a[len] = (int16_t)mul_by(a[len] - t, *zeta);
			}
		for (a = p->c; len == 8 && a < end; a++)
			*a = (int16_t)mul_by(*a, ONE);
	}
	for (a = p->c; a < end; a++)
		*a = (int16_t)mul_by(*a, FINAL);
}

/* r = sum of a[0], a[step], a[2 * step] times b, Algorithm 11, each times -2^-32; at most q from zero.  a is below q,
 * b small: a sum is below 3 * 2 * q * q/2. */
CURVE_HOT static void
multiply_row(struct poly *r, const struct poly *a, size_t step, const struct vector *b)
{
	int i, j;

	for (i = 0; i < N; i += 2) {
		const uint32_t zeta = zetas[N / 4 + i / 4];
		int32_t low = 0, high = 0, cross = 0;

		for (j = 0; j < K; j++) {
			const int16_t *x = a[step * (size_t)j].c + i, *y = b->p[j].c + i;

			low += x[0] * y[0];
			high += x[1] * y[1];
			cross += x[0] * y[1] + x[1] * y[0];
		}
		high = mul_by(reduce(high), zeta);
		/* of two neighbours the second has the negative root */
		r->c[i] = (int16_t)(reduce(low) + (i % 4 == 0 ? high : -high));
		r->c[i + 1] = (int16_t)reduce(cross);
	}
}

/* Algorithm 7: a polynomial by rejection, from a seed that everybody knows. */
CURVE_HOT static void
sample_uniform(struct poly *p, const unsigned char rho[32], unsigned j, unsigned i)
{
	const unsigned char place[2] = { (unsigned char)j, (unsigned char)i };
	unsigned char block[168];
	struct keccak k;
	int n = 0;
	size_t at;

	keccak_start(&k, KECCAK_SHAKE128);
	keccak_absorb(&k, rho, 32);
	keccak_absorb(&k, place, 2);
	/* of 4096 values 3329 are taken: three blocks in most cases, and an end with certainty */
	while (n < N) {
		keccak_squeeze(&k, block, sizeof block);
		for (at = 0; at < sizeof block && n < N; at += 3) {
			const int d1 = block[at] | (block[at + 1] & 15) << 8;
			const int d2 = block[at + 1] >> 4 | block[at + 2] << 4;

			if (d1 < Q)
				p->c[n++] = (int16_t)d1;
			if (d2 < Q && n < N)
				p->c[n++] = (int16_t)d2;
		}
	}
}

/* The matrix A, row by row. */
static void
sample_matrix(struct poly matrix[K * K], const unsigned char rho[32])
{
	unsigned i, j;

	for (i = 0; i < K; i++)
		for (j = 0; j < K; j++)
			sample_uniform(&matrix[K * i + j], rho, j, i);
}

/* Algorithm 8 of PRF_2(seed, nonce): every number is the difference of two sums of two bits. */
CURVE_HOT static void
sample_noise(struct poly *p, const unsigned char seed[32], unsigned nonce)
{
	const unsigned char last = (unsigned char)nonce;
	unsigned char bytes[PRF];
	struct keccak k;
	int i;

	keccak_start(&k, KECCAK_SHAKE256);
	keccak_absorb(&k, seed, 32);
	keccak_absorb(&k, &last, 1);
	keccak_squeeze(&k, bytes, sizeof bytes);
	for (i = 0; i < PRF; i++) {
		/* four sums of two bits */
		const int sums = (bytes[i] & 0x55) + (bytes[i] >> 1 & 0x55);

		p->c[2 * i] = (int16_t)((sums & 3) - (sums >> 2 & 3));
		p->c[2 * i + 1] = (int16_t)((sums >> 4 & 3) - (sums >> 6));
	}
	pool_wipe(&k, sizeof k);
	pool_wipe(bytes, sizeof bytes);
}

static void
sample_vector(struct vector *v, const unsigned char seed[32], unsigned nonce)
{
	int i;

	for (i = 0; i < K; i++) {
		sample_noise(&v->p[i], seed, nonce + (unsigned)i);
		transform(&v->p[i]);
	}
}

CURVE_HOT static void
add(struct poly *r, const struct poly *a)
{
	int i;

	for (i = 0; i < N; i++)
		r->c[i] = (int16_t)(r->c[i] + a->c[i]);
}

/* ByteEncode12 */
CURVE_HOT static void
encode(unsigned char out[POLY], const struct poly *p)
{
	int i;

	for (i = 0; i < N; i += 2, out += 3) {
		const uint32_t a = unique(p->c[i]), b = unique(p->c[i + 1]);

		out[0] = (unsigned char)a;
		out[1] = (unsigned char)(a >> 8 | b << 4);
		out[2] = (unsigned char)(b >> 4);
	}
}

/* ByteDecode12 without its reduction; false: a number was not reduced. */
CURVE_HOT static bool
decode(struct poly *p, const unsigned char in[POLY])
{
	bool good = true;
	int i;

	for (i = 0; i < N; i += 2, in += 3) {
		p->c[i] = (int16_t)(in[0] | (in[1] & 15) << 8);
		p->c[i + 1] = (int16_t)(in[1] >> 4 | in[2] << 4);
		good = good && p->c[i] < Q && p->c[i + 1] < Q;
	}
	return good;
}

/* Compress_d: round(2^d / q * a) mod 2^d.  2580335 = ceil(2^33 / q), exact for every a below q and d up to 11. */
CURVE_HOT static inline uint32_t
compress(int32_t a, int d)
{
	const uint32_t scaled = (unique(a) << d) + Q / 2;

	return (uint32_t)((uint64_t)scaled * 2580335 >> 33) & ((1u << d) - 1);
}

CURVE_HOT static inline int16_t
decompress(uint32_t a, int d)
{
	return (int16_t)((a * Q + (1u << (d - 1))) >> d);
}

/* Numbers of d bits one behind the other: 4 and 10 are what is written, 1 is the message. */
CURVE_HOT static void
pack(unsigned char *out, const struct poly *p, int d)
{
	uint32_t t = 0;
	int bits = 0, i;

	for (i = 0; i < N; i++) {
		t |= compress(p->c[i], d) << bits;
		for (bits += d; bits >= 8; bits -= 8, t >>= 8)
			*out++ = (unsigned char)t;
	}
}

CURVE_HOT static void
unpack(struct poly *p, const unsigned char *in, int d)
{
	uint32_t t = 0;
	int bits = 0, i;

	for (i = 0; i < N; i++) {
		for (; bits < d; bits += 8)
			t |= (uint32_t)*in++ << bits;
		p->c[i] = decompress(t & ((1u << d) - 1), d);
		t >>= d;
		bits -= d;
	}
}

/* v += the message, a bit a number: 0 or q/2. */
static void
add_message(struct poly *v, const unsigned char message[KEM_MESSAGE])
{
	int i;

	for (i = 0; i < N; i++)
		v->c[i] = (int16_t)(v->c[i] + (int)(mask_of((uint32_t)message[i / 8] >> i % 8 & 1) &
						      ((Q + 1) / 2)));
}

/* Hashes two pieces, the second of which may be absent. */
static void
hash(enum keccak_kind kind, unsigned char *out, size_t out_len, const unsigned char *a,
	size_t a_len, const unsigned char *b, size_t b_len)
{
	struct keccak k;

	keccak_start(&k, kind);
	keccak_absorb(&k, a, a_len);
	keccak_absorb(&k, b, b_len);
	keccak_squeeze(&k, out, out_len);
	pool_wipe(&k, sizeof k);
}

/* Algorithm 13: K-PKE.KeyGen(d).  The matrix and the transformed secret stay for who goes on with them. */
static void
expand(unsigned char public[KEM_PUBLIC], struct poly matrix[K * K], struct vector *secret,
	const unsigned char d[32])
{
	static const unsigned char k[1] = { K };
	unsigned char seeds[64]; /* rho, sigma */
	struct poly t, e;
	unsigned i;

	hash(KECCAK_SHA3_512, seeds, sizeof seeds, d, 32, k, 1);
	CURVE_NOT_SECRET(seeds, 32);
	sample_matrix(matrix, seeds);
	sample_vector(secret, seeds + 32, 0);
	for (i = 0; i < K; i++) {
		int n;

		multiply_row(&t, &matrix[K * i], 1, secret);
		for (n = 0; n < N; n++)
			t.c[n] = (int16_t)mul_by(t.c[n], SCALE);
		sample_noise(&e, seeds + 32, K + i);
		transform(&e);
		add(&t, &e);
		encode(public + POLY * i, &t);
	}
	memcpy(public + POLY * K, seeds, 32);
	CURVE_NOT_SECRET(public, KEM_PUBLIC);
	pool_wipe(seeds, sizeof seeds);
	pool_wipe(&t, sizeof t);
	pool_wipe(&e, sizeof e);
}

/* Algorithm 14: K-PKE.Encrypt, with the matrix that the public key's last 32 bytes give; y is room, which is wiped. */
static void
encrypt(unsigned char ciphertext[KEM_CIPHERTEXT], const unsigned char public[KEM_PUBLIC],
	struct poly matrix[K * K], struct vector *y, const unsigned char message[KEM_MESSAGE],
	const unsigned char seed[32])
{
	struct poly p, e;
	unsigned i;

	sample_vector(y, seed, 0);
	for (i = 0; i < K; i++) {
		/* a column of the matrix is a row of its transpose */
		multiply_row(&p, &matrix[i], K, y);
		transform_back(&p);
		sample_noise(&e, seed, K + i);
		add(&p, &e);
		pack(ciphertext + COMPRESSED_U * i, &p, 10);
	}
	/* the matrix is not needed any more, and t takes its place */
	for (i = 0; i < K; i++)
		(void)decode(&matrix[i], public + POLY * i);
	multiply_row(&p, matrix, 1, y);
	transform_back(&p);
	sample_noise(&e, seed, 2 * K);
	add(&p, &e);
	add_message(&p, message);
	pack(ciphertext + COMPRESSED_U * K, &p, 4);
	pool_wipe(&p, sizeof p);
	pool_wipe(&e, sizeof e);
	pool_wipe(y, sizeof *y);
}

/* Algorithm 15: K-PKE.Decrypt.  `u` is room for three polynomials. */
static void
decrypt(unsigned char message[KEM_MESSAGE], const unsigned char ciphertext[KEM_CIPHERTEXT],
	const struct vector *secret, struct vector *u)
{
	struct poly v, w;
	int i;

	for (i = 0; i < K; i++) {
		unpack(&u->p[i], ciphertext + COMPRESSED_U * i, 10);
		transform(&u->p[i]);
	}
	multiply_row(&w, u->p, 1, secret);
	transform_back(&w);
	unpack(&v, ciphertext + COMPRESSED_U * K, 4);
	for (i = 0; i < N; i++)
		w.c[i] = (int16_t)(v.c[i] - w.c[i]);
	pack(message, &w, 1);
	pool_wipe(&w, sizeof w);
}

void
kem_keygen(unsigned char public[KEM_PUBLIC], const unsigned char secret[KEM_SEED])
{
	struct poly matrix[K * K];
	struct vector s;

	expand(public, matrix, &s, secret);
	pool_wipe(&s, sizeof s);
}

int
kem_encaps(unsigned char ciphertext[KEM_CIPHERTEXT], unsigned char shared[KEM_SHARED],
	const unsigned char public[KEM_PUBLIC], const unsigned char message[KEM_MESSAGE])
{
	unsigned char hashed[32], keys[64]; /* H(ek); the shared secret and the seed of the noise */
	struct poly matrix[K * K];
	struct vector y;
	int i;

	for (i = 0; i < K; i++)
		if (!decode(&matrix[i], public + POLY * i))
			return -1;
	hash(KECCAK_SHA3_256, hashed, sizeof hashed, public, KEM_PUBLIC, NULL, 0);
	hash(KECCAK_SHA3_512, keys, sizeof keys, message, KEM_MESSAGE, hashed, sizeof hashed);
	sample_matrix(matrix, public + POLY * K);
	encrypt(ciphertext, public, matrix, &y, message, keys + 32);
	memcpy(shared, keys, KEM_SHARED);
	pool_wipe(keys, sizeof keys);
	return 0;
}

void
kem_decaps(unsigned char shared[KEM_SHARED], const unsigned char ciphertext[KEM_CIPHERTEXT],
	const unsigned char secret[KEM_SEED])
{
	unsigned char public[KEM_PUBLIC], again[KEM_CIPHERTEXT], message[KEM_MESSAGE];
	unsigned char hashed[32], keys[64], rejected[KEM_SHARED];
	struct poly matrix[K * K];
	struct vector s, u;
	uint32_t differs = 0, mask;
	int i;

	expand(public, matrix, &s, secret);
	decrypt(message, ciphertext, &s, &u);
	hash(KECCAK_SHA3_256, hashed, sizeof hashed, public, KEM_PUBLIC, NULL, 0);
	hash(KECCAK_SHA3_512, keys, sizeof keys, message, KEM_MESSAGE, hashed, sizeof hashed);
	hash(KECCAK_SHAKE256, rejected, sizeof rejected, secret + 32, 32, ciphertext,
		KEM_CIPHERTEXT);
	encrypt(again, public, matrix, &s, message, keys + 32);
	for (i = 0; i < KEM_CIPHERTEXT; i++)
		differs |= (uint32_t)(ciphertext[i] ^ again[i]);
	mask = mask_of((0 - differs) >> 31);
	for (i = 0; i < KEM_SHARED; i++)
		shared[i] = (unsigned char)(keys[i] ^ (mask & (uint32_t)(keys[i] ^ rejected[i])));
	pool_wipe(message, sizeof message);
	pool_wipe(keys, sizeof keys);
	pool_wipe(rejected, sizeof rejected);
	pool_wipe(again, sizeof again);
	pool_wipe(&u, sizeof u);
	pool_wipe(matrix, sizeof matrix);
}
