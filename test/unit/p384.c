/* p384: RFC 6979's vectors, and what must hold on any curve.  Built again as p384_narrow, with limbs for 32 bits. */
#include "lib/curve/p384.c"
#include "test/unit/curve_cases.h"

#ifndef NAME
#define NAME "p384"
#endif

/* Appendix A.2.6. */
static void
test_known(void)
{
	unsigned char key[P384_SCALAR], want[P384_POINT], pub[P384_POINT], hash[48];
	unsigned char sig[P384_SIGNATURE], known[P384_SIGNATURE];
	static const struct {
		const char *text, *sig;
	} cases[] = {
		{ "sample", "94edbb92a5ecb8aad4736e56c691916b3f88140666ce9fa73d64c4ea95ad133c"
			    "81a648152e44acf96e36dd1e80fabe46"
			    "99ef4aeb15f178cea1fe40db2603138f130e740a19624526203b6351d0a3a94f"
			    "a329c145786e679e7b82c71a38628ac8" },
		{ "test", "8203b63d3c853e8d77227fb377bcf7b7b772e97892a80f36ab775d509d7a5feb"
			  "0542a7f0812998da8f1dd3ca3cf023db"
			  "ddd0760448d42d8a43af45af836fce4de8be06b485e9b61b827c2f13173923e0"
			  "6a739f040649a667bf3b828246baa5a5" },
	};
	br_sha384_context h;

	bytes_from_hex(key, "6b9d3dad2e1b8c1c05b19875b6659f4de23c3b667bf297ba9aa47740787137d8"
			    "96d5724e4c70a825f872c9ea60d2edf5");
	bytes_from_hex(want, "04ec3a4e415b4e19a4568618029f427fa5da9a8bc4ae92e02e06aae5286b300c64"
			     "def8f0ea9055866064a254515480bc13"
			     "8015d9b72d7d57244ea8ef9ac0c621896708a59367f9dfb9f54ca84b3f1c9db1"
			     "288b231c3ae0d4fe7344fd2533264720");
	CHECK_INT(p384_public(pub, key), 0);
	CHECK(memcmp(pub, want, sizeof pub) == 0);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		br_sha384_init(&h);
		br_sha384_update(&h, cases[i].text, strlen(cases[i].text));
		br_sha384_out(&h, hash);
		bytes_from_hex(known, cases[i].sig);
		CHECK_INT(p384_sign(sig, hash, 48, key), 0);
		CHECK(memcmp(sig, known, sizeof sig) == 0);
		CHECK(p384_verify(sig, hash, 48, pub));
	}
	CHECK(!p384_verify(sig, hash, 47, pub));
	memset(key, 0, sizeof key);
	CHECK_INT(p384_sign(sig, hash, 48, key), -1);
}

int
main(void)
{
	test_known();
	test_exceptional();
	test_small_keys(20);
	test_bad_keys();
	test_bad_points("c306610fb0ae5a159cf45c06069f22a6c5eb3641c602d42dea2c4b4f75550793406d80d2"
			"b91ad54f9048bd487af1ade1",
		1);
	test_bad_signatures();
	test_wrapped_x("ffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db2"
		       "48b0a77aecec196accc52975",
		"674db71d55d1948b3c7d4c562474ad137465f9605bc7c67cb9fab6bf9f3ca2ef87d56a8d920568aa"
		"26f7eaf13ee70a45",
		2);
	return check_done(NAME);
}
