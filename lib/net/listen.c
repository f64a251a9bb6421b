/*
 * listen: the sockets that clients come to.  See listen.h.
 */
#include "lib/net/listen.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "lib/base/log.h"
#include "lib/base/process.h"

/* One address that the configuration asks for, and the line that asks. */
struct wanted {
	struct net_addr addr;
	unsigned line;
	bool of_device; /* looked up, not written there */
	bool transparent;
};

static bool
listen_same(const struct net_addr *a, const struct net_addr *b)
{
	return net_addr_same(a, b) && a->port == b->port && a->scope == b->scope;
}

static size_t
listen_index(const struct wanted *wanted, size_t count, const struct net_addr *addr)
{
	size_t i = 0;

	while (i < count && !listen_same(&wanted[i].addr, addr))
		i++;
	return i;
}

/* An address that is listed twice, by a device and by itself, counts once. */
static size_t
listen_find_wanted(const struct config *c, struct wanted *out)
{
	size_t count = 0;

	for (size_t i = 0; i < c->listen_count; i++) {
		const struct config_listen *want = &c->listens[i];
		struct net_addr addrs[LISTEN_MAX];
		size_t n = 1;

		addrs[0] = want->addr;
		if (want->device[0] != '\0')
			n = net_device_addrs(want->device, want->addr.port, addrs, LISTEN_MAX);
		for (size_t k = 0; k < n && count < LISTEN_MAX; k++)
			if (listen_index(out, count, &addrs[k]) == count)
				out[count++] = (struct wanted){ addrs[k], want->line,
					want->device[0] != '\0', want->transparent };
	}
	return count;
}

static int
listen_open_spare(void)
{
	return open("/dev/null", O_RDONLY | O_CLOEXEC);
}

static void
listen_close_spare(struct listeners *l)
{
	if (l->spare >= 0)
		close(l->spare);
	l->spare = -1;
}

/* Tries an address.  first: where it is listed if it was not tried before; a failure is then logged, once. */
static int
listen_try(const struct net_addr *addr, const struct config *c, const struct wanted *first)
{
	/* Not left to bind: see listen_check_names. */
	int fd = net_is_own(addr) ? net_listen(addr) : (errno = EADDRNOTAVAIL, -1), error = errno;
	char text[NET_ADDR_TEXT];

	net_addr_format(text, addr, true);
	if (fd >= 0)
		log_line(LOG_LEVEL_NOTICE, "now listening on %s", text);
	else if (first != NULL)
		log_line(LOG_LEVEL_ERROR, "%s:%u: can't listen on %s: %s", c->file, first->line,
			text, strerror(error));
	return fd;
}

static int __attribute__((format(printf, 4, 5))) listen_refuse(
	const struct config *c, unsigned line, char err[LISTEN_ERROR], const char *format, ...)
{
	int n = snprintf(err, LISTEN_ERROR, "%.96s:%u: ", c->file, line);
	va_list ap;

	va_start(ap, format);
	vsnprintf(err + n, (size_t)(LISTEN_ERROR - n), format, ap);
	va_end(ap);
	return -1;
}

int
listen_check_names(const struct config *c, char err[LISTEN_ERROR])
{
	char text[NET_ADDR_TEXT];

	for (size_t i = 0; i < c->listen_count; i++) {
		const struct config_listen *l = &c->listens[i];

		if (l->device[0] != '\0' && !net_has_device(l->device))
			return listen_refuse(
				c, l->line, err, "there is no network device '%s' here", l->device);
		/* Not left to bind, which is told to take tentative ones, and takes all. */
		if (l->device[0] == '\0' && !net_is_own(&l->addr))
			return listen_refuse(c, l->line, err,
				"%s is no address of this machine; one that comes later is "
				"listened on "
				"by its device, as in 'br-lan:%u'",
				net_addr_format(text, &l->addr, false), l->addr.port);
	}
	return 0;
}

static int
listen_fail(const struct config *c, const struct wanted *w, int error, char err[LISTEN_ERROR])
{
	char text[NET_ADDR_TEXT];

	return listen_refuse(c, w->line, err, "can't listen on %s: %s",
		net_addr_format(text, &w->addr, true), strerror(error));
}

