/* p521: what must hold on any curve.  Built again as p521_narrow, with limbs for 32 bits. */
#include "lib/curve/p521.c"
#include "test/unit/curve_cases.h"

#ifndef NAME
#define NAME "p521"
#endif

int
main(void)
{
	test_exceptional();
	test_small_keys(10);
	test_bad_keys();
	test_bad_points("012df13601594a883ef2d935e44bb90bf4d6619b74e52af7552f97769011c0719eb439cf"
			"ab2a88d40fe59a2bed1f43557169a2d0a2ccd280c607b92bbf51ffe0b078",
		3);
	test_bad_signatures();
	test_wrapped_x("01fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffa5186"
		       "8783bf2f966b7fcc0148f709a5d03bb5c9b8899c47aebb6fb71e9138640a",
		"015c0208e578fd60af518df71031fbef12ced63df0aebf52d4a67eb460f7907f4e77748ed5dfa44f"
		"49035bad05d07d119cae1e855c8a9723eaff862aa896fbae2a8d",
		1);
	return check_done(NAME);
}
