/*
 * wait: what one turn of the loop waits for.  See wait.h.
 *
 * The only file with FD_SET, FD_ISSET and select in it.  Never keeps anything between two turns.
 */
#include "lib/net/wait.h"

#include <stddef.h>
#include <time.h>

enum { WAIT_LONGEST_MS = 24 * 3600 * 1000 }; /* some kernels refuse a timeval of years */

void
wait_init(struct wait *w)
{
	FD_ZERO(&w->readable);
	FD_ZERO(&w->writable);
	w->highest = -1;
	w->until = INT64_MAX;
}

bool
wait_fits(int fd)
{
	return fd >= 0 && fd < FD_SETSIZE;
}

static bool
ask(struct wait *w, fd_set *set, int fd)
{
	if (!wait_fits(fd))
		return false;
	FD_SET(fd, set);
	if (fd > w->highest)
		w->highest = fd;
	return true;
}

bool
wait_read(struct wait *w, int fd)
{
	return ask(w, &w->readable, fd);
}

bool
wait_write(struct wait *w, int fd)
{
	return ask(w, &w->writable, fd);
}

void
wait_until(struct wait *w, int64_t ms)
{
	if (ms < w->until)
		w->until = ms;
}

int
wait_run(struct wait *w, int64_t now)
{
	struct timeval tv = { 0, 0 }, *timeout = NULL;

	if (w->until != INT64_MAX) {
		int64_t ms = w->until > now ? w->until - now : 0;

		if (ms > WAIT_LONGEST_MS)
			ms = WAIT_LONGEST_MS;
		tv.tv_sec = (time_t)(ms / 1000);
		tv.tv_usec = (suseconds_t)(ms % 1000 * 1000);
		timeout = &tv;
	}
	if (select(w->highest + 1, &w->readable, &w->writable, NULL, timeout) >= 0)
		return 0;
	/* After an error the sets are what was asked: read as answers they would lie. */
	FD_ZERO(&w->readable);
	FD_ZERO(&w->writable);
	return -1;
}

bool
wait_can_read(const struct wait *w, int fd)
{
	return wait_fits(fd) && FD_ISSET(fd, &w->readable);
}

bool
wait_can_write(const struct wait *w, int fd)
{
	return wait_fits(fd) && FD_ISSET(fd, &w->writable);
}

int64_t
wait_clock(void)
{
	struct timespec ts = { 0, 0 };

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}
