/* x25519 once more in the form for 32 bits, which a desk does not build. */
#define CURVE_FORCE_32
#include "lib/curve/x25519.c"

#include "test/unit/x25519.c"
