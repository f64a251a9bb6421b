/*
 * word: which form of the arithmetic is compiled; what of its results is no secret.
 *
 * 32: limbs of less than 32 bits and products of 64, for routers.  64: limbs of less than 64 bits and products of
 * 128, where the compiler has them.  -DCURVE_FORCE_32 gives the first anywhere, for tests.
 */
#ifndef WORD_H
#define WORD_H

#if defined __SIZEOF_INT128__ && !defined CURVE_FORCE_32
#define CURVE_BITS 64
#else
#define CURVE_BITS 32
#endif

/* For functions that run thousands of times an operation: MIPS16, which halves the rest, can't multiply and add at
 * once, nor rotate.  Functions that they call inline have to be marked, too. */
#ifdef __mips__
#define CURVE_HOT __attribute__((nomips16))
#else
#define CURVE_HOT
#endif

/* Marks a value that everybody may know though it was made of secrets: `make secrets` tells valgrind so, see
 * test/curve/secrets.c. */
#ifndef CURVE_NOT_SECRET
#define CURVE_NOT_SECRET(data, len) ((void)0)
#endif

#endif
