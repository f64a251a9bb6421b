/*
 * siphash: HalfSipHash-1-3, a keyed 32-bit hash (Aumasson and Bernstein, "SipHash: a fast short-input PRF").
 *
 * The member of the family made for 32-bit machines: on a MIPS it takes half of SipHash's instructions.
 * With these rounds it is what Linux takes for its own tables on such machines (Documentation/security/
 * siphash.rst).  For tables only: with a random key, and hashes that nobody is shown, nobody outside can
 * choose names that collide.  Never a MAC.
 * Pure.
 */
#ifndef SIPHASH_H
#define SIPHASH_H

#include <stddef.h>
#include <stdint.h>

struct siphash_key {
	uint32_t k0, k1;
};

uint32_t siphash(const struct siphash_key *key, const void *data, size_t len);

#endif
