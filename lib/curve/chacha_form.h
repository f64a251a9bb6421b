/*
 * chacha_form: many blocks of ChaCha20 at once, for one width of vectors.  Included by chacha_vector.h once a width, with
 *   FORM_NAME, FORM_TARGET: the function's name and attribute
 *   FORM_WIDTH              words of a vector: 4, or 8, where a vector holds one row of two blocks
 *   FORM_SETS               how many such blocks or pairs run side by side: as many as the registers hold
 *
 * A row of the state is a vector, so that all four columns are one step and the diagonals are columns once the rows are
 * turned.
 */
#ifndef FORM_NAME
/* read alone, as lint does */
#define FORM_NAME   mix_alone
#define FORM_TARGET __attribute__((unused))
#define FORM_WIDTH  4
#define FORM_SETS   2
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#endif

#define JOIN_(a, b) a##b
#define JOIN(a, b)  JOIN_(a, b)
#define VECTOR      JOIN(FORM_NAME, _vector)
#define EACH        _Pragma("GCC unroll 4") for (int s = 0; s < FORM_SETS; s++)

typedef uint32_t VECTOR __attribute__((vector_size(4 * FORM_WIDTH)));

#define TURN(n, v) (v << n | v >> (32 - n))
#if FORM_WIDTH == 8
typedef uint8_t JOIN(FORM_NAME, _bytes) __attribute__((vector_size(32)));
#define BYTES(v) ((JOIN(FORM_NAME, _bytes))(v))
/* whole bytes are moved in one instruction */
#define TURN_16(v)                                                                                 \
	((VECTOR)__builtin_shufflevector(BYTES(v), BYTES(v), 2, 3, 0, 1, 6, 7, 4, 5, 10, 11, 8, 9, \
		14, 15, 12, 13, 18, 19, 16, 17, 22, 23, 20, 21, 26, 27, 24, 25, 30, 31, 28, 29))
#define TURN_8(v)                                                                                  \
	((VECTOR)__builtin_shufflevector(BYTES(v), BYTES(v), 3, 0, 1, 2, 7, 4, 5, 6, 11, 8, 9, 10, \
		15, 12, 13, 14, 19, 16, 17, 18, 23, 20, 21, 22, 27, 24, 25, 26, 31, 28, 29, 30))
/* a row to the left by 1, 2, 3 words, in both blocks */
#define LEFT(v, i, j, k, l) __builtin_shufflevector(v, v, i, j, k, l, i + 4, j + 4, k + 4, l + 4)
#define ROW(p)              ((VECTOR){ (p)[0], (p)[1], (p)[2], (p)[3], (p)[0], (p)[1], (p)[2], (p)[3] })
#define NUMBERS(n)          ((VECTOR){ n, 0, 0, 0, n + 1, 0, 0, 0 })
#define FIRST(x, y)         __builtin_shufflevector(x, y, 0, 1, 2, 3, 8, 9, 10, 11)
#define SECOND(x, y)        __builtin_shufflevector(x, y, 4, 5, 6, 7, 12, 13, 14, 15)
#define MIX_SET(p, a, b, c, d)                      \
	do {                                        \
		MIX_VECTOR(p, FIRST(a, b));         \
		MIX_VECTOR((p) + 32, FIRST(c, d));  \
		MIX_VECTOR((p) + 64, SECOND(a, b)); \
		MIX_VECTOR((p) + 96, SECOND(c, d)); \
	} while (0)
#else
#define TURN_16(v)          TURN(16, v)
#define TURN_8(v)           TURN(8, v)
#define LEFT(v, i, j, k, l) __builtin_shufflevector(v, v, i, j, k, l)
#define ROW(p)              ((VECTOR){ (p)[0], (p)[1], (p)[2], (p)[3] })
#define NUMBERS(n)          ((VECTOR){ n, 0, 0, 0 })
#define MIX_SET(p, a, b, c, d)           \
	do {                             \
		MIX_VECTOR(p, a);        \
		MIX_VECTOR((p) + 16, b); \
		MIX_VECTOR((p) + 32, c); \
		MIX_VECTOR((p) + 48, d); \
	} while (0)
#endif
#define MIX_VECTOR(p, v)                 \
	do {                             \
		VECTOR w;                \
		memcpy(&w, p, sizeof w); \
		w ^= (v);                \
		memcpy(p, &w, sizeof w); \
	} while (0)

/* Returns how many bytes it took: whole rounds of its blocks. */
FORM_TARGET static size_t
FORM_NAME(uint32_t state[16], unsigned char *data, size_t len)
{
	enum { BLOCKS = FORM_SETS * FORM_WIDTH / 4, STEP = 64 * BLOCKS };
	const VECTOR a0 = ROW(state), b0 = ROW(state + 4), c0 = ROW(state + 8);
	VECTOR a[FORM_SETS], b[FORM_SETS], c[FORM_SETS], d[FORM_SETS];
	size_t done = 0;

	for (; len - done >= STEP; done += STEP, state[12] += BLOCKS) {
		const VECTOR d0 = ROW(state + 12);

		EACH
		{
			a[s] = a0;
			b[s] = b0;
			c[s] = c0;
			d[s] = d0 + NUMBERS((uint32_t)s * (FORM_WIDTH / 4));
		}
		for (int half = 0; half < 20; half++) {
			EACH a[s] += b[s];
			EACH d[s] = TURN_16((d[s] ^ a[s]));
			EACH c[s] += d[s];
			EACH b[s] ^= c[s];
			EACH b[s] = TURN(12, b[s]);
			EACH a[s] += b[s];
			EACH d[s] = TURN_8((d[s] ^ a[s]));
			EACH c[s] += d[s];
			EACH b[s] ^= c[s];
			EACH b[s] = TURN(7, b[s]);
			if (half % 2 == 0) {
				EACH b[s] = LEFT(b[s], 1, 2, 3, 0);
				EACH c[s] = LEFT(c[s], 2, 3, 0, 1);
				EACH d[s] = LEFT(d[s], 3, 0, 1, 2);
			} else {
				EACH b[s] = LEFT(b[s], 3, 0, 1, 2);
				EACH c[s] = LEFT(c[s], 2, 3, 0, 1);
				EACH d[s] = LEFT(d[s], 1, 2, 3, 0);
			}
		}
		EACH
		{
			unsigned char *p = data + done + 16 * FORM_WIDTH * s;

			a[s] += a0;
			b[s] += b0;
			c[s] += c0;
			d[s] += d0 + NUMBERS((uint32_t)s * (FORM_WIDTH / 4));
			MIX_SET(p, a[s], b[s], c[s], d[s]);
		}
	}
	return done;
}

#undef FORM_NAME
#undef FORM_TARGET
#undef FORM_WIDTH
#undef FORM_SETS
#undef JOIN_
#undef JOIN
#undef VECTOR
#undef EACH
#undef TURN
#undef TURN_16
#undef TURN_8
#undef LEFT
#undef ROW
#undef NUMBERS
#undef FIRST
#undef SECOND
#undef BYTES
#undef MIX_SET
#undef MIX_VECTOR
