/*
 * conn: one connection from the first byte to the last, and what all connections share.
 *
 * Each part of struct conn is written by one file and reset together; the files are named beside it.  machine.h
 * runs the machine; the steps, a file for each stretch of the way, call door, fair, record and conn.c, never each other
 * but downwards (reach, answer).
 */
#ifndef CONN_H
#define CONN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "cert.h"
#include "conn/door.h"
#include "conn/fair.h"
#include "policy.h"
#include "lib/base/config.h"
#include "lib/base/pool.h"
#include "lib/http/http.h"
#include "lib/http/page.h"
#include "lib/http/relay.h"
#include "lib/net/dial.h"
#include "lib/net/listen.h"
#include "lib/net/net.h"
#include "lib/net/resolve.h"
#include "lib/net/wait.h"
#include "lib/tls/pair.h"

enum { URL_TEXT = 192, WHY_TEXT = 320, METHOD_TEXT = 12 };

enum conn_state {
	C_FREE,       /* slot unused; both descriptors are -1 */
	C_REDIRECTED, /* led here by the firewall: where did it want to go? */
	C_REQUEST,    /* client, in clear: reading a request head */
	C_HELLO,      /* reading the ClientHello */
	C_RESOLVE,    /* asking for the origin's addresses */
	C_CONNECT,    /* trying them */
	C_ORIGIN,     /* handshake with the origin */
	C_VERIFY,     /* its chain is judged, one signature a turn */
	C_MINT,       /* a leaf for the client: from the cache or one signature */
	C_CLIENT,     /* handshake with the client */
	C_EXCHANGE,   /* requests go up, responses come down */
	C_TUNNEL,     /* bytes go both ways, unseen */
	C_SWITCHED,   /* after a 101: bytes go both ways through both legs */
	C_ANSWER,     /* an answer of our own goes to the client */
	C_LINGER, /* all is sent; what still comes is read and thrown away, so that no reset eats the answer */
	C_STATES
};

/* Why the connection is opened to the origin. */
enum conn_purpose { FOR_REQUEST, FOR_TUNNEL, FOR_INSPECTION };

/* The fate of a session with the origin. */
enum session_offer {
	OFFER_NONE,  /* none is known, or not asked yet */
	OFFER_MADE,  /* one was offered; its leaf is in the scratch, its verdict in the struct */
	OFFER_TAKEN, /* ... and taken */
	OFFER_FAILED /* ... and failed: the next handshake is a full one */
};

/* Was the ClientHello looked at, or is it known that there is none? */
enum hello_heard { HELLO_UNHEARD, HELLO_HEARD };

/* How far the judgement of the origin's chain is. */
enum chain_check { CHECK_NONE, CHECK_BEGUN };

/* The signer of the leaf. */
enum conn_signer { SIGNER_CA, SIGNER_UNTRUSTED };

/* How the client's side ends. */
enum conn_ending { END_PROPERLY, END_CUT };

/* An answer of our own that is no failure: see answer_give. */
struct answer {
	int status;
	const char *type;   /* Content-Type */
	const char *fields; /* further fields of the head, each with its CRLF; NULL: none */
	/* The body: copies at most cap bytes from `at` on to out; the same bytes for the same place each time. */
	size_t (*read)(const void *source, size_t at, char *out, size_t cap);
	const void *source; /* read's; lives as long as the process */
	size_t len;         /* of the body, in bytes */
	bool close;         /* the connection ends with it */
};

struct conn {
	struct fair_share share; /* fair.c; first, since that hands these out */
	struct proxy *proxy;
	enum conn_state state; /* machine.c, and nobody else */
	int secs;              /* machine.c: allowed in this state */
	int64_t deadline;      /* monotonic ms: when the state's time is up */
	struct net_addr peer;  /* the client */
	struct pair pair;
	struct relay relay;
	struct door door; /* door.c: where to, and the verdict */

	struct conn_hello { /* inspect.c: what the client said, to be replayed, and who we are to it */
		enum hello_heard heard;
		uint16_t len, sent;
		uint16_t leaf_len;
		struct ticket_tie tie;
	} hello;

	struct conn_origin { /* reach.c, inspect.c: the way there; reset by conn_leave_origin */
		enum conn_purpose purpose;
		enum session_offer offer;
		enum chain_check check;
		enum conn_signer signer;
		struct resolve_query query;
		struct dial dial;
		struct chain *chain; /* from the start of its handshake until the leaf is minted */
		unsigned char key[ORIGINS_HASH]; /* of the session with it */
		struct origin_verdict
			verdict;  /* what a session with it is saved with; until 0: none yet */
		uint16_t pending; /* bytes of a session in the scratch that waits for the verdict */
		unsigned answers; /* that it gave on this connection */
	} origin;

