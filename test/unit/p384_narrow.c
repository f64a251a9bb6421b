/* p384 with limbs for 32 bits, as routers have it. */
#define CURVE_FORCE_32
#define NAME "p384_narrow"
#include "test/unit/p384.c"
