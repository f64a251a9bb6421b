/*
 * dial: connects to the first address that answers (RFC 8305, Happy Eyeballs: section 4 order, section 5
 * stagger of 250 ms, a failed attempt starts the next at once).
 *
 * Owns the descriptors of the attempts until dial_take hands the winner over.  Knows nothing of names.
 */
#ifndef DIAL_H
#define DIAL_H

#include <stdint.h>
#include "lib/net/net.h"
#include "lib/net/wait.h"

enum {
	DIAL_ADDRS = 8,    /* addresses tried at most; big sites publish no more that matter */
	DIAL_PARALLEL = 3, /* attempts under way at once: bounds descriptors a connection */
	/* An attempt that has sent three SYNs (at 0, 1 and 3 s) gives its place to an address that waits for one. */
	DIAL_PATIENCE_MS = 4000,
	DIAL_STAGGER_MS = 250 /* RFC 8305 section 8: recommended Connection Attempt Delay */
};

struct dial {
	struct net_addr addrs[DIAL_ADDRS]; /* in the order they are tried */
	uint8_t count, next;               /* next: index of the next address to try */
	struct dial_attempt {
		int fd;        /* -1: none */
		uint8_t addr;  /* index into addrs */
		int64_t since; /* when it started */
	} attempts[DIAL_PARALLEL];
	int64_t next_ms;      /* when the next attempt may start */
	int error;            /* errno of the last attempt that failed */
	int fd;               /* the winner, -1 before */
	struct net_addr peer; /* the winner's address */
};

/* A reset dial: no descriptors. */
void dial_init(struct dial *d);

/* Interleaves the families, IPv6 first (RFC 8305 section 4), keeps DIAL_ADDRS of them. count > 0. */
void dial_start(struct dial *d, const struct net_addr *addrs, size_t count, int64_t now);
void dial_want(const struct dial *d, struct wait *w);

/* 1 connected (d->fd, d->peer), 0 not yet, -1 every address failed (d->error). */
int dial_step(struct dial *d, const struct wait *w, int64_t now);

/* Hands over the winner's descriptor, which is the caller's from now on. */
int dial_take(struct dial *d);

/* Closes whatever is open. */
void dial_reset(struct dial *d);

#endif
