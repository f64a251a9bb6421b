/*
 * chacha: the stream, the tag, both together.  See chacha.h.
 */
#include "lib/curve/chacha.h"

#include <string.h>
#include "lib/base/pool.h"
#include "lib/curve/word.h"

enum { BLOCK = 64, TAG_BLOCK = 16 };

/* Words are little endian in the stream and wherever they lie. */
CURVE_HOT static inline uint32_t
little(uint32_t w)
{
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
	return __builtin_bswap32(w);
#else
	return w;
#endif
}

CURVE_HOT static inline uint32_t
load(const unsigned char *p)
{
	uint32_t w;

	memcpy(&w, p, sizeof w);
	return little(w);
}

static inline void
store(unsigned char *p, uint32_t w)
{
	w = little(w);
	memcpy(p, &w, sizeof w);
}

/* --- ChaCha20, section 2.4 --- */

CURVE_HOT static inline uint32_t
rotate(uint32_t w, int n)
{
	return w << n | w >> (32 - n);
}

#define QUARTER(a, b, c, d)            \
	do {                           \
		a += b;                \
		d = rotate(d ^ a, 16); \
		c += d;                \
		b = rotate(b ^ c, 12); \
		a += b;                \
		d = rotate(d ^ a, 8);  \
		c += d;                \
		b = rotate(b ^ c, 7);  \
	} while (0)

/* XORs word i of a block over the data, wherever it lies. */
#define MIX(i, x)                                     \
	do {                                          \
		uint32_t w;                           \
		memcpy(&w, data + 4 * (i), sizeof w); \
		w ^= little((x) + state[i]);          \
		memcpy(data + 4 * (i), &w, sizeof w); \
	} while (0)

/* One block.  All sixteen words have names: a router's registers hold them. */
CURVE_HOT static void
mix_block(const uint32_t state[16], unsigned char *data)
{
	uint32_t x0 = state[0], x1 = state[1], x2 = state[2], x3 = state[3];
	uint32_t x4 = state[4], x5 = state[5], x6 = state[6], x7 = state[7];
	uint32_t x8 = state[8], x9 = state[9], x10 = state[10], x11 = state[11];
	uint32_t x12 = state[12], x13 = state[13], x14 = state[14], x15 = state[15];
	int i;

	for (i = 0; i < 10; i++) {
		QUARTER(x0, x4, x8, x12);
		QUARTER(x1, x5, x9, x13);
		QUARTER(x2, x6, x10, x14);
		QUARTER(x3, x7, x11, x15);
		QUARTER(x0, x5, x10, x15);
		QUARTER(x1, x6, x11, x12);
		QUARTER(x2, x7, x8, x13);
		QUARTER(x3, x4, x9, x14);
	}
	MIX(0, x0);
	MIX(1, x1);
	MIX(2, x2);
	MIX(3, x3);
	MIX(4, x4);
	MIX(5, x5);
	MIX(6, x6);
	MIX(7, x7);
	MIX(8, x8);
	MIX(9, x9);
	MIX(10, x10);
	MIX(11, x11);
	MIX(12, x12);
	MIX(13, x13);
	MIX(14, x14);
	MIX(15, x15);
}

#include "lib/curve/chacha_vector.h"

uint32_t
chacha_run(const void *key, const void *nonce, uint32_t counter, void *data, size_t len)
{
	uint32_t state[16] = { 0x61707865, 0x3320646e, 0x79622d32, 0x6b206574 };
	unsigned char *p = data, last[BLOCK] = { 0 };
	size_t i, n;

	for (i = 0; i < 8; i++)
		state[4 + i] = load((const unsigned char *)key + 4 * i);
	for (i = 0; i < 3; i++)
		state[13 + i] = load((const unsigned char *)nonce + 4 * i);
	state[12] = counter;
	n = mix_vectors(state, p, len);
	p += n;
	len -= n;
	for (; len >= BLOCK; p += BLOCK, len -= BLOCK, state[12]++)
		mix_block(state, p);
	if (len > 0) {
		memcpy(last, p, len);
		mix_block(state, last);
		memcpy(p, last, len);
		state[12]++;
		pool_wipe(last, sizeof last);
	}
	counter = state[12];
	pool_wipe(state, sizeof state);
	return counter;
}

/* --- Poly1305, section 2.5 --- */

/* The sum h is below 2^131 and has a carry that is not yet added at its bottom.  Every word of r lies below 2^28 (of 64
 * bits: 2^60) and all but the first are multiples of 4: so s, which takes what is over 2^130 back to the bottom five times,
 * is r * 5 / 4, and all products of a column fit into twice a word. */
#if CURVE_BITS == 64
typedef uint64_t word;
__extension__ typedef unsigned __int128 wide;
enum { WORDS = 2 };
#else
typedef uint32_t word;
typedef int64_t wide; /* signed, so that the compiler keeps the order: carry, then products */
enum { WORDS = 4 };
#endif
enum { WORD_BITS = 128 / WORDS };

