/*
 * keccak: the permutation Keccak-f[1600] and its sponge.  See keccak.h.
 */
#include "lib/curve/keccak.h"

#include <string.h>

enum { ROUNDS = 24, LANES = 25 };

static const uint64_t round_constants[ROUNDS] = { 0x0000000000000001, 0x0000000000008082,
	0x800000000000808a, 0x8000000080008000, 0x000000000000808b, 0x0000000080000001,
	0x8000000080008081, 0x8000000000008009, 0x000000000000008a, 0x0000000000000088,
	0x0000000080008009, 0x000000008000000a, 0x000000008000808b, 0x800000000000008b,
	0x8000000000008089, 0x8000000000008003, 0x8000000000008002, 0x8000000000000080,
	0x000000000000800a, 0x800000008000000a, 0x8000000080008081, 0x8000000000008080,
	0x0000000080000001, 0x8000000080008008 };

static inline uint64_t
rotate(uint64_t a, unsigned n)
{
	return n == 0 ? a : a << n | a >> (64 - n);
}

/* One row of the new state of five lanes, which are rotated and mixed (steps rho, pi and chi). */
#define ROW(y, i0, r0, i1, r1, i2, r2, i3, r3, i4, r4)                  \
	do {                                                            \
		const uint64_t b0 = rotate(from[i0] ^ d[(i0) % 5], r0); \
		const uint64_t b1 = rotate(from[i1] ^ d[(i1) % 5], r1); \
		const uint64_t b2 = rotate(from[i2] ^ d[(i2) % 5], r2); \
		const uint64_t b3 = rotate(from[i3] ^ d[(i3) % 5], r3); \
		const uint64_t b4 = rotate(from[i4] ^ d[(i4) % 5], r4); \
		to[5 * (y)] = b0 ^ (~b1 & b2);                          \
		to[5 * (y) + 1] = b1 ^ (~b2 & b3);                      \
		to[5 * (y) + 2] = b2 ^ (~b3 & b4);                      \
		to[5 * (y) + 3] = b3 ^ (~b4 & b0);                      \
		to[5 * (y) + 4] = b4 ^ (~b0 & b1);                      \
	} while (0)

static void
round_once(uint64_t to[LANES], const uint64_t from[LANES], uint64_t constant)
{
	uint64_t c[5], d[5];
	int x;

	for (x = 0; x < 5; x++)
		c[x] = from[x] ^ from[x + 5] ^ from[x + 10] ^ from[x + 15] ^ from[x + 20];
	d[0] = c[4] ^ rotate(c[1], 1);
	d[1] = c[0] ^ rotate(c[2], 1);
	d[2] = c[1] ^ rotate(c[3], 1);
	d[3] = c[2] ^ rotate(c[4], 1);
	d[4] = c[3] ^ rotate(c[0], 1);
	ROW(0, 0, 0, 6, 44, 12, 43, 18, 21, 24, 14);
	ROW(1, 3, 28, 9, 20, 10, 3, 16, 45, 22, 61);
	ROW(2, 1, 1, 7, 6, 13, 25, 19, 8, 20, 18);
	ROW(3, 4, 27, 5, 36, 11, 10, 17, 15, 23, 56);
	ROW(4, 2, 62, 8, 55, 14, 39, 15, 41, 21, 2);
	to[0] ^= constant;
}

static void
permute(uint64_t a[LANES])
{
	uint64_t b[LANES];
	int i;

	for (i = 0; i < ROUNDS; i += 2) {
		round_once(b, a, round_constants[i]);
		round_once(a, b, round_constants[i + 1]);
	}
}

void
keccak_start(struct keccak *k, enum keccak_kind kind)
{
	static const struct {
		unsigned char rate, suffix;
	} kinds[] = {
		[KECCAK_SHAKE128] = { 168, 0x1f },
		[KECCAK_SHAKE256] = { 136, 0x1f },
		[KECCAK_SHA3_256] = { 136, 0x06 },
		[KECCAK_SHA3_512] = { 72, 0x06 },
	};

	*k = (struct keccak){ .rate = kinds[kind].rate, .suffix = kinds[kind].suffix };
}

static uint64_t
load(const unsigned char *p)
{
	const uint32_t low = (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 |
			     (uint32_t)p[3] << 24;
	const uint32_t high = (uint32_t)p[4] | (uint32_t)p[5] << 8 | (uint32_t)p[6] << 16 |
			      (uint32_t)p[7] << 24;

	return low | (uint64_t)high << 32;
}

static void
store(unsigned char *p, uint64_t lane)
{
	uint32_t half = (uint32_t)lane;
	int i;

	for (i = 0; i < 8; i++, half >>= 8) {
		if (i == 4)
			half = (uint32_t)(lane >> 32);
		p[i] = (unsigned char)half;
	}
}

void
keccak_absorb(struct keccak *k, const void *data, size_t len)
{
	const unsigned char *p = data;

	while (len > 0) {
		if (k->at % 8 == 0 && len >= 8) {
			k->lanes[k->at / 8] ^= load(p);
			k->at += 8;
			p += 8;
			len -= 8;
		} else {
			k->lanes[k->at / 8] ^= (uint64_t)*p++ << k->at % 8 * 8;
			k->at++;
			len--;
		}
		if (k->at == k->rate) {
			permute(k->lanes);
			k->at = 0;
		}
	}
}

void
keccak_squeeze(struct keccak *k, void *out, size_t len)
{
	unsigned char *p = out;

	if (k->suffix != 0) {
		k->lanes[k->at / 8] ^= (uint64_t)k->suffix << k->at % 8 * 8;
		k->lanes[k->rate / 8 - 1] ^= (uint64_t)1 << 63;
		k->suffix = 0;
		k->at = k->rate;
	}
	while (len > 0) {
		if (k->at == k->rate) {
			permute(k->lanes);
			k->at = 0;
		}
		if (k->at % 8 == 0 && len >= 8) {
			store(p, k->lanes[k->at / 8]);
			k->at += 8;
			p += 8;
			len -= 8;
		} else {
			*p++ = (unsigned char)(k->lanes[k->at / 8] >> k->at % 8 * 8);
			k->at++;
			len--;
		}
	}
}
