/* verify: `sluice verify` by itself, for the suite while the whole program is not needed.  Takes the same
 * arguments, with or without the word "verify" in front. */
#include <stdio.h>
#include <string.h>
#include "verify.h"

int
main(int argc, char **argv)
{
	int first = argc > 1 && strcmp(argv[1], "verify") == 0 ? 2 : 1;

	if (argc - first != 4) {
		fprintf(stderr, "usage: verify TRUSTED.pem CHAIN.pem NAME|- TIME\n");
		return 2;
	}
	return verify_command(argv[first], argv[first + 1], argv[first + 2], argv[first + 3]);
}
