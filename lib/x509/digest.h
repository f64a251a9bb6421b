/*
 * digest: SHA-256 over pieces, for who may not see BearSSL.
 */
#ifndef DIGEST_H
#define DIGEST_H

#include <stddef.h>

enum { DIGEST_SHA256 = 32 };

struct digest_part {
	const void *data;
	size_t len;
};

/* Over the pieces one after another; who needs to tell ("ab", "c") from ("a", "bc") puts the lengths in. */
void digest_sha256(unsigned char out[DIGEST_SHA256], const struct digest_part *parts, size_t count);

#endif
