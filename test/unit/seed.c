/* seed: all bytes asked for, from whichever source the kernel has; an error leaves nothing that looks random. */
#include "check.h"

#include <errno.h>
#include <poll.h>
#include <sys/random.h>

static int errors_first, its_errno;
static size_t at_most;

/* A kernel that is interrupted, gives little at a time, or does not know the call. */
static ssize_t
fake_getrandom(void *out, size_t len, unsigned flags)
{
	CHECK_INT(flags, 0); /* GRND_NONBLOCK would not wait, GRND_INSECURE would lie */
	if (errors_first > 0) {
		errors_first--;
		errno = its_errno;
		return -1;
	}
	len = len < at_most ? len : at_most;
	memset(out, 0x5a, len);
	return (ssize_t)len;
}

#define getrandom fake_getrandom
#include "../../lib/base/seed.c"
#undef getrandom

int
main(void)
{
	unsigned char out[100], again[100];

	at_most = 7;
	errors_first = 3;
	its_errno = EINTR;
	memset(out, 0, sizeof out);
	CHECK_INT(seed_read(out, sizeof out), 0);
	CHECK_INT(out[0] & out[99], 0x5a);

	at_most = 0; /* no bytes and no error is an error */
	CHECK_INT(seed_read(out, sizeof out), -1);
	CHECK_INT(out[0] | out[99], 0);

	at_most = 100;
	errors_first = 1;
	its_errno = EPERM;
	memset(out, 1, sizeof out);
	CHECK_INT(seed_read(out, sizeof out), -1);
	CHECK_INT(out[0] | out[99], 0);

	errors_first = 2; /* an old kernel: the devices, once they are ready */
	its_errno = ENOSYS;
	CHECK_INT(seed_read(out, sizeof out), 0);
	CHECK_INT(seed_read(again, sizeof again), 0);
	CHECK(memcmp(out, again, sizeof out) != 0);
	CHECK(memcmp(out, "ZZZZZZZZ", 8) != 0);
	return check_done("seed");
}
