/*
 * verify: `sluice verify` by itself, for when the whole program is not needed.  Takes the same arguments,
 * with or without the word "verify" in front.
 *
 *     verify roots BUNDLE      does every certificate in the bundle become an anchor?
 */
#include <stdio.h>
#include <string.h>
#include "lib/x509/anchors.h"
#include "lib/x509/verify.h"

static void
say(void *ctx, const char *line)
{
	++*(unsigned *)ctx;
	printf("not ok - %s\n", line);
}

static int
check_roots(const char *bundle)
{
	char err[ANCHORS_ERROR];
	unsigned refused = 0;
	struct anchors *a = anchors_load(bundle, NULL, NULL, 0, say, &refused, err);

	if (!a) {
		fprintf(stderr, "%s\n", err);
		return 2;
	}
	printf("x509-roots: %zu passed, %u failed\n", anchors_count(a), refused);
	anchors_release(a);
	return refused != 0;
}

int
main(int argc, char **argv)
{
	int first = argc > 1 && strcmp(argv[1], "verify") == 0 ? 2 : 1;

	if (argc == 3 && strcmp(argv[1], "roots") == 0)
		return check_roots(argv[2]);
	if (argc - first != 4) {
		fprintf(stderr, "usage: verify TRUSTED.pem CHAIN.pem NAME|- TIME\n");
		return 2;
	}
	return verify_command(argv[first], argv[first + 1], argv[first + 2], argv[first + 3]);
}
