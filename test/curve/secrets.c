/*
 * secrets: constant time, shown by valgrind's memcheck.  Secrets are marked undefined, and memcheck reports every branch
 * and every index that depends on them.  Usage: valgrind secrets OPERATION; `leak` must be reported, or nothing is shown.
 */
#include <stdio.h>
#include <string.h>
#include <valgrind/memcheck.h>
#include "lib/curve/x25519.h"

#define SECRET(x) (void)VALGRIND_MAKE_MEM_UNDEFINED(&(x), sizeof(x))
#define PUBLIC(x) (void)VALGRIND_MAKE_MEM_DEFINED(&(x), sizeof(x))

/* The control: an index that depends on a secret. */
static int
run_leak(void)
{
	static const unsigned char table[256] = { 1, 2, 3 };
	volatile unsigned char secret = 2;
	int r;

	SECRET(secret);
	r = table[secret];
	PUBLIC(r);
	return r;
}

/* That the result is zero is for all to see: it ends the connection. */
static int
run_x25519(void)
{
	unsigned char scalar[X25519_SIZE] = { 9 }, u[X25519_SIZE] = { 9 }, out[X25519_SIZE];
	int rc;

	SECRET(scalar);
	SECRET(u);
	rc = x25519(out, scalar, u);
	PUBLIC(rc);
	PUBLIC(out);
	/* RFC 7748 section 5.2: once iterated */
	return rc == 0 && out[0] == 0x42 && out[31] == 0x79 ? 1 : 0;
}

static const struct {
	const char *name;
	int (*run)(void); /* 0: a wrong result */
} operations[] = {
	{ "leak", run_leak },
	{ "x25519", run_x25519 },
};

int
main(int argc, char **argv)
{
	size_t i;

	for (i = 0; argc > 1 && i < sizeof operations / sizeof operations[0]; i++)
		if (strcmp(operations[i].name, argv[1]) == 0)
			return operations[i].run() != 0 ? 0 : 2;
	fprintf(stderr, "secrets: which operation?\n");
	return 2;
}
