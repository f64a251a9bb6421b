/*
 * p521: ECDSA verification on P-521.  See p521.h; what it shares with the other curves is in curve.inc.
 */
#include "lib/curve/p521.h"
#include "lib/curve/field521.inc"
#include "lib/curve/p521_table.inc"
#include "lib/curve/curve.inc"

bool
p521_verify(const unsigned char sig[P521_SIGNATURE], const unsigned char *hash, size_t hash_len,
	const unsigned char pub[P521_POINT])
{
	return curve_verify(sig, hash, hash_len, pub);
}
