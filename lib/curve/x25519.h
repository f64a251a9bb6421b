/*
 * x25519: Diffie-Hellman on Curve25519, RFC 7748 section 5.
 *
 * Pure.  Constant time: no branch and no index depends on the scalar, on the peer's number or on the result.
 * Claimed for the code; whether a multiplier takes the same time for every operand is the CPU's matter.
 */
#ifndef X25519_H
#define X25519_H

enum { X25519_SIZE = 32 };

/* out = scalar * u.  Any 32 bytes are a scalar and any are a u: bits are set and cleared as section 5 says, in copies.
 * 0, or -1: u is of small order and the result all zero, which section 6.1 has the caller refuse.  `out` may be any of
 * the inputs. */
int x25519(unsigned char out[X25519_SIZE], const unsigned char scalar[X25519_SIZE],
	const unsigned char u[X25519_SIZE]);

/* out = scalar * 9, the public key. */
void x25519_base(unsigned char out[X25519_SIZE], const unsigned char scalar[X25519_SIZE]);

#endif
