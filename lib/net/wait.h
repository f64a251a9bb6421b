/*
 * wait: what one turn of the loop waits for: descriptors and a moment.
 *
 * Owns nothing; a struct wait lives for one turn.  The only place that sets bits in an fd_set: a
 * descriptor at or past FD_SETSIZE is refused here, since FD_SET would write outside the set.
 */
#ifndef WAIT_H
#define WAIT_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/select.h>

struct wait {
	fd_set readable, writable; /* before wait_run: what is asked; after: what is so */
	int highest;               /* highest descriptor asked for, -1 for none */
	int64_t until;             /* monotonic ms; INT64_MAX: for ever */
};

void wait_init(struct wait *w);

/* True if this descriptor can be waited for at all: 0 <= fd < FD_SETSIZE. */
bool wait_fits(int fd);

/* Ask.  False: this descriptor can't be waited for (fd < 0 or fd >= FD_SETSIZE); nothing was set. */
bool wait_read(struct wait *w, int fd);
bool wait_write(struct wait *w, int fd);

/* Wake at `ms` (monotonic) at the latest; the earliest of all callers wins. */
void wait_until(struct wait *w, int64_t ms);

/*
 * One select(2).  `now` is the caller's last reading of wait_clock.  Returns 0 when something is ready
 * or the moment came, -1 with errno otherwise (EINTR: a signal; the sets are then empty).
 */
int wait_run(struct wait *w, int64_t now);

/* After wait_run.  False for descriptors that could not be asked for. */
bool wait_can_read(const struct wait *w, int fd);
bool wait_can_write(const struct wait *w, int fd);

/* CLOCK_MONOTONIC in milliseconds.  Never the time of day. */
int64_t wait_clock(void);

#endif
