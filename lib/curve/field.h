/*
 * field: which of the two forms of the curves' fields is compiled, and its types.
 *
 * The wide form is for CPUs with a product of 64 by 64 bits; the narrow one for those with 32 by 32 and an accumulator
 * of 64, which is what the routers have.  -DCURVE_FORCE_32 gives the narrow form anywhere, for tests.
 */
#ifndef FIELD_H
#define FIELD_H

#include <stdint.h>

#if defined __SIZEOF_INT128__ && !defined CURVE_FORCE_32
#define CURVE_64
typedef int64_t fe_limb;
__extension__ typedef __int128 fe_wide;
__extension__ typedef unsigned __int128 fe_bits;
#else
typedef int32_t fe_limb;
typedef int64_t fe_wide;
typedef uint64_t fe_bits;
#endif

/* For functions that run thousands of times an operation: MIPS16, which halves the rest, has no madd. */
#ifdef __mips__
#define CURVE_HOT __attribute__((nomips16))
#else
#define CURVE_HOT
#endif

#endif
