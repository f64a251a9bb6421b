/* rsa once more in the form for 32 bits, which a desk does not build. */
#define CURVE_FORCE_32
#include "test/unit/rsa.c"
