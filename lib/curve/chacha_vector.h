/*
 * chacha_vector: the forms of ChaCha20 for CPUs with vectors, and the choice between them.  For chacha.c alone.
 *
 * A desk's: x86-64 with AVX2, or with the SSE2 that each has, and 64-bit ARM.  Elsewhere, and under compilers without
 * their portable vectors, nothing is taken here and chacha.c does it block by block.
 */
#ifndef CHACHA_VECTOR_H
#define CHACHA_VECTOR_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include "lib/curve/word.h"

#if CURVE_BITS == 64 && (defined __x86_64__ || defined __aarch64__) && defined __has_builtin && \
	__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#if __has_builtin(__builtin_shufflevector)
#define CHACHA_HAS_VECTORS
#endif
#endif

#ifdef CHACHA_HAS_VECTORS

#define FORM_NAME mix_narrow
#define FORM_TARGET
#define FORM_WIDTH 4
#define FORM_SETS  3
#include "lib/curve/chacha_form.h"

#ifdef __x86_64__
#define FORM_NAME   mix_avx2
#define FORM_TARGET __attribute__((target("avx2")))
#define FORM_WIDTH  8
#define FORM_SETS   3
#include "lib/curve/chacha_form.h"
#endif

/* XORs key stream over as many bytes as fit the form, returns how many, and counts their blocks. */
static inline size_t
mix_vectors(uint32_t state[16], unsigned char *data, size_t len)
{
	size_t done = 0;

#ifdef __x86_64__
	if (__builtin_cpu_supports("avx2"))
		done = mix_avx2(state, data, len);
#endif
	return done + mix_narrow(state, data + done, len - done);
}

#else

static inline size_t
mix_vectors(uint32_t state[16], unsigned char *data, size_t len)
{
	(void)state;
	(void)data;
	(void)len;
	return 0;
}

#endif
#endif
