/*
 * word: which form of the arithmetic is compiled.
 *
 * 32: limbs of less than 32 bits and products of 64, for routers.  64: limbs of less than 64 bits and products of
 * 128, where the compiler has them.  -DCURVE_BITS=32 chooses the first on a desk, for tests.
 */
#ifndef WORD_H
#define WORD_H

#ifndef CURVE_BITS
#ifdef __SIZEOF_INT128__
#define CURVE_BITS 64
#else
#define CURVE_BITS 32
#endif
#endif

#endif
