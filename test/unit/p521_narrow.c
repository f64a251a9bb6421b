/* p521 with limbs for 32 bits, as routers have it. */
#define CURVE_FORCE_32
#define NAME "p521_narrow"
#include "test/unit/p521.c"
