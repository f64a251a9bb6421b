/*
 * pair: the client's leg and the origin's leg of one connection, and the buffers that they borrow.
 *
 * Owns both legs and both TLS engines.  The buffers come from the caller's pool and go back whenever no byte
 * is in them, so that a connection that waits costs little: a pair without buffers is parked, may be waited
 * for, and must be lent some before anything is pumped.  Knows nothing of what is said.
 */
#ifndef PAIR_H
#define PAIR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "lib/tls/leg.h"
#include "lib/tls/engine.h"

enum {
	/* For what does not pass through a leg as it came: a message head with room to grow (33 KiB), or a
	 * ClientHello that is replayed (16 KiB) with the leaf that is shown meanwhile (24 KiB) and a session with
	 * the origin that is not known to be good yet. */
	PAIR_SCRATCH = 40960 + ENGINE_SESSION
};

struct pair_buffers {
	unsigned char client_in[ENGINE_IN], client_out[ENGINE_OUT];
	unsigned char origin_in[ENGINE_IN], origin_out[ENGINE_OUT];
	unsigned char scratch[PAIR_SCRATCH];
};

struct pair {
	struct leg client, origin;
	struct leg_buf client_in, client_out, origin_in, origin_out; /* in clear */
	struct pair_buffers *buffers;                                /* NULL: parked */
	size_t scratch_used; /* bytes of scratch to be wiped; the caller says */
	bool shared;         /* in clear, each leg's input is the other's output */
	struct engine client_tls, origin_tls;
};

/* Two closed legs. */
void pair_init(struct pair *p);

/* Hands over connected descriptors, in clear. */
void pair_open_client(struct pair *p, int fd);
void pair_open_origin(struct pair *p, int fd);

/* Starts TLS on a leg; see engine_start_client and engine_start_server.  Needs buffers. */
void pair_secure_origin(
	struct pair *p, const struct engine_client *how, const unsigned char seed[ENGINE_SEED]);
void pair_secure_client(
	struct pair *p, const struct engine_server *how, const unsigned char seed[ENGINE_SEED]);

/* Lends buffers to a parked pair. */
void pair_lend(struct pair *p, struct pair_buffers *b);

/* No byte is in the buffers. */
bool pair_may_park(const struct pair *p);

/* Takes the buffers back, wiped as far as they were used. */
struct pair_buffers *pair_park(struct pair *p);

/* The same for a connection that ends, at any moment: whatever is in them is lost. */
struct pair_buffers *pair_strip(struct pair *p);

/* A leg has something to read, so that buffers are worth having; true with buffers. */
bool pair_has_news(const struct pair *p);

/* For a tunnel in clear: lets each leg read into what the other sends, so that nothing is copied.  False: not
 * yet, what was put for the client must leave first. */
bool pair_share(struct pair *p);

/* One round of bytes in both directions.  True: something moved. */
bool pair_splice(struct pair *p);

/* Passes the end of each side on to the other.  True: both are through, or one failed and what it had said
 * before has left. */
bool pair_is_over(struct pair *p);

/* Ends both legs properly, once what was put has left. */
void pair_end(struct pair *p);

#endif
