/*
 * steps: the step of each state, for the machine's table.  A step goes on as far as it can and returns the next
 * state, its own to stay.  None writes c->state.
 *
 * The files and what they may call: request, exchange, tunnel, inspect on one level, none of them another; below them
 * reach (the way to an address) and answer (answers of our own); below these conn.h, door.h, fair.h.
 */
#ifndef STEPS_H
#define STEPS_H

#include "conn/conn.h"

enum {
	IDLE_SECS = 120, /* between two requests: browsers keep connections for a minute or two */
	BODY_SECS = 120, /* without a byte of a body that the client owes */
	HEAD_SECS = 20,  /* from the first byte of a later request's head to its last */
	EXCHANGE_ROUNDS = 16 /* pieces (of up to 16 KiB) a connection moves in one turn */
};

/* --- request.c: what is asked for in clear --- */
enum conn_state step_redirected(struct conn *c);
enum conn_state step_request(struct conn *c);

/* --- reach.c: the way to the origin --- */
enum conn_state step_resolve(struct conn *c);
enum conn_state step_connect(struct conn *c);
/* Sets out for the origin: to its host, or once more to the address that it was reached at. */
enum conn_state reach_host(struct conn *c, enum conn_purpose purpose);
enum conn_state reach_again(struct conn *c, enum conn_purpose purpose);

/* --- inspect.c: the handshakes and what lies between them --- */
enum conn_state step_hello(struct conn *c);
enum conn_state step_origin(struct conn *c);
enum conn_state step_verify(struct conn *c);
enum conn_state step_mint(struct conn *c);
enum conn_state step_client(struct conn *c);
/* The state hello came to its end without a byte. */
enum conn_state inspect_silence(struct conn *c);

/* --- exchange.c: requests and responses --- */
enum conn_state step_exchange(struct conn *c);

/* --- tunnel.c: C_TUNNEL and C_SWITCHED --- */
enum conn_state step_tunnel(struct conn *c);

/* --- answer.c: answers of our own, and the end --- */
enum conn_state step_answer(struct conn *c);
enum conn_state step_linger(struct conn *c);
/* Answers the request whose head was just parsed (proxy->head), in clear or inside TLS; what follows is C_ANSWER, and then
 * the next request unless the answer closes. */
enum conn_state answer_give(struct conn *c, const struct answer *a);
/* "200 Connection established" goes to the client.  False: it is gone. */
bool answer_greet(struct conn *c);
/* An alert of TLS in clear, for a client whose hello can't be answered (RFC 8446 section 6). */
enum conn_state answer_alert(struct conn *c, unsigned char alert);
/* A 503, or an alert where TLS is awaited, to a client for which there are no buffers: at once, as far as the socket takes
 * it.  Nothing where an answer or another protocol has begun. */
void answer_busy_bare(struct conn *c);

#endif
