/*
 * relay: HTTP/1.1 exchanges between a client's leg and an origin's, one after another.
 *
 * Owns the order of things: a request head comes, the caller judges it, it goes out, its body follows, the
 * response comes back.  Borrows both legs (and never pumps or closes them), a buffer for heads and a scratch
 * struct http_head.  Knows nothing of policy, TLS or pages.  Bodies are moved, never stored.
 */
#ifndef RELAY_H
#define RELAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "lib/http/http.h"
#include "lib/tls/leg.h"

enum {
	RELAY_HEAD = HTTP_HEAD_MAX + HTTP_HEAD_ROOM, /* bytes of the lent buffer */
	RELAY_INTERIM =
		16 /* 1xx responses before the final one: some say that they are working on it */
};

enum relay_up {
	UP_HEAD, /* gathering the request head */
	UP_SEND, /* the rewritten head is on its way out */
	UP_BODY,
	UP_DONE
};

enum relay_down {
	DOWN_IDLE, /* no request has gone out yet */
	DOWN_HEAD, /* gathering a response head */
	DOWN_SEND, /* the rewritten head is on its way to the client */
	DOWN_BODY,
	DOWN_DONE
};

struct relay {
	enum relay_up up;
	enum relay_down down;
	char *buf; /* lent; NULL while parked.  Holds one head at a time: the request's, then the response's */
	size_t have; /* bytes of a head in buf */
	size_t sent; /* of which have gone out */
	size_t high; /* bytes of buf that were ever written: what must be wiped */
	struct body up_body, down_body;
	struct http_asked asked; /* of the request: what its response's framing depends on */
	bool old_client;         /* speaks HTTP/1.0: no 1xx, no chunks */
	bool client_keep;        /* the request lets the client's connection live on */
	bool close;              /* after this exchange the connections end */
	bool spoilt; /* the origin's connection is not used again, whatever the final response says */
	bool doubtful;         /* an interim response held what may be read in two ways */
	bool answered;         /* a byte of a final response was put into the client's leg */
	uint8_t interim;       /* 1xx responses so far */
	uint16_t status;       /* of the response; 0: none yet */
	uint16_t error_status; /* after RELAY_BAD_REQUEST: the answer's status */
	const char *error;     /* after RELAY_BAD_*: a sentence */
};

enum relay_event {
	RELAY_WAIT,     /* pump the legs and call again when something moved */
	RELAY_REQUEST,  /* *head is a request: call relay_forward at once, or answer it yourself */
	RELAY_DONE,     /* the exchange is over: relay_next, or end if r->close */
	RELAY_SWITCHED, /* 101: what follows is no HTTP; leg_splice both ways */
	RELAY_BAD_REQUEST,  /* refused: error, error_status */
	RELAY_BAD_RESPONSE, /* the origin's answer can't be passed on: error */
	RELAY_NO_RESPONSE, /* the origin ended before its answer began, or spoke before it was asked */
	RELAY_TRUNCATED, /* the origin ended inside its answer */
	RELAY_CLIENT_LEFT, /* the client ended or failed; with up == UP_HEAD and have == 0: between requests */
	RELAY_ORIGIN_LEFT /* the origin ended between requests, or spoke without being asked */
};

/* Ready for the first request. */
void relay_start(struct relay *r, char *buf);

/* Ready for the next one on the same connections. */
void relay_next(struct relay *r);

/* Goes on as far as the legs' buffers let it.  origin may be closed (fd -1) until a request is forwarded. */
enum relay_event relay_step(
	struct relay *r, struct leg *client, struct leg *origin, struct http_head *head);

/* After RELAY_REQUEST, in the same turn: rewrites the head for the origin.  False: it does not fit (431). */
bool relay_forward(struct relay *r, struct http_head *head);

/* Between requests, or waiting for an answer with nothing in hand: buf may be taken away. */
bool relay_may_park(const struct relay *r);

#endif
