/*
 * conn_steps: what conn.c, which runs the machine, and request.c and inspect.c, which hold its steps, have of each
 * other.  Nobody else includes this.
 *
 * A step returns the next state, its own to stay.  None writes c->state: conn_enter in conn.c does.
 */
#ifndef CONN_STEPS_H
#define CONN_STEPS_H

#include "conn/conn.h"

enum {
	IDLE_SECS = 120, /* between two requests: browsers keep connections for a minute or two */
	EXCHANGE_ROUNDS = 16 /* pieces (of up to 16 KiB) a connection moves in one turn */
};

/* --- conn.c ---------------------------------------------------------------- */

/* Lends the connection buffers if it has none.  False: there are none to be had now. */
bool conn_lend(struct conn *c);

/* Takes them back if it holds no byte. */
void conn_park(struct conn *c);

void conn_put_chain(struct conn *c);

/* May this connection do a public-key operation now?  One a turn; who may not now is asked again. */
bool conn_may_work(struct conn *c);

/* The state's time begins anew; or it ends in `secs`. */
void conn_rearm(struct conn *c);
void conn_arm(struct conn *c, int secs);

/* Writes the line of this request, once. */
void conn_log(struct conn *c);

/* Lets go of the origin and of what was under way towards it. */
void conn_leave_origin(struct conn *c);

/*
 * Something went wrong that the user should hear of: notes it (the first one counts) and says which state
 * leads to the page, if any can still be shown.
 */
enum conn_state conn_fail(struct conn *c, enum page_kind kind, int status, const char *error_type,
	const char *format, ...) __attribute__((format(printf, 5, 6)));

/* Ends both sides properly; what follows is C_LINGER. */
enum conn_state conn_end(struct conn *c);

/* The client will ask for nothing more; what it was answered may still be on its way. */
enum conn_state conn_client_left(struct conn *c);

/* --- request.c ------------------------------------------------------------- */

enum conn_state step_redirected(struct conn *c);
enum conn_state step_request(struct conn *c);
enum conn_state step_resolve(struct conn *c);
enum conn_state step_connect(struct conn *c);
enum conn_state step_exchange(struct conn *c);
enum conn_state step_tunnel(struct conn *c); /* C_TUNNEL and C_SWITCHED */

/* Who asks, as the policy knows it. */
struct policy_client conn_client(const struct conn *c);

/* In place of the line that a CONNECT has in the log: "TLS name:port". */
void conn_begin_tls(struct conn *c);

void conn_take_verdict(struct conn *c, const struct verdict *v);
enum conn_state conn_blocked(struct conn *c);

/* Sets out for the origin: to its name, or to these addresses of it. */
enum conn_state conn_seek(struct conn *c, enum purpose purpose);
enum conn_state conn_dial(struct conn *c, const struct net_addr *addrs, size_t count);

/* --- inspect.c ------------------------------------------------------------- */

enum conn_state step_hello(struct conn *c);
enum conn_state step_origin(struct conn *c);
enum conn_state step_verify(struct conn *c);
enum conn_state step_mint(struct conn *c);
enum conn_state step_client(struct conn *c);

/* A fatal alert of TLS in clear, for a client whose hello can't be answered (RFC 5246 section 7.2). */
enum {
	ALERT_HANDSHAKE_FAILURE = 40,
	ALERT_ACCESS_DENIED = 49,
	ALERT_DECODE_ERROR = 50,
	ALERT_INTERNAL_ERROR = 80,
	ALERT_UNRECOGNIZED_NAME = 112
};
enum conn_state conn_refuse_hello(struct conn *c, unsigned char alert, const char *why);

#endif
