/*
 * seed: random bytes from the kernel.  See seed.h.
 *
 * getrandom(2) waits for the generator by itself.  A kernel before 3.17 has no such call: there
 * /dev/random becomes readable when the generator is ready, and /dev/urandom then has the bytes.
 */
#include "lib/base/seed.h"
#include "lib/base/pool.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/random.h>
#include <unistd.h>

/* Returns what a read gives, with EINTR passed over. */
static ssize_t
read_some(int fd, unsigned char *out, size_t len)
{
	ssize_t n;

	do
		n = fd < 0 ? getrandom(out, len, 0) : read(fd, out, len);
	while (n < 0 && errno == EINTR);
	if (n == 0)
		errno = EIO;
	return n;
}

static int
read_all(int fd, unsigned char *out, size_t len)
{
	while (len > 0) {
		ssize_t n = read_some(fd, out, len);

		if (n <= 0)
			return -1;
		out += n;
		len -= (size_t)n;
	}
	return 0;
}

static int
wait_for_generator(void)
{
	struct pollfd p = { .fd = open("/dev/random", O_RDONLY | O_CLOEXEC), .events = POLLIN };
	int n;

	if (p.fd < 0)
		return -1;
	do
		n = poll(&p, 1, -1);
	while (n < 0 && errno == EINTR);
	close(p.fd);
	return n == 1 ? 0 : -1;
}

static int
read_device(unsigned char *out, size_t len)
{
	int fd, failed, error;

	if (wait_for_generator() != 0)
		return -1;
	fd = open("/dev/urandom", O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	failed = read_all(fd, out, len);
	error = errno;
	close(fd);
	errno = error;
	return failed;
}

int
seed_read(void *out, size_t len)
{
	int failed = read_all(-1, out, len);

	if (failed != 0 && errno == ENOSYS)
		failed = read_device(out, len);
	if (failed != 0)
		pool_wipe(out, len);
	return failed;
}
