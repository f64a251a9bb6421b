/*
 * dial: connects to the first address that answers (RFC 8305).  See dial.h.
 *
 * attempts[] holds what is under way, addrs[next..count) what waits.  While anything waits, next_ms says when
 * it may start, provided that a place is free.  Never more than DIAL_PARALLEL + 1 descriptors (the winner).
 */
#include "lib/net/dial.h"

#include <errno.h>
#include <stdbool.h>
#include <unistd.h>

void
dial_init(struct dial *d)
{
	*d = (struct dial){ .fd = -1 };
	for (int i = 0; i < DIAL_PARALLEL; i++)
		d->attempts[i].fd = -1;
}

static void
attempt_end(struct dial_attempt *a, struct dial *d, int error)
{
	close(a->fd);
	a->fd = -1;
	d->error = error;
}

void
dial_reset(struct dial *d)
{
	for (int i = 0; i < DIAL_PARALLEL; i++)
		if (d->attempts[i].fd >= 0)
			close(d->attempts[i].fd);
	if (d->fd >= 0)
		close(d->fd);
	dial_init(d);
}

/* The first address of this family at or after `from`; count if there is none. */
static size_t
find_family(const struct net_addr *addrs, size_t count, size_t from, uint8_t family)
{
	while (from < count && addrs[from].family != family)
		from++;
	return from;
}

void
dial_start(struct dial *d, const struct net_addr *addrs, size_t count, int64_t now)
{
	size_t six = find_family(addrs, count, 0, 6), four = find_family(addrs, count, 0, 4);
	bool take_six = true;

	dial_init(d);
	d->next_ms = now;
	d->error = EADDRNOTAVAIL; /* what a list without addresses fails with */
	while (d->count < DIAL_ADDRS && (six < count || four < count)) {
		if (six < count && (take_six || four >= count)) {
			d->addrs[d->count++] = addrs[six];
			six = find_family(addrs, count, six + 1, 6);
		} else {
			d->addrs[d->count++] = addrs[four];
			four = find_family(addrs, count, four + 1, 4);
		}
		take_six = !take_six;
	}
}

/* The index of a free place, or of the attempt that has been under way for longest. */
static int
find_place(const struct dial *d)
{
	int best = 0;

	for (int i = 0; i < DIAL_PARALLEL; i++) {
		if (d->attempts[i].fd < 0)
			return i;
		if (d->attempts[i].since < d->attempts[best].since)
			best = i;
	}
	return best;
}

/* When the next address may be tried; INT64_MAX if none waits. */
static int64_t
next_start(const struct dial *d)
{
	const struct dial_attempt *place = &d->attempts[find_place(d)];

	if (d->next >= d->count)
		return INT64_MAX;
	if (place->fd >= 0 && place->since + DIAL_PATIENCE_MS > d->next_ms)
		return place->since + DIAL_PATIENCE_MS;
	return d->next_ms;
}

void
dial_want(const struct dial *d, struct wait *w)
{
	for (int i = 0; i < DIAL_PARALLEL; i++)
		if (d->attempts[i].fd >= 0)
			wait_write(w, d->attempts[i].fd);
	wait_until(w, d->fd >= 0 ? 0 : next_start(d));
}

/* Tries the next address.  A failure at once (no route, no descriptor) leaves next_ms as it is. */
static void
start_next(struct dial *d, int64_t now)
{
	struct dial_attempt *a = &d->attempts[find_place(d)];
	int fd;

	if (a->fd >= 0)
		attempt_end(a, d, ETIMEDOUT);
	a->addr = d->next++;
	a->since = now;
	fd = net_connect(&d->addrs[a->addr]);
	if (fd < 0) {
		d->error = errno;
	} else if (!wait_fits(fd)) {
		close(fd);
		d->error = EMFILE;
	} else {
		a->fd = fd;
		d->next_ms = now + DIAL_STAGGER_MS;
	}
}

static void
win(struct dial *d, struct dial_attempt *a)
{
	d->fd = a->fd;
	d->peer = d->addrs[a->addr];
	a->fd = -1;
	for (int i = 0; i < DIAL_PARALLEL; i++)
		if (d->attempts[i].fd >= 0)
			attempt_end(&d->attempts[i], d, ECONNABORTED);
	d->error = 0;
}

int
dial_step(struct dial *d, const struct wait *w, int64_t now)
{
	bool waiting = false;

	for (int i = 0; i < DIAL_PARALLEL && d->fd < 0; i++) {
		struct dial_attempt *a = &d->attempts[i];
		int error = wait_can_write(w, a->fd) ? net_connect_result(a->fd) : EINPROGRESS;

		if (error == 0) {
			win(d, a);
		} else if (a->fd >= 0 && error != EINPROGRESS) {
			attempt_end(a, d, error);
			d->next_ms = now; /* RFC 8305 section 5: the next need not wait */
		}
	}
	if (d->fd >= 0)
		return 1;
	while (next_start(d) <= now)
		start_next(d, now);
	for (int i = 0; i < DIAL_PARALLEL; i++)
		waiting |= d->attempts[i].fd >= 0;
	return waiting ? 0 : -1;
}

int
dial_take(struct dial *d)
{
	int fd = d->fd;

	d->fd = -1;
	return fd;
}
