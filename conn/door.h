/*
 * door: the one door for every verdict: may this client go there, by which route, and may a leaf be forged for it?
 *
 * Owns a struct door, a connection's stored verdict: where the client wants to go, what the rules say of it, the
 * route.  Nobody else asks the policy, compares ports, looks at `inspect` or the clock, or refuses an address.
 * Knows nothing of sockets, states or pages; pure, except that it asks which addresses are this machine's.
 *
 * Names.  `host` is what we look up and connect to; `name` is what the client calls it (the SNI).  They differ
 * only where the client asked for an address: then both are judged, at every request too, and the stricter verdict
 * counts.  A name that only a client asserts never loosens: it buys neither a tunnel nor an exception.
 */
#ifndef DOOR_H
#define DOOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "conn/learned.h"
#include "lib/base/config.h"
#include "lib/net/listen.h"
#include "lib/net/net.h"
#include "lib/net/target.h"
#include "policy.h"

enum { DOOR_RULE = 192 };

/* How the client came. */
enum door_way { WAY_CLEAR, WAY_CONNECT, WAY_REDIRECTED };

enum door_route {
	ROUTE_NONE,    /* not decided yet: what the client says next decides */
	ROUTE_CLEAR,   /* requests in clear */
	ROUTE_TUNNEL,  /* spliced, unseen */
	ROUTE_INSPECT, /* both legs under TLS, joined */
	ROUTE_PAGE     /* nowhere: an answer of our own */
};

/* Why a tunnel is one; in the log line of each. */
enum door_reason {
	REASON_NONE,
	REASON_RULE,          /* a list says so, or `inspect '0'` */
	REASON_CLIENT_TLS,    /* a ClientHello that we can't serve */
	REASON_CLIENT_SPEAKS, /* what the client speaks is no TLS */
	REASON_CLIENT_WAITS,  /* it says nothing: the server speaks first */
	REASON_ORIGIN,        /* the origin's TLS can't be inspected */
	REASON_CERTIFICATE    /* its chain was refused, under `invalid_upstream 'tunnel'` */
};

/* The answers to a question.  door_words has the sentence for each refusal. */
enum door_answer {
	DOOR_OPEN, /* go on; the route says how */
	DOOR_BLOCKED,
	DOOR_ADDRESS_BLOCKED,
	DOOR_NOWHERE, /* redirected, but no firewall says where to */
	DOOR_PORT,
	DOOR_HTTP_PORT,
	DOOR_CLOCK,
	DOOR_NAME_DIFFERS,
	DOOR_UNSPEAKABLE, /* a client that can't be inspected, and no tunnel is to be had */
	DOOR_NOT_TLS,     /* likewise */
	DOOR_LOOP,
	DOOR_PRIVATE,
	DOOR_MISDIRECTED, /* a request for another host than the connection was made to */
	DOOR_ANSWERS
};

/* How a refusal is put. */
struct door_words {
	uint16_t status;
	uint8_t alert;          /* where only TLS can be answered in (RFC 8446 section 6.2) */
	const char *error_type; /* RFC 9209 */
	const char *text;       /* a sentence; "%s" is what it is about */
};

/* The grounds of a verdict: the caller's, valid for one call. */
struct door_house {
	struct policy *policy;
	const struct config *config;
	const struct listeners *listeners;
	struct learned *learned;
	int64_t now; /* monotonic ms */
	struct policy_client client;
	bool clock_is_trusted;
};

/* A connection's verdict.  All zero: none yet. */
struct door {
	enum door_way way;
	enum door_route route;
	enum door_reason reason;   /* with ROUTE_TUNNEL */
	enum door_answer refused;  /* the first refusal; DOOR_OPEN: none */
	enum config_action action; /* of the rule that decided, if rule is not empty */
	bool is_ip;                /* host is an address */
	bool may_forge;            /* a leaf may be forged for `name` */
	bool own;                  /* that rule is of a list for this client alone */
	bool plain;                /* behind a CONNECT: requests in clear, not TLS */
	uint16_t port;
	char host[TARGET_HOST_MAX + 1];
	char name[TARGET_HOST_MAX + 1];
	char rule[DOOR_RULE];     /* the deciding rule's words, "" for none */
	const char *private_why;  /* after DOOR_PRIVATE: which kind of address; a constant */
	struct net_addr original; /* redirected: where to; else family 0 */
};

/* --- the questions, in the order in which a connection meets them --- */

/* CONNECT target.  DOOR_OPEN: ROUTE_TUNNEL (resolve first, answer 200 then), or anything else (answer 200 now, and look
 * at what comes: door->plain, or TLS). */
enum door_answer door_connect(struct door *d, const struct door_house *h, const struct target *t);

/* A redirected connection: `original` from the firewall, family 0 if that is not known.  Sets way, and where it goes if
 * that is TLS; ROUTE_CLEAR: a request comes, and says where to. */
enum door_answer door_redirected(
	struct door *d, const struct door_house *h, const struct net_addr *original);

/* A request in clear, for this target (a port of 0 is `port`) and path.  Replaces host and name. */
enum door_answer door_plain(struct door *d, const struct door_house *h, const struct target *t,
	uint16_t port, const char *path, size_t path_len);

/* The ClientHello behind a CONNECT or a redirect: its SNI ("": none), and whether we could serve it. */
enum door_answer door_hello(
	struct door *d, const struct door_house *h, const char *sni, bool speakable);

/* The client speaks something else than TLS: REASON_CLIENT_SPEAKS; or it is silent: REASON_CLIENT_WAITS.  ROUTE_CLEAR: to
 * an http_port requests in clear are taken. */
enum door_answer door_not_tls(struct door *d, const struct door_house *h, enum door_reason reason);

/* The hello in a tunnel that was decided by its host. */
enum door_answer door_tunnel_hello(const struct door *d, const char *sni);

/* May we connect to this address for it?  Leaves the verdict as it is, but for the rule that blocks. */
enum door_answer door_address(
	struct door *d, const struct door_house *h, const struct net_addr *address);

/* The origin's TLS can't be inspected (which is learned), or its chain was refused (under `invalid_upstream 'tunnel'`): true: it is to
 * be tunnelled, and the route says so. */
bool door_tunnel_instead(struct door *d, const struct door_house *h, enum door_reason reason);

/* After the handshake the origin's TLS turned out to be of a kind that can't be inspected (it wants a certificate of the
 * client's own): learned, so that the next connection is tunnelled where that is allowed. */
void door_learn(const struct door *d, const struct door_house *h);

/* A request inside TLS.  `host`: its Host or the host of an absolute form, NULL: none. */
enum door_answer door_request(struct door *d, const struct door_house *h, const struct target *host,
	const char *path, size_t path_len);

/* Under the rules of now: may a kept connection to this address (family 0: none) take another request? */
enum door_answer door_peer(
	struct door *d, const struct door_house *h, const struct net_addr *address);

/* Under the rules of now: may a tunnel (or a switched connection), to this address, go on? */
bool door_holds(struct door *d, const struct door_house *h, const struct net_addr *address);

/* --- the words --- */

const struct door_words *door_words(enum door_answer a);

/* "tunnelled: the client's TLS can't be inspected"; "" without a reason worth a word. */
const char *door_reason_text(enum door_reason r);

#endif
