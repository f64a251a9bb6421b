/*
 * conn: one connection from the first byte to the last, and what all connections share.
 *
 * Owns struct conn and the state machine behind it; the loop in proxy.c owns struct proxy and calls in.  A
 * connection is asked what it waits for (conn_want) and given a turn after each select (conn_turn).
 */
#ifndef CONN_H
#define CONN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "cert.h"
#include "policy.h"
#include "lib/base/config.h"
#include "lib/net/dial.h"
#include "lib/http/http.h"
#include "lib/net/listen.h"
#include "lib/net/net.h"
#include "lib/http/page.h"
#include "lib/tls/pair.h"
#include "lib/base/pool.h"
#include "lib/http/relay.h"
#include "lib/net/resolve.h"
#include "lib/tls/session.h"
#include "lib/net/wait.h"

enum {
	CLIENT_KINDS = 64, /* clients told apart for fairness, by hash */
	RULE_TEXT = 192,
	URL_TEXT = 192,
	WHY_TEXT = 320,
	METHOD_TEXT = 12
};

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
	C_ANSWER,     /* a page of our own goes to the client */
	C_LINGER, /* all is sent; what still comes is read and thrown away, so that no reset eats the page */
	C_STATES
};

/* Why the connection is opened to the origin. */
enum purpose { FOR_REQUEST, FOR_TUNNEL, FOR_INSPECTION };

struct conn {
	enum conn_state state;
	enum purpose purpose;
	size_t index;             /* in proxy.active */
	int64_t began, deadline;  /* monotonic ms: of this request; when the state's time is up */
	int64_t linger_until;     /* likewise: in C_LINGER, when reading what still comes ends */
	struct net_addr peer;     /* the client */
	struct net_addr original; /* where it wanted to go if it was redirected; else family 0 */
	struct pair pair;
	struct chain *chain; /* from the start of the origin's handshake until the leaf is minted */
	struct relay relay;
	struct resolve_query query;
	struct dial dial;
	struct session_tie tie;
	unsigned char origin_key[ORIGINS_HASH]; /* of the session with the origin */

	char host[TARGET_HOST_MAX + 1]; /* where the client wants to go, a name or an address */
	char name[TARGET_HOST_MAX + 1]; /* what it calls it: the SNI if there is one, else host */
	uint16_t port;
	bool is_ip;   /* host is an address */
	bool connect; /* by CONNECT, or redirected as TLS */
	bool greeted; /* what the client expects now is TLS: CONNECT was answered with 200 */
	bool block, inspect;
	bool untrusted; /* the origin failed the check and is re-signed so that the browser warns */
	bool offered;   /* a session was offered to the origin; its leaf is in the scratch */
	bool resumed;   /* ... and taken */
	bool fresh;     /* an offer failed: the next handshake is a full one */
	bool checking;  /* chain_check_start was called */
	bool waits_work; /* asked for a public-key operation and did not get it */
	bool starved;    /* asked for buffers or a chain and did not get it */
	bool head_timed; /* the deadline of a later request's head is armed */
	bool reused;     /* this connection with the origin has answered before */
	bool sha256;     /* its hello says that no other hash is needed */
	bool heard;      /* the ClientHello was looked at, or there is none */
	bool cut;        /* to be closed without a proper end once all is sent */
	bool logged;     /* the line of this request is written */
	uint16_t hello_len, hello_sent;
	uint16_t answer_len, answer_sent;
	uint16_t leaf_len;
	unsigned exchanges;                    /* done on this connection */
	uint64_t sent_before, received_before; /* on the client's wire, before this tunnel */

	struct failure { /* the first one; status 0: none */
		enum page_kind kind;
		int status;
		const char *error_type; /* RFC 9209 */
		enum conn_state in;
		char why[WHY_TEXT];
	} failure;
	char method[METHOD_TEXT], url[URL_TEXT]; /* for the log */
	char rule[RULE_TEXT];                    /* the verdict's words */
};

/* What all connections share. */
extern struct proxy {
	struct config config;
	struct policy *policy;
	struct cert *cert;
	struct resolver *resolver;
	struct listeners listeners;
	struct pool conns, buffers;
	size_t chains; /* in the pool of cert.c */
	struct conn **active;
	size_t active_count, starting; /* starting: whose turn is first */
	struct http_head head;         /* scratch: valid from a parse to the end of that step */
	const struct wait *ready;      /* this turn's wait, after it */
	int64_t now;                   /* monotonic ms, read once a turn */
	int64_t wall;                  /* unix seconds, likewise */
	bool again;                    /* there is work left: don't sleep */
	bool worked;                   /* this turn's public-key operation is done */
	struct conn *worker;           /* whose turn it is to do one; NULL: whoever asks first */
	uint32_t turn, served[CLIENT_KINDS]; /* the turn of each kind of client's last operation */
	int64_t listen_at;                   /* when devices are looked at again */
	int64_t hours_at;                    /* unix seconds: when hours were looked at last */
	int64_t stop_at;                     /* 0: running */
	bool to_syslog;
	bool full;                  /* the log has said that all slots are taken */
	struct policy_build *build; /* a reload under way, */
	struct config next;         /* and its configuration */
	uint64_t requests, blocked, tunnels, failures, refused;
} proxy;

/* A new client on a slot that the pool must have. */
void conn_open(int fd, const struct arrival *a);

/* What it waits for. */
void conn_want(struct conn *c, struct wait *w);

/* After select: goes on as far as it can.  It may be gone afterwards. */
void conn_turn(struct conn *c);

/* Ends it at once. */
void conn_drop(struct conn *c);

/* Between two requests: nobody loses anything but time if it is ended. */
bool conn_is_idle(const struct conn *c);

/* Ends it if it is a tunnel that the policy forbids by now. */
void conn_judge_tunnel(struct conn *c);

/* Whose turn it is to do a public-key operation; NULL: nobody waits. */
struct conn *conn_next_worker(void);

#endif
