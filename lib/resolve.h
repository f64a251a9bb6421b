/*
 * resolve: names to addresses through c-ares, inside the caller's select, with a small cache.
 *
 * Owns the c-ares channel, its sockets (learned from the socket-state callback, never from ares_fds, whose
 * FD_SET is unchecked) and a cache that honours TTLs.  DNS only: no /etc/hosts (a router's dnsmasq answers
 * from it; a big one would be read anew for every question).  IP literals never come here.
 */
#ifndef RESOLVE_H
#define RESOLVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "net.h"
#include "wait.h"

enum {
	RESOLVE_ADDRS = 16,  /* addresses kept of an answer, both families together */
	RESOLVE_CACHE = 256, /* names remembered; least recently used out */
	RESOLVE_TTL_MAX =
		300, /* seconds: an answer is never kept longer, so that a moved site is found soon */
	RESOLVE_TTL_MIN = 1,
	RESOLVE_TTL_FAILED =
		5 /* seconds a failure is remembered: a page full of one dead host asks once */
};

enum resolve_error {
	RESOLVE_OK,
	RESOLVE_NO_NAME, /* NXDOMAIN, or no A and no AAAA */
	RESOLVE_TIMEOUT, /* no server answered */
	RESOLVE_REFUSED, /* SERVFAIL, REFUSED, a malformed answer */
	RESOLVE_LOCAL,   /* out of memory or descriptors here */
};

struct resolver; /* one per process */

struct resolve_query {
	struct net_addr addrs
		[RESOLVE_ADDRS]; /* the answer, ports set; AAAA and A as the servers gave them */
	size_t count;
	enum resolve_error error;
	bool done;
	struct resolve_job *job; /* the resolver's, NULL when nothing is under way */
};

/* `servers`: "127.0.0.1:5353,[::1]:53" or NULL for /etc/resolv.conf's.  `most`: queries under way at once.
 * Returns NULL with a sentence in err. */
struct resolver *resolver_new(const char *servers, size_t most, char *err, size_t errcap);

/* Reads /etc/resolv.conf again (or takes other servers) and forgets the cache. Returns 0 or -1 (old kept). */
int resolver_reload(struct resolver *r, const char *servers);
void resolver_free(struct resolver *r);

void resolver_want(struct resolver *r, struct wait *w, int64_t now);
/* After wait_run: moves answers along. */
void resolver_run(struct resolver *r, const struct wait *w, int64_t now);

/* A reset query: nothing under way. */
void resolve_init(struct resolve_query *q);

/* Starts; may finish at once from the cache.  `host` is a normal lower-case name without trailing dot. */
void resolve_start(
	struct resolver *r, struct resolve_query *q, const char *host, uint16_t port, int64_t now);

/* 1 done (addrs), 0 not yet, -1 failed (error). */
int resolve_step(const struct resolve_query *q);

/* Forgets the query: a late answer still feeds the cache, never q. */
void resolve_reset(struct resolve_query *q);

/* The error in words for a page: "no such name", ... */
const char *resolve_error_text(enum resolve_error e);

#endif
