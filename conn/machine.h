/*
 * machine: runs all connections: the table of their states, the only writer of a state, time, turns, coming and going.
 *
 * Owns every struct conn from machine_open until it is free.  The loop in proxy.c asks what is waited for, waits, and
 * gives a turn; it never touches a connection.
 *
 * The order of events for an inspected host is: request (CONNECT) or redirected, hello, resolve, connect, origin,
 * verify, mint, client, exchange.  Nothing of a request goes to an origin before verify has said yes.
 */
#ifndef MACHINE_H
#define MACHINE_H

#include "conn/conn.h"

enum {
	MACHINE_RESERVE = 8 /* connections beyond `connections`, to be told that there is no room */
};

/* Pools for so many connections, buffers and chains.  0, or -1: no memory. */
int machine_init(struct proxy *p, size_t connections, size_t buffers, size_t chains);
void machine_free(struct proxy *p);

/* A client has come; takes its descriptor over.  There is always room: who was waiting to be told that there is none
 * goes first. */
void machine_open(struct proxy *p, int fd, const struct arrival *a);

/* Adds the wants of all connections. */
void machine_want(struct proxy *p, struct wait *w);

/* After select (p->ready, p->now, p->wall): each goes on as far as it can, once. */
void machine_turn(struct proxy *p);

/* The policy changed, or its hours turned: tunnels that it forbids now end, begun ones too, and all of clients that are no
 * longer served. */
void machine_judge_again(struct proxy *p);

/* Ends them all at once. */
void machine_drop_all(struct proxy *p);

#endif