struct poly {
	word r[WORDS], h[WORDS + 1], carry;
};

CURVE_HOT static inline word
load_word(const unsigned char *p)
{
#if CURVE_BITS == 64
	word w;

	/* such CPUs are little endian, or the compiler turns it */
	memcpy(&w, p, sizeof w);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
	w = __builtin_bswap64(w);
#endif
	return w;
#else
	return load(p);
#endif
}

#if CURVE_BITS == 64
CURVE_HOT static void
poly_blocks(struct poly *p, const unsigned char *in, size_t blocks)
{
	const word r0 = p->r[0], r1 = p->r[1], s1 = r1 + (r1 >> 2);
	word h0 = p->h[0], h1 = p->h[1], h2 = p->h[2], c = p->carry;

	for (; blocks > 0; blocks--, in += TAG_BLOCK) {
		word x, over;
		wide d, e;

		over = __builtin_add_overflow(h0, c, &h0);
		over += __builtin_add_overflow(h0, load_word(in), &h0);
		x = __builtin_add_overflow(h1, over, &h1);
		x += __builtin_add_overflow(h1, load_word(in + 8), &h1);
		h2 += x + 1;
		d = (wide)h0 * r0 + (wide)h1 * s1;
		e = (wide)h0 * r1 + (wide)h1 * r0;
		h0 = (word)d;
		/* h2 is below 8: no overflow here */
		x = h2 * s1 + (word)(d >> 64);
		over = __builtin_add_overflow((word)e, x, &h1);
		h2 = h2 * r0 + (word)(e >> 64) + over;
		c = (h2 >> 2) + (h2 & ~(word)3);
		h2 &= 3;
	}
	p->h[0] = h0;
	p->h[1] = h1;
	p->h[2] = h2;
	p->carry = c;
}
#else
/* Halves of a sum.  The compiler must see words, not sums cut short, to multiply and add in one instruction. */
CURVE_HOT static inline word
low(wide d)
{
	word w = (word)d;

	__asm__("" : "+r"(w));
	return w;
}

CURVE_HOT static inline word
high(wide d)
{
	word w = (word)((uint64_t)d >> 32);

	__asm__("" : "+r"(w));
	return w;
}

CURVE_HOT static void
poly_blocks(struct poly *p, const unsigned char *in, size_t blocks)
{
	const word r0 = p->r[0], r1 = p->r[1], r2 = p->r[2], r3 = p->r[3];
	const word s1 = r1 + (r1 >> 2), s2 = r2 + (r2 >> 2), s3 = r3 + (r3 >> 2);
	word h0 = p->h[0], h1 = p->h[1], h2 = p->h[2], h3 = p->h[3], h4 = p->h[4], c = p->carry;
	wide d;

	for (; blocks > 0; blocks--, in += TAG_BLOCK) {
		word a, b, m;

		d = (wide)h0 + load_word(in) + c;
		a = low(d);
		d = (d >> 32) + h1 + load_word(in + 4);
		b = low(d);
		d = (d >> 32) + h2 + load_word(in + 8);
		m = low(d);
		d = (d >> 32) + h3 + load_word(in + 12);
		h3 = low(d);
		h4 += high(d) + 1;
		d = (wide)a * r0 + (wide)b * s3 + (wide)m * s2 + (wide)h3 * s1;
		h0 = low(d);
		d = (wide)high(d) + (wide)a * r1 + (wide)b * r0 + (wide)m * s3 + (wide)h3 * s2 +
		    (wide)h4 * s1;
		h1 = low(d);
		d = (wide)high(d) + (wide)a * r2 + (wide)b * r1 + (wide)m * r0 + (wide)h3 * s3 +
		    (wide)h4 * s2;
		h2 = low(d);
		d = (wide)high(d) + (wide)a * r3 + (wide)b * r2 + (wide)m * r1 + (wide)h3 * r0 +
		    (wide)h4 * s3;
		h3 = low(d);
		h4 = h4 * r0 + high(d);
		c = (h4 >> 2) + (h4 & ~(word)3);
		h4 &= 3;
	}
	p->h[0] = h0;
	p->h[1] = h1;
	p->h[2] = h2;
	p->h[3] = h3;
	p->h[4] = h4;
	p->carry = c;
}
#endif

/* A piece of the message, with zeros up to whole blocks, as section 2.8 has it. */
static void
poly_add(struct poly *p, const unsigned char *data, size_t len)
{
	unsigned char last[TAG_BLOCK] = { 0 };

	poly_blocks(p, data, len / TAG_BLOCK);
	if (len % TAG_BLOCK == 0)
		return;
	memcpy(last, data + len / TAG_BLOCK * TAG_BLOCK, len % TAG_BLOCK);
	poly_blocks(p, last, 1);
	pool_wipe(last, sizeof last);
}

