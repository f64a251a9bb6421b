/*
 * p384: public keys, ECDSA and ECDH on P-384.  See p384.h; what it shares with P-256 is in curve.inc.
 *
 * Certificates of others are verified with it all day; a P-384 key of our own is what some users bring along, so no table
 * is spent on multiples of G.
 */
#include "lib/curve/p384.h"
#include "lib/curve/field384.inc"
#include "lib/curve/p384_table.inc"
#include "lib/curve/curve.inc"

int
p384_public(unsigned char pub[P384_POINT], const unsigned char key[P384_SCALAR])
{
	return curve_public(pub, key);
}

int
p384_sign(unsigned char sig[P384_SIGNATURE], const unsigned char *hash, size_t hash_len,
	const unsigned char key[P384_SCALAR])
{
	return scalar_sign(
		sig, hash, hash_len, key, &br_sha384_vtable, &curve_order, curve_base_store);
}

bool
p384_verify(const unsigned char sig[P384_SIGNATURE], const unsigned char *hash, size_t hash_len,
	const unsigned char pub[P384_POINT])
{
	return curve_verify(sig, hash, hash_len, pub);
}

int
p384_ecdh(unsigned char shared[P384_SCALAR], const unsigned char peer[P384_POINT],
	const unsigned char key[P384_SCALAR])
{
	return curve_exchange(shared, peer, key);
}
