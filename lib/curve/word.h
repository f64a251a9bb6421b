/*
 * word: which form of the arithmetic is compiled.
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

#endif
