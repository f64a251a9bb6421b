/*
 * fair: who gets a slot, buffers, a chain, a turn, and who gives way when they are short.
 *
 * Owns the list of connections, a record of each client, and the counts; the memory itself lies in the caller's pools,
 * which hold as many blocks as are counted here.  A client is an IPv4 address or an IPv6 /64: one house has one of
 * either.  Ends nobody itself: who has to give way is marked (gives), and its owner ends it in its next turn.
 * Pure: no system call, no clock.
 *
 * The rule: while something is free, whoever asks gets it.  When it is short, the client that holds most gives way, as
 * soon as the one that asks would hold fewer with it: idle connections first, then the one that has moved nothing for
 * longest.  Nobody gives way to a client that holds as much.
 */
#ifndef FAIR_H
#define FAIR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "lib/net/net.h"

enum {
	FAIR_STALLED_MS = 1000, /* who moved nothing for so long gives way at once ... */
	FAIR_PATIENCE_MS = 2000 /* ... who moves, once another has waited this long */
};

/* The things that can be short. */
enum fair_thing {
	FAIR_SLOT,
	FAIR_BUFFERS,
	FAIR_CHAIN,
	FAIR_TURN, /* of public-key operations: one a turn, held by nobody */
	FAIR_THINGS,
	FAIR_NOTHING = FAIR_THINGS
};

/* One client.  No connection: free. */
struct fair_client {
	unsigned char key[9]; /* family and address, or the first half of it */
	uint16_t holds[FAIR_THINGS];
	uint32_t served; /* the turn of its last public-key operation, or of its arrival */
};

/* One connection's part: embedded in it. */
struct fair_share {
	struct fair_share *next, *prev;
	struct fair_client *client;
	int64_t moved;         /* monotonic ms: when it last moved a byte */
	int64_t since;         /* likewise: since when it lacks something */
	enum fair_thing lack;  /* what it asked for and did not get; FAIR_NOTHING: has all */
	enum fair_thing gives; /* marked: for want of this it has to go; FAIR_NOTHING: not */
	uint8_t holds;         /* a bit for each thing */
	bool idle;             /* between two requests: nobody loses anything but time */
};

struct fair {
	struct fair_share *first, *last; /* all connections, in the order of their turns */
	struct fair_share *walk;         /* whose turn is next in this walk */
	struct fair_share
		*worker; /* whose turn it is to do a public-key operation; NULL: who asks */
	struct fair_client *clients;
	size_t client_max;
	uint16_t most[FAIR_THINGS], free[FAIR_THINGS];
	uint16_t lacking[FAIR_THINGS]; /* connections that lack it */
	uint16_t giving[FAIR_THINGS];  /* marked connections that are still there */
	uint32_t turn;
	bool worked; /* this turn's public-key operation is done */
	bool again;  /* somebody can go on: no need to sleep */
};

/* Room for so many connections, and a reserve of slots for those that are told that all are taken.  0, or -1: no
 * memory. */
int fair_init(struct fair *f, size_t slots, size_t reserve, size_t buffers, size_t chains);
void fair_free(struct fair *f);

/*
 * A connection has come: joins the list.  True: welcome, it holds a slot, and if they were all taken another was
 * marked to give way.  False: it is of a client that holds as many as any: it may only be told so.
 */
bool fair_arrive(struct fair *f, struct fair_share *s, const struct net_addr *peer, int64_t now);

/* There is room to take another connection in, if only to tell it that there is none. */
bool fair_has_room(const struct fair *f);

/* It goes, with all that it holds. */
void fair_leave(struct fair *f, struct fair_share *s);

/* Asks for buffers or a chain.  False: not now; it is noted as lacking that, and asks again in a later turn. */
bool fair_ask(struct fair *f, struct fair_share *s, enum fair_thing thing, int64_t now);
void fair_give(struct fair *f, struct fair_share *s, enum fair_thing thing);

/* Asks no more. */
void fair_want_nothing(struct fair *f, struct fair_share *s);

/* It was marked, gave what it was asked for, and stays. */
void fair_stay(struct fair *f, struct fair_share *s);

/* It holds a slot; else it was let in only to be told that there is none. */
bool fair_is_welcome(const struct fair_share *s);

/* May this one do a public-key operation now?  One a turn; who may not is asked again. */
bool fair_may_work(struct fair *f, struct fair_share *s);

/* A new turn: of those that wait for an operation the one whose client was served longest ago does it.  The walk
 * begins with another connection than the last one did. */
void fair_begin_turn(struct fair *f);

/* The next one whose turn it is, each once, whoever comes or goes meanwhile; NULL: that was all. */
struct fair_share *fair_next(struct fair *f);

/* How many connections there are. */
size_t fair_count(const struct fair *f);

#endif