int
listen_open(struct listeners *l, const struct config *c, char err[LISTEN_ERROR])
{
	struct wanted wanted[LISTEN_MAX];
	size_t count;

	*l = (struct listeners){ .spare = -1 };
	if (listen_check_names(c, err) != 0)
		return -1;
	count = listen_find_wanted(c, wanted);
	l->spare = listen_open_spare();
	for (size_t i = 0; i < count; i++) {
		int fd = net_listen(&wanted[i].addr), error = errno;

		/* At boot a device's IPv6 address may still be tentative: listen_refresh tries again. */
		if (fd >= 0 || wanted[i].of_device) {
			l->all[l->count++] = (struct listener){ fd, wanted[i].addr,
				wanted[i].transparent };
			continue;
		}
		listen_close(l);
		return listen_fail(c, &wanted[i], error, err);
	}
	return 0;
}

int
listen_check(const struct config *c, char err[LISTEN_ERROR])
{
	struct wanted wanted[LISTEN_MAX];
	size_t count;

	if (listen_check_names(c, err) != 0)
		return -1;
	count = listen_find_wanted(c, wanted);
	for (size_t i = 0; i < count; i++) {
		int error = net_can_listen(&wanted[i].addr) == 0 ? 0 : errno;

		if (error == 0 || wanted[i].of_device ||
			(error == EADDRINUSE && process_has_twin()))
			continue;
		return listen_fail(c, &wanted[i], error, err);
	}
	return 0;
}

static void
listen_drop(struct listeners *l, struct listener *e)
{
	char text[NET_ADDR_TEXT];

	if (e->fd >= 0) {
		log_line(LOG_LEVEL_NOTICE, "no longer listening on %s",
			net_addr_format(text, &e->addr, true));
		close(e->fd);
	}
	*e = l->all[--l->count];
}

void
listen_refresh(struct listeners *l, const struct config *c)
{
	struct wanted wanted[LISTEN_MAX];
	size_t count;

	/* Reading a device's addresses takes a descriptor: without one it would seem to have none. */
	listen_close_spare(l);
	count = listen_find_wanted(c, wanted);
	l->spare = listen_open_spare();
	l->deaf = false;
	for (size_t i = 0; i < l->count;) {
		struct listener *e = &l->all[i];
		size_t k = listen_index(wanted, count, &e->addr);

		if (k == count) {
			listen_drop(l, e);
			continue;
		}
		if (e->fd < 0)
			e->fd = listen_try(&e->addr, c, NULL);
		e->transparent = wanted[k].transparent;
		wanted[k] = wanted[--count];
		i++;
	}
	for (size_t i = 0; i < count && l->count < LISTEN_MAX; i++)
		l->all[l->count++] = (struct listener){ listen_try(&wanted[i].addr, c, &wanted[i]),
			wanted[i].addr, wanted[i].transparent };
}

bool
listen_want(const struct listeners *l, struct wait *w)
{
	bool all = true;

	for (size_t i = 0; i < l->count && !l->deaf; i++)
		if (l->all[i].fd >= 0)
			all &= wait_read(w, l->all[i].fd);
	return all;
}

static bool
listen_is_short(int error)
{
	return error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM;
}

int
listen_accept(struct listeners *l, const struct wait *w, struct arrival *a)
{
	*a = (struct arrival){ .short_of = false };
	for (size_t i = 0; i < l->count; i++) {
		struct listener *from = &l->all[l->turn++ % l->count];
		int fd;

		if (!wait_can_read(w, from->fd))
			continue;
		a->redirected = from->transparent;
		fd = net_accept(from->fd, &a->peer);
		if (fd >= 0)
			return fd;
		if (!listen_is_short(errno))
			continue;
		/* Else the listener would stay readable and the loop would spin. */
		a->short_of = true;
		listen_close_spare(l);
		fd = net_accept(from->fd, &a->peer);
		l->deaf = fd < 0 && listen_is_short(errno);
		if (fd >= 0)
			close(fd);
		l->spare = listen_open_spare();
		return -1;
	}
	return -1;
}

bool
listen_has_port(const struct listeners *l, uint16_t port)
{
	for (size_t i = 0; i < l->count; i++)
		if (l->all[i].fd >= 0 && l->all[i].addr.port == port)
			return true;
	return false;
}

void
listen_close(struct listeners *l)
{
	for (size_t i = 0; i < l->count; i++)
		if (l->all[i].fd >= 0)
			close(l->all[i].fd);
	listen_close_spare(l);
	*l = (struct listeners){ .spare = -1 };
}
