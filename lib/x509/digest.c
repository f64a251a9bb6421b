/*
 * digest: SHA-256 over pieces.  See digest.h.
 */
#include "lib/x509/digest.h"

#include <bearssl.h>

void
digest_sha256(unsigned char out[DIGEST_SHA256], const struct digest_part *parts, size_t count)
{
	br_sha256_context hash;

	br_sha256_init(&hash);
	for (size_t i = 0; i < count; i++)
		br_sha256_update(&hash, parts[i].data, parts[i].len);
	br_sha256_out(&hash, out);
}
