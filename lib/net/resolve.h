/*
 * resolve: names to addresses through c-ares, inside the caller's select, with a small cache.
 *
 * Owns the c-ares channel, its sockets (learned from the socket-state callback, never from ares_fds, whose
 * FD_SET is unchecked) and a cache that honours TTLs.  Names of /etc/hosts and "localhost" are answered by
 * lib/net/hosts.h, which no name server is asked for; changes of that file count two seconds later.  IP literals
 * never come here.
 */
#ifndef RESOLVE_H
#define RESOLVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "lib/net/net.h"
#include "lib/net/wait.h"

enum {
	RESOLVE_ADDRS = 16,  /* addresses kept of an answer, both families together */
	RESOLVE_CACHE = 256, /* names remembered; least recently used out */
	RESOLVE_TTL_MAX =
		300, /* seconds: an answer is never kept longer, so that a moved site is found soon */
	RESOLVE_TTL_MIN = 1,
	RESOLVE_TTL_FAILED =
		5, /* seconds a failure is remembered: a page full of one dead host asks once */
	RESOLVE_MS = 5000, /* a query that has no answer by then has failed */
	/* RFC 8305 section 3, Resolution Delay: how long a host's IPv4 addresses wait for the IPv6 answer ... */
	RESOLVE_WAIT_AAAA_MS = 50,
	/* ... and IPv6 addresses for the IPv4 answer: until a lost datagram was sent again.  The RFC would begin
	 * to connect meanwhile; here addresses are handed out once, and IPv6 alone often leads nowhere. */
	RESOLVE_WAIT_A_MS = 2000
};

enum resolve_error {
	RESOLVE_OK,
	RESOLVE_NO_NAME, /* NXDOMAIN, or no A and no AAAA */
	RESOLVE_TIMEOUT, /* no server answered */
	RESOLVE_REFUSED, /* SERVFAIL, REFUSED, a malformed answer */
	RESOLVE_LOCAL,   /* out of memory or descriptors here */
};

#define RESOLVE_HOSTS "/etc/hosts"

struct resolver; /* one per process */

struct resolve_query {
	/* the answer, ports set: IPv6, then IPv4, each in the server's order, at most half of them each */
	struct net_addr addrs[RESOLVE_ADDRS];
	size_t count;
	enum resolve_error error;
	bool done;
	struct resolve_job *job;    /* the resolver's, NULL when nothing is under way */
	struct resolve_query *next; /* the resolver's: who waits for the same job */
	uint16_t port;
};

/* `servers`: "127.0.0.1:5353,[::1]:53" or NULL for /etc/resolv.conf's.  `most`: names asked for at once, also
 * those whose query was reset meanwhile; more fail with RESOLVE_LOCAL.  Returns NULL with a sentence in err. */
struct resolver *resolver_new(const char *servers, size_t most, char *err, size_t errcap);

/* Another file in the place of RESOLVE_HOSTS, for tests; the text is the caller's and stays. */
void resolver_set_hosts(struct resolver *r, const char *path);

/* Reads /etc/resolv.conf again (or takes other servers) and forgets the cache; what is under way is asked anew.
 * Returns 0 or -1 (old kept). */
int resolver_reload(struct resolver *r, const char *servers);
/* Queries that are still waiting fail with RESOLVE_LOCAL. */
void resolver_free(struct resolver *r);

void resolver_want(struct resolver *r, struct wait *w, int64_t now);
/* After wait_run: moves answers along. */
void resolver_run(struct resolver *r, const struct wait *w, int64_t now);

/* A reset query: nothing under way.  One that is under way must not be moved: the resolver points to it. */
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