/* r: the first half of the one-time key, with bits cleared (section 2.5). */
static void
poly_start(struct poly *p, const unsigned char key[32])
{
	unsigned char r[TAG_BLOCK];
	int i;

	memcpy(r, key, sizeof r);
	for (i = 0; i < TAG_BLOCK; i++)
		r[i] &= i % 4 == 3 ? 0x0f : i % 4 == 0 && i > 0 ? 0xfc : 0xff;
	*p = (struct poly){ 0 };
	for (i = 0; i < WORDS; i++)
		p->r[i] = load_word(r + WORD_BITS / 8 * i);
	pool_wipe(r, sizeof r);
}

/* The tag: h mod 2^130 - 5, plus the second half of the key, mod 2^128. */
static void
poly_finish(struct poly *p, unsigned char tag[CHACHA_TAG], const unsigned char pad[16])
{
	uint32_t h[5], mask;
	uint64_t t = 0;
	int i;

	/* a carry that comes out on top goes round once more */
	for (i = 0; i <= WORDS; i++) {
		p->h[i] += p->carry;
		p->carry = p->h[i] < p->carry;
	}
	p->h[0] += 5 * (p->h[WORDS] >> 2);
	p->carry = p->h[0] < 5 * (p->h[WORDS] >> 2);
	p->h[WORDS] &= 3;
	for (i = 1; i <= WORDS; i++) {
		p->h[i] += p->carry;
		p->carry = p->h[i] < p->carry;
	}
	for (i = 0; i < 4; i++)
		h[i] = (uint32_t)(p->h[i * 32 / WORD_BITS] >> i * 32 % WORD_BITS);
	h[4] = (uint32_t)p->h[WORDS];
	/* is h + 5 over 2^130?  Then h is over p by as much. */
	t = 5;
	for (i = 0; i < 5; i++)
		t = (t + h[i]) >> (i < 4 ? 32 : 2);
	mask = 0 - (uint32_t)t;
	__asm__("" : "+r"(mask));
	t = mask & 5;
	for (i = 0; i < 4; i++) {
		t += (uint64_t)h[i] + load(pad + 4 * i);
		store(tag + 4 * i, (uint32_t)t);
		t >>= 32;
	}
	pool_wipe(h, sizeof h);
	pool_wipe(p, sizeof *p);
}

/* --- both, section 2.8 --- */

/* The tag of what is encrypted. */
static void
make_tag(unsigned char tag[CHACHA_TAG], const void *key, const void *nonce, const void *data,
	size_t len, const void *aad, size_t aad_len, chacha_stream *stream)
{
	unsigned char once[32] = { 0 }, lengths[TAG_BLOCK];
	struct poly p;

	stream(key, nonce, 0, once, sizeof once);
	poly_start(&p, once);
	poly_add(&p, aad, aad_len);
	poly_add(&p, data, len);
	store(lengths, (uint32_t)aad_len);
	store(lengths + 4, (uint32_t)((uint64_t)aad_len >> 32));
	store(lengths + 8, (uint32_t)len);
	store(lengths + 12, (uint32_t)((uint64_t)len >> 32));
	poly_add(&p, lengths, sizeof lengths);
	poly_finish(&p, tag, once + 16);
	pool_wipe(once, sizeof once);
}

void
chacha_poly1305_run(const void *key, const void *nonce, void *data, size_t len, const void *aad,
	size_t aad_len, void *tag, chacha_stream *stream, int encrypt)
{
	if (encrypt)
		stream(key, nonce, 1, data, len);
	make_tag(tag, key, nonce, data, len, aad, aad_len, stream);
	if (!encrypt)
		stream(key, nonce, 1, data, len);
}

void
chacha_seal(unsigned char *data, size_t len, const unsigned char key[CHACHA_KEY],
	const unsigned char nonce[CHACHA_NONCE], const void *aad, size_t aad_len,
	unsigned char tag[CHACHA_TAG])
{
	chacha_poly1305_run(key, nonce, data, len, aad, aad_len, tag, chacha_run, 1);
}

bool
chacha_open(unsigned char *data, size_t len, const unsigned char key[CHACHA_KEY],
	const unsigned char nonce[CHACHA_NONCE], const void *aad, size_t aad_len,
	const unsigned char tag[CHACHA_TAG])
{
	unsigned char ours[CHACHA_TAG];
	unsigned differs = 0;
	int i;

	make_tag(ours, key, nonce, data, len, aad, aad_len, chacha_run);
	for (i = 0; i < CHACHA_TAG; i++)
		differs |= (unsigned)(ours[i] ^ tag[i]);
	pool_wipe(ours, sizeof ours);
	CURVE_NOT_SECRET(&differs, sizeof differs);
	if (differs != 0)
		return false;
	chacha_run(key, nonce, 1, data, len);
	return true;
}
