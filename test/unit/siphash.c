/* siphash: the reference vectors of HalfSipHash-2-4 with a 32-bit result: key 00..07, input 00 01 02 ... */
#include "check.h"
#include "siphash.h"

int
main(void)
{
	static const struct {
		size_t len;
		uint32_t hash;
	} vectors[] = { { 0, 0x5b9f35a9 }, { 1, 0xb85a4727 }, { 2, 0x03a662fa }, { 3, 0x04e7fe8a },
		{ 4, 0x89466e2a }, { 7, 0xc563cf8b }, { 8, 0x8f84b8d0 }, { 15, 0x972bfe74 },
		{ 63, 0x744aea59 } };
	struct siphash_key key = { 0x03020100, 0x07060504 };
	unsigned char in[64], *guarded;

	for (size_t i = 0; i < sizeof in; i++)
		in[i] = (unsigned char)i;
	for (size_t i = 0; i < sizeof vectors / sizeof *vectors; i++) {
		guarded = check_guard(in, vectors[i].len);
		CHECK(siphash(&key, guarded, vectors[i].len) == vectors[i].hash);
		check_unguard(guarded, vectors[i].len);
	}
	key.k1++;
	CHECK(siphash(&key, in, 8) != 0x8f84b8d0);
	return check_done("siphash");
}
