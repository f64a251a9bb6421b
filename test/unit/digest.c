/* digest: the hash of pieces is the hash of the whole (FIPS 180-4's example "abc"). */
#include "check.h"
#include "lib/x509/digest.h"

int
main(void)
{
	static const unsigned char abc[DIGEST_SHA256] = { 0xba, 0x78, 0x16, 0xbf, 0x8f, 0x01, 0xcf,
		0xea, 0x41, 0x41, 0x40, 0xde, 0x5d, 0xae, 0x22, 0x23, 0xb0, 0x03, 0x61, 0xa3, 0x96,
		0x17, 0x7a, 0x9c, 0xb4, 0x10, 0xff, 0x61, 0xf2, 0x00, 0x15, 0xad };
	const struct digest_part whole = { "abc", 3 };
	const struct digest_part parts[] = { { "a", 1 }, { "", 0 }, { "bc", 2 } };
	unsigned char out[DIGEST_SHA256];

	digest_sha256(out, &whole, 1);
	CHECK(memcmp(out, abc, sizeof abc) == 0);
	digest_sha256(out, parts, 3);
	CHECK(memcmp(out, abc, sizeof abc) == 0);
	digest_sha256(out, NULL, 0);
	CHECK_INT(out[0], 0xe3);
	return check_done("digest");
}
