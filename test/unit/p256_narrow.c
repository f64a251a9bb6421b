/* p256 with limbs for 32 bits, as routers have it. */
#define CURVE_FORCE_32
#define NAME "p256_narrow"
#include "test/unit/p256.c"