	struct conn_record { /* record.c: this request's line in the log; method "": none is due */
		int64_t began; /* monotonic ms */
		uint64_t sent_before,
			received_before; /* on the client's wire, before this tunnel */
		char method[METHOD_TEXT], url[URL_TEXT];
	} record;

	struct conn_answer {        /* answer.c: len 0: none */
		size_t len, sent;   /* of the head, with the body where that is written with it */
		struct answer what; /* whose body follows; read NULL: none does */
		size_t body_sent;
		enum conn_ending ending;
		int64_t linger_until; /* monotonic ms: when reading what still comes ends */
	} answer;

	struct conn_failure { /* conn.c: the first one; status 0: none */
		enum page_kind kind;
		int status;
		const char *error_type; /* RFC 9209 */
		enum conn_state in;
		char why[WHY_TEXT];
	} failure;

	/*
	 * greeted: what the client expects now is the origin (CONNECT was answered with 200, or it was redirected as TLS);
	 * never unset.  head_timed: a head or a hello has begun where the state's own time is longer, and the deadline
	 * for its end is armed.
	 */
	bool greeted, head_timed;
	unsigned exchanges; /* done with the client on this connection */
};

/* Shared by all connections; owned by proxy.c (in tests: by the test). */
struct proxy {
	struct config config;
	struct policy *policy;
	struct cert *cert;
	struct resolver *resolver;
	struct listeners listeners;
	struct fair fair;
	struct learned learned;
	struct pool conns, buffers;
	struct http_head head;    /* scratch: valid from a parse to the end of that step */
	const struct wait *ready; /* this turn's wait, after it */
	int64_t now;              /* monotonic ms, read once a turn */
	int64_t wall;             /* unix seconds, likewise */
	bool clock_is_trusted;    /* likewise */
	bool stopping;            /* no new requests: what is under way may end */
	uint64_t requests, blocked, tunnels, failures, refused, gave_way;
	struct handshakes { /* done, on either leg */
		uint64_t full, resumed;
	} with_clients, with_origins;
};

/* --- conn.c: what the steps have in common ------------------------------------------ */

const char *conn_state_name(enum conn_state state);

/* The house that the door asks for a verdict: the policy, the configuration, the client. */
struct door_house conn_house(const struct conn *c);

/* Lends the connection buffers if it has none.  False: there are none to be had now. */
bool conn_lend(struct conn *c);

/* Takes them back if it holds no byte, or whatever is in them (used: bytes of the scratch to be wiped). */
void conn_park(struct conn *c);
void conn_strip(struct conn *c, size_t used);

/* A chain for what the origin shows, if it has none.  False: none to be had now. */
bool conn_take_chain(struct conn *c);
void conn_put_chain(struct conn *c);

/* May this connection do a public-key operation now?  One a turn; who may not now is asked again. */
bool conn_may_work(struct conn *c);

/* There is work left: no sleep before the next turn. */
void conn_again(struct conn *c);

/* A byte moved. */
void conn_moved(struct conn *c);

/* The state's time begins anew; or it ends in `secs`. */
void conn_rearm(struct conn *c);
void conn_arm(struct conn *c, int secs);

/* Lets go of the origin and of what was under way towards it. */
void conn_leave_origin(struct conn *c);

/*
 * Something went wrong that the user should hear of: notes it (the first one counts) and says which state
 * leads to the page, if any can still be shown: inside TLS only if the door says that a leaf may be forged.
 */
enum conn_state conn_fail(struct conn *c, enum page_kind kind, int status, const char *error_type,
	const char *format, ...) __attribute__((format(printf, 5, 6)));

/* The same for what the door refused. */
enum conn_state conn_refuse(struct conn *c, enum door_answer answer);

/* Ends both sides properly; what follows is C_LINGER. */
enum conn_state conn_end(struct conn *c);

/* The client will ask for nothing more; what it was answered may still be on its way. */
enum conn_state conn_client_left(struct conn *c);

/* --- record.c: the log ---------------------------------------------------------------- */

/* A request's line begins: what it is called. */
void record_begin(struct conn *c, const char *method, size_t method_len, const char *scheme,
	const char *path, size_t path_len);
/* Likewise what is no request: "TLS name:port", "? name". */
void record_begin_tls(struct conn *c);
void record_begin_unread(struct conn *c);
/* A tunnel begins: bytes are counted from here. */
void record_begin_tunnel(struct conn *c, size_t held);

/* No line after all: what it was begun for goes on under lines of its own. */
void record_drop(struct conn *c);

/* Writes the line, once. */
void record_end(struct conn *c);

#endif
