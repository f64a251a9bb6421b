/*
 * p256: public keys, ECDSA and ECDH on P-256.  See p256.h; what it shares with P-384 is in curve.inc.
 */
#include "lib/curve/p256.h"
#include "lib/curve/field256.inc"
#include "lib/curve/p256_table.inc"
#define CURVE_COMB
#include "lib/curve/curve.inc"

/* One of 15 points of a table, or the first for 0.  Reads all of the table. */
CURVE_HOT static void
comb_select(struct affine *r, const uint32_t table[15][2][FE_WORDS], uint32_t index)
{
	uint32_t w[2][FE_WORDS] = { { 0 } };

	for (uint32_t i = 0; i < 15; i++) {
		uint32_t mask = words_same(i + 1, index);

		for (int j = 0; j < FE_WORDS; j++) {
			w[0][j] |= table[i][0][j] & mask;
			w[1][j] |= table[i][1][j] & mask;
		}
	}
	affine_load(r, w);
}

/* a += the table's point, in constant time; *infinity, a mask, says that a is infinity. */
static void
comb_add(struct point *a, const uint32_t table[15][2][FE_WORDS], uint32_t index, uint32_t *infinity)
{
	struct point sum, first;
	struct affine q;
	struct slope k;
	uint32_t add = ~words_same(index, 0);

	comb_select(&q, table, index);
	point_from_affine(&first, &q);
	point_add_affine(&sum, a, &q, &k);
	point_choose(&sum, &first, *infinity);
	point_choose(a, &sum, add);
	*infinity &= ~add;
}

/*
 * A comb: the scalar's eight words are eight rows of bits, and one table has the sums of rows 0, 2, 4, 6, another one
 * those of 1, 3, 5, 7: 31 doublings and 64 additions.
 *
 * No addition is exceptional but those to infinity, which a mask knows.  What is added has digits of 0 and 1 in base
 * 2^32, in half the rows; the sum so far has even digits in those rows, so it is not equal unless both are 0; and together
 * they are at most k, which is below n, so it is not the negative.
 */
static void
curve_base(struct point *r, const uint32_t k[FE_WORDS])
{
	uint32_t infinity = ~(uint32_t)0;

	point_from_affine(r, &(struct affine){ curve_one, curve_one });
	for (int i = 31; i >= 0; i--) {
		uint32_t even = 0, odd = 0;

		for (int j = 0; j < 4; j++) {
			even |= (k[2 * j] >> i & 1) << j;
			odd |= (k[2 * j + 1] >> i & 1) << j;
		}
		point_double(r, r);
		comb_add(r, curve_comb[0], even, &infinity);
		comb_add(r, curve_comb[1], odd, &infinity);
	}
}

int
p256_public(unsigned char pub[P256_POINT], const unsigned char key[P256_SCALAR])
{
	return curve_public(pub, key);
}

int
p256_sign(unsigned char sig[P256_SIGNATURE], const unsigned char *hash, size_t hash_len,
	const unsigned char key[P256_SCALAR])
{
	return scalar_sign(
		sig, hash, hash_len, key, &br_sha256_vtable, &curve_order, curve_base_store);
}

bool
p256_verify(const unsigned char sig[P256_SIGNATURE], const unsigned char *hash, size_t hash_len,
	const unsigned char pub[P256_POINT])
{
	return curve_verify(sig, hash, hash_len, pub);
}

int
p256_ecdh(unsigned char shared[P256_SCALAR], const unsigned char peer[P256_POINT],
	const unsigned char key[P256_SCALAR])
{
	return curve_exchange(shared, peer, key);
}
