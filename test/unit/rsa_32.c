/* rsa once more in the form for 32 bits, which a desk does not build. */
#define CURVE_BITS 32
#include "test/unit/rsa.c"
