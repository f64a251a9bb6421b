/*
 * keccak: SHA-3's hashes and extendable outputs, FIPS 202, as ML-KEM needs them.
 *
 * Pure.  Time depends on lengths alone.  Bytes are taken and given in pieces of any size.
 */
#ifndef KECCAK_H
#define KECCAK_H

#include <stddef.h>
#include <stdint.h>

enum keccak_kind { KECCAK_SHAKE128, KECCAK_SHAKE256, KECCAK_SHA3_256, KECCAK_SHA3_512 };

/* Holds what was absorbed: the caller wipes it when that was secret. */
struct keccak {
	uint64_t lanes[25];
	unsigned at, rate;    /* bytes: place in the block, and its size */
	unsigned char suffix; /* of the message; 0 once it is there and output has begun */
};

void keccak_start(struct keccak *k, enum keccak_kind kind);

/* Not after keccak_squeeze. */
void keccak_absorb(struct keccak *k, const void *data, size_t len);

/* The next bytes of output: as many as one likes of a SHAKE, 32 or 64 in all of a hash. */
void keccak_squeeze(struct keccak *k, void *out, size_t len);

#endif
