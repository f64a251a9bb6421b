/*
 * leg: one side of a proxied connection: a socket, in clear or under TLS.
 *
 * Owns the descriptor once it was given one, and closes it.  Borrows the engine and the buffers.
 * Callers peek and take what came, put what is to go, and call leg_pump to move bytes between buffers and
 * socket; clear and encrypted legs look alike.  No call blocks.
 */
#ifndef LEG_H
#define LEG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "lib/tls/engine.h"
#include "lib/net/wait.h"

/* A stretch of bytes in a lent buffer: data[start..end) is to be read, data[end..cap) is room. */
struct leg_buf {
	unsigned char *data; /* NULL: none lent */
	size_t cap, start, end;
	size_t high; /* bytes that were ever written: what must be wiped */
};

struct leg {
	int fd;              /* -1: closed */
	struct engine *tls;  /* NULL: in clear, and then: */
	struct leg_buf *in;  /* what came; in a tunnel it is the other leg's out */
	struct leg_buf *out; /* what is to go */
	bool readable;       /* select said so, and no recv has since come back short */
	bool blocked;        /* the socket took less than it was offered */
	bool eof;            /* the peer's FIN, or recv failed: no byte will come any more */
	bool ending;         /* leg_end was called */
	bool shut;           /* our FIN is out */
	int error;           /* errno of the first failure; 0: none.  TLS failures: engine_error */
	uint64_t received, sent; /* bytes on the wire */
};

/* A closed leg. */
void leg_init(struct leg *l);

/* Takes over a connected non-blocking descriptor, in clear, with buffers for both directions. */
void leg_open(struct leg *l, int fd, struct leg_buf *in, struct leg_buf *out);

/* From now on under TLS.  Bytes of the clear `in` buffer are not looked at any more. */
void leg_secure(struct leg *l, struct engine *tls);

/* Adds what the leg waits for: to send if something is blocked; to receive if `reading`.  False: the descriptor
 * can't be waited for (FD_SETSIZE) and the connection must be dropped. */
bool leg_want(const struct leg *l, struct wait *w, bool reading);

/* After wait_run: notes what the socket is ready for. */
void leg_ready(struct leg *l, const struct wait *w);

enum leg_pumped {
	LEG_STILL, /* nothing moved */
	LEG_MOVED, /* something moved: look again */
	LEG_HEAVY  /* goes on only with heavy = true: a public-key operation waits */
};

/*
 * Sends what waits, does the public-key operation that waits if `heavy` allows one, or else, if `reading`, receives at
 * most one piece (a record, a buffer's room).  Failures show in leg_is_failed afterwards.
 */
enum leg_pumped leg_pump(struct leg *l, bool reading, bool heavy);

/* Hands bytes to the TLS engine as if they had come from the socket (a ClientHello that was read before).
 * Returns how many it took; call again with the rest. */
size_t leg_replay(struct leg *l, const unsigned char *data, size_t len);

/* Data that came, and room for data to go; *len bytes, 0 and NULL if there is none. */
const unsigned char *leg_peek(struct leg *l, size_t *len);
void leg_take(struct leg *l, size_t len);
unsigned char *leg_room(struct leg *l, size_t *len);
void leg_put(struct leg *l, size_t len);

/* Bytes that were put may go out now. */
void leg_flush(struct leg *l);

/* Sends at once what the socket takes of these bytes, past any buffer: in clear, when nothing else was ever sent and the
 * connection ends next. */
void leg_send_bare(struct leg *l, const void *data, size_t len);

/* Ends our direction once all is sent: close_notify, FIN. */
void leg_end(struct leg *l);

/* Everything that was put has left. */
bool leg_is_drained(const struct leg *l);

/* The peer said that it is done, and all that it sent was taken: close_notify under TLS, FIN in clear. */
bool leg_is_ended(struct leg *l);

/* The peer's end is the end of both directions: TLS 1.2 has no half-close. */
bool leg_ends_both(const struct leg *l);

/* The peer is gone without saying so: FIN without close_notify under TLS, a reset, a TLS failure. */
bool leg_is_failed(const struct leg *l);

/* Nothing more will come, for whatever reason, and all that came was taken.  A leg that failed in sending is not
 * dry yet: what the peer said before it went may still be read. */
bool leg_is_dry(struct leg *l);

/* No byte is held, so that the buffers may be taken away. */
bool leg_may_park(const struct leg *l);

/* In words, why it failed: "connection reset", "it broke the rules of TLS", ... */
const char *leg_failure_text(const struct leg *l);

/* Closes the descriptor at once.  abort: with a reset, so that the peer can't take what it has for the whole. */
void leg_close(struct leg *l, bool abort);

/* Moves what fits from one leg to the other; returns the bytes moved. */
size_t leg_splice(struct leg *from, struct leg *to);

#endif
