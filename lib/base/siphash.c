/*
 * siphash: one round a word, three to finish.  Words are put together byte by byte, so that neither
 * alignment nor byte order matters.
 */
#include "lib/base/siphash.h"

struct state {
	uint32_t v0, v1, v2, v3;
};

static uint32_t
rotate(uint32_t x, int bits)
{
	return x << bits | x >> (32 - bits);
}

static inline void
run_round(struct state *s)
{
	s->v0 += s->v1;
	s->v1 = rotate(s->v1, 5) ^ s->v0;
	s->v0 = rotate(s->v0, 16);
	s->v2 += s->v3;
	s->v3 = rotate(s->v3, 8) ^ s->v2;
	s->v0 += s->v3;
	s->v3 = rotate(s->v3, 7) ^ s->v0;
	s->v2 += s->v1;
	s->v1 = rotate(s->v1, 13) ^ s->v2;
	s->v2 = rotate(s->v2, 16);
}

static inline void
take_word(struct state *s, uint32_t word)
{
	s->v3 ^= word;
	run_round(s);
	s->v0 ^= word;
}

uint32_t
siphash(const struct siphash_key *key, const void *data, size_t len)
{
	struct state s = { key->k0, key->k1, 0x6c796765 ^ key->k0, 0x74656462 ^ key->k1 };
	const unsigned char *p = data;
	uint32_t last = (uint32_t)len << 24;
	size_t left = len;

	for (; left >= 4; p += 4, left -= 4)
		take_word(&s,
			p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24);
	while (left > 0) {
		left--;
		last |= (uint32_t)p[left] << (8 * left);
	}
	take_word(&s, last);
	s.v2 ^= 0xff;
	for (int i = 0; i < 3; i++)
		run_round(&s);
	return s.v1 ^ s.v3;
}
