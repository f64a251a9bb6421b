/* p256: RFC 6979's vectors, and what must hold on any curve.  Built again as p256_narrow, with limbs for 32 bits. */
#include "lib/curve/p256.c"
#include "test/unit/curve_cases.h"

#ifndef NAME
#define NAME "p256"
#endif

/* Appendix A.2.5: SHA-256 and SHA-512 give hashes of 32 and 64 bytes; k comes from HMAC-SHA-256 here, so of the others only
 * the sum is known. */
static void
test_known(void)
{
	unsigned char key[P256_SCALAR], want[P256_POINT], pub[P256_POINT], hash[64];
	unsigned char sig[P256_SIGNATURE], known[P256_SIGNATURE];
	static const struct {
		const char *text, *sig;
	} cases[] = {
		{ "sample", "efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716"
			    "f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8" },
		{ "test", "f1abb023518351cd71d881567b1ea663ed3efcf6c5132b354f28d3b0b7d38367"
			  "019f4113742a2b14bd25926b49c649155f267e60d3814b4c0cc84250e46f0083" },
	};
	br_sha256_context h;

	bytes_from_hex(key, "c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721");
	bytes_from_hex(want, "0460fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6"
			     "7903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299");
	CHECK_INT(p256_public(pub, key), 0);
	CHECK(memcmp(pub, want, sizeof pub) == 0);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		br_sha256_init(&h);
		br_sha256_update(&h, cases[i].text, strlen(cases[i].text));
		br_sha256_out(&h, hash);
		bytes_from_hex(known, cases[i].sig);
		CHECK_INT(p256_sign(sig, hash, 32, key), 0);
		CHECK(memcmp(sig, known, sizeof sig) == 0);
		CHECK(p256_verify(sig, hash, 32, pub));
	}
	/* a longer hash counts as its first 32 bytes, a shorter one as a number */
	memset(hash + 32, 0x77, 32);
	CHECK(p256_verify(sig, hash, 48, pub) && p256_verify(sig, hash, 64, pub));
	CHECK(!p256_verify(sig, hash, 31, pub));
	memmove(hash + 1, hash, 20);
	hash[0] = 0;
	CHECK_INT(p256_sign(sig, hash, 21, key), 0);
	CHECK(p256_verify(sig, hash + 1, 20, pub));
	memset(key, 0, sizeof key);
	CHECK_INT(p256_sign(sig, hash, 32, key), -1);
	memset(key, 0xff, sizeof key);
	CHECK_INT(p256_sign(sig, hash, 32, key), -1);
}

int
main(void)
{
	test_known();
	test_exceptional();
	test_small_keys(40);
	test_bad_keys();
	test_bad_points("66485c780e2f83d72433bd5d84a06bb6541c2af31dae871728bf856a174f93f4", 1);
	test_bad_signatures();
	test_wrapped_x("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632554",
		"484f0c0fda434ef0a808458914f328715d7a545e198ac7eee31dffe861b5d23f", 3);
	return check_done(NAME);
}
