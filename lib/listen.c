/*
 * listen: the sockets that clients come to.  See listen.h.
 */
#include "listen.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "log.h"

/* One address that the configuration asks for, and the line that asks. */
struct wanted {
	struct net_addr addr;
	unsigned line;
};

static size_t
listen_find_wanted(const struct config *c, struct wanted *out)
{
	size_t count = 0;

	for (size_t i = 0; i < c->listen_count && count < LISTEN_MAX; i++) {
		const struct config_listen *want = &c->listens[i];
		struct net_addr addrs[LISTEN_MAX];
		size_t n = 1;

		if (want->transparent)
			continue;
		addrs[0] = want->addr;
		if (want->device[0] != '\0')
			n = net_device_addrs(
				want->device, want->addr.port, addrs, LISTEN_MAX - count);
		for (size_t k = 0; k < n; k++)
			out[count++] = (struct wanted){ addrs[k], want->line };
	}
	return count;
}

static bool
listen_same(const struct net_addr *a, const struct net_addr *b)
{
	return net_addr_same(a, b) && a->port == b->port && a->scope == b->scope;
}

static bool
listen_add(struct listeners *l, const struct net_addr *addr)
{
	int fd = net_listen(addr);

	if (fd < 0)
		return false;
	l->all[l->count++] = (struct listener){ fd, *addr };
	return true;
}

int
listen_open(struct listeners *l, const struct config *c, char err[LISTEN_ERROR])
{
	struct wanted wanted[LISTEN_MAX];
	size_t count = listen_find_wanted(c, wanted);

	*l = (struct listeners){ .spare = open("/dev/null", O_RDONLY | O_CLOEXEC) };
	for (size_t i = 0; i < count; i++) {
		char text[NET_ADDR_TEXT];

		if (listen_add(l, &wanted[i].addr))
			continue;
		snprintf(err, LISTEN_ERROR, "%.128s:%u: can't listen on %s: %s", c->file,
			wanted[i].line, net_addr_format(text, &wanted[i].addr, true),
			strerror(errno));
		listen_close(l);
		return -1;
	}
	return 0;
}

void
listen_refresh(struct listeners *l, const struct config *c)
{
	struct wanted wanted[LISTEN_MAX];
	size_t count = listen_find_wanted(c, wanted);
	char text[NET_ADDR_TEXT];

	for (size_t i = 0; i < l->count;) {
		size_t k = 0;

		while (k < count && !listen_same(&wanted[k].addr, &l->all[i].addr))
			k++;
		if (k < count) {
			wanted[k] = wanted[--count];
			i++;
			continue;
		}
		log_line(LOG_LEVEL_WARN, "no longer listening on %s",
			net_addr_format(text, &l->all[i].addr, true));
		close(l->all[i].fd);
		l->all[i] = l->all[--l->count];
	}
	for (size_t i = 0; i < count && l->count < LISTEN_MAX; i++) {
		bool added = listen_add(l, &wanted[i].addr);

		net_addr_format(text, &wanted[i].addr, true);
		if (added)
			log_line(LOG_LEVEL_WARN, "now listening on %s", text);
		else
			log_line(LOG_LEVEL_ERROR, "%s:%u: can't listen on %s: %s", c->file,
				wanted[i].line, text, strerror(errno));
	}
}

bool
listen_want(const struct listeners *l, struct wait *w)
{
	bool all = true;

	for (size_t i = 0; i < l->count; i++)
		all &= wait_read(w, l->all[i].fd);
	return all;
}

int
listen_accept(struct listeners *l, const struct wait *w, struct net_addr *peer, bool *short_of)
{
	*short_of = false;
	for (size_t i = 0; i < l->count; i++) {
		struct listener *from = &l->all[l->turn++ % l->count];
		int fd;

		if (!wait_can_read(w, from->fd))
			continue;
		fd = net_accept(from->fd, peer);
		if (fd >= 0)
			return fd;
		if (errno != EMFILE && errno != ENFILE)
			continue;
		/* Else the listener would stay readable and the loop would spin. */
		*short_of = true;
		close(l->spare);
		fd = net_accept(from->fd, peer);
		if (fd >= 0)
			close(fd);
		l->spare = open("/dev/null", O_RDONLY | O_CLOEXEC);
		return -1;
	}
	return -1;
}

bool
listen_has_port(const struct listeners *l, uint16_t port)
{
	for (size_t i = 0; i < l->count; i++)
		if (l->all[i].addr.port == port)
			return true;
	return false;
}

void
listen_close(struct listeners *l)
{
	for (size_t i = 0; i < l->count; i++)
		close(l->all[i].fd);
	if (l->spare >= 0)
		close(l->spare);
	*l = (struct listeners){ .spare = -1 };
}
