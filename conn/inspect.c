/*
 * inspect: the two TLS handshakes of an inspected connection and what lies between them.
 *
 * The states hello, origin, verify, mint and client, in that order: whom the client means, whether the origin is
 * that, and who we are towards the client.  Nothing of a request goes to an origin before verify has said yes.
 */
#include <stdlib.h>
#include <string.h>
#include "conn/resume.h"
#include "conn/steps.h"
#include "lib/base/log.h"
#include "lib/base/seed.h"
#include "lib/tls/hello.h"
#include "lib/tls/leg.h"
#include "lib/x509/chain.h"
#include "lib/x509/digest.h"

enum {
	HANDSHAKE_ROUNDS =
		64 /* pieces of a handshake in one turn: more than an honest flight has */
};

_Static_assert(PAIR_SCRATCH == HELLO_WIRE_MAX + CERT_LEAF_MAX + ENGINE_SESSION,
	"the scratch holds a hello, the leaf that is shown meanwhile, and a session");

/* --- hello: who does the client think it talks to? -------------------------- */

/* Inside TLS if a leaf may be forged, else by an alert. */
static enum conn_state
refuse_hello(struct conn *c, enum door_answer answer)
{
	enum conn_state next = conn_refuse(c, answer);

	return next == C_FREE ? answer_alert(c, door_words(answer)->alert) : next;
}

/* The door has said yes: where to? */
static enum conn_state
go_on(struct conn *c)
{
	switch (c->door.route) {
	case ROUTE_TUNNEL:
		/* A client that has waited so far may say a hello yet; it is looked at in the tunnel. */
		if (c->door.reason != REASON_CLIENT_WAITS)
			c->hello.heard = HELLO_HEARD;
		return reach_host(c, FOR_TUNNEL);
	case ROUTE_CLEAR: return C_REQUEST;
	default: return reach_host(c, FOR_INSPECTION);
	}
}

static enum conn_state
take_hello(struct conn *c, const struct hello *h)
{
	struct door_house house = conn_house(c);
	enum door_answer answer = door_hello(&c->door, &house, h->sni, hello_is_speakable(h));

	if (c->door.way == WAY_REDIRECTED)
		record_begin_tls(c); /* the line was begun with an address */
	return answer == DOOR_OPEN ? go_on(c) : refuse_hello(c, answer);
}

static enum conn_state
take_other(struct conn *c, enum door_reason reason)
{
	struct door_house house = conn_house(c);
	enum door_answer answer = door_not_tls(&c->door, &house, reason);

	return answer == DOOR_OPEN ? go_on(c) : refuse_hello(c, answer);
}

enum conn_state
inspect_silence(struct conn *c)
{
	return take_other(c, REASON_CLIENT_WAITS);
}

static enum conn_state
refuse_malformed(struct conn *c, enum hello_error error)
{
	enum { ALERT_DECODE_ERROR = 50 }; /* RFC 8446 section 6.2 */

	c->door.may_forge = false;
	(void)conn_fail(c, PAGE_TLS, 400, "tls_protocol_error", "%s", hello_error_text(error));
	return answer_alert(c, ALERT_DECODE_ERROR);
}

enum conn_state
step_hello(struct conn *c)
{
	struct hello hello;
	const unsigned char *wire;
	size_t len;
	int n;

	if (!pair_has_news(&c->pair) || !conn_lend(c))
		return C_HELLO;
	while (leg_pump(&c->pair.client, true, true) == LEG_MOVED)
		continue;
	wire = leg_peek(&c->pair.client, &len);
	if (c->pair.client.eof ||
		leg_is_failed(&c->pair.client)) /* nobody is left to shake hands with */
		return conn_fail(
			c, PAGE_REFUSED, 400, "", "The client left before its TLS handshake.");
	if (wire == NULL) {
		conn_park(c);
		return C_HELLO;
	}
	n = hello_parse(&hello, wire, len);
	if (n > 0 && len <= HELLO_WIRE_MAX) {
		/* All that came is replayed: some clients send more behind the hello. */
		c->hello.len = (uint16_t)len;
		return take_hello(c, &hello);
	}
	if (n == 0 && len < HELLO_WIRE_MAX)
		return C_HELLO;
	if (n < 0 && hello.error == HELLO_NOT_TLS)
		return take_other(c, REASON_CLIENT_SPEAKS);
	return refuse_malformed(c, n < 0 ? hello.error : HELLO_TOO_LARGE);
}

/* --- origin: its handshake ---------------------------------------------------- */

/* A connection that can't or shall not be inspected becomes a tunnel: a fresh one, since the origin's first
 * connection has our own handshake on it.  The client's hello still waits in client_in. */
static bool
tunnel_instead(struct conn *c, enum door_reason reason)
{
	struct door_house house = conn_house(c);

	c->hello.heard = HELLO_HEARD;
	c->relay.high = PAIR_SCRATCH; /* a session with the origin may lie there */
	return door_tunnel_instead(&c->door, &house, reason);
}

static enum conn_state
origin_failed(struct conn *c)
{
	const struct engine *tls = &c->pair.origin_tls;
	int error = engine_error(tls);
	bool spoken = c->pair.origin.received > 0;

	if (engine_error_is_uninspectable(error) && tunnel_instead(c, REASON_ORIGIN))
		return reach_again(c, FOR_TUNNEL);
	if (error == ENGINE_OK)
		return conn_fail(c, PAGE_UNREACHABLE, 502, "connection_terminated",
			"%s ended the connection %s.", c->door.name,
			spoken ? "during the TLS handshake" : "without a word");
	return conn_fail(c, PAGE_TLS, 502,
		error >= ENGINE_ALERT             ? "tls_alert_received"
		: error == ENGINE_BAD_CERTIFICATE ? "tls_certificate_error"
						  : "tls_protocol_error",
		"There is no secure connection with %s: %s.", c->door.name,
		leg_failure_text(&c->pair.origin));
}

/* In the scratch, while they are of use: the hello to be replayed, and the leaf to be shown. */
static unsigned char *
scratch_hello(struct conn *c)
{
	return c->pair.buffers->scratch;
}

static unsigned char *
scratch_leaf(struct conn *c)
{
	return c->pair.buffers->scratch + HELLO_WIRE_MAX;
}

static unsigned char *
scratch_session(struct conn *c)
{
	return scratch_leaf(c) + CERT_LEAF_MAX;
}

/* The session to offer to the origin, or NULL.  A resumed one shows no certificate, so the leaf for the client
 * must be at hand already. */
static const struct origin_session *
find_session(struct conn *c)
{
	struct cert *cert = c->proxy->cert;
	const struct origin_session *s;

	resume_origin_key(c, c->origin.key);
	if (c->origin.offer == OFFER_FAILED)
		return NULL;
	s = origins_find(cert_origins(cert), c->origin.key, c->proxy->wall);
	if (s == NULL)
		return NULL;
	c->hello.leaf_len = (uint16_t)cert_leaf_again(
		cert, s->verdict.leaf, c->proxy->wall, scratch_leaf(c), CERT_LEAF_MAX);
	if (c->hello.leaf_len == 0)
		return NULL;
	c->origin.offer = OFFER_MADE;
	return s;
}

static void
keep_session(struct conn *c, const unsigned char *session, size_t len)
{
	origins_save(cert_origins(c->proxy->cert), c->origin.key, session, len, &c->origin.verdict,
		c->proxy->wall, c->proxy->now);
}

/*
 * The engine has a session that can be resumed: when the handshake ends, and with TLS 1.3 at any time later.  Only one
 * whose chain was found good is worth another time; before that it waits in the scratch, and the last one counts.
 */
static void
save_session(void *arg, const unsigned char *session, size_t len)
{
	struct conn *c = arg;

	if (c->origin.verdict.until != 0 && c->origin.offer != OFFER_MADE) {
		keep_session(c, session, len);
		return;
	}
	if (c->state != C_ORIGIN || len > ENGINE_SESSION)
		return;
	memcpy(scratch_session(c), session, len);
	c->origin.pending = (uint16_t)len;
}

/* The verdict on the origin is good. */
static void
save_pending(struct conn *c)
{
	if (c->origin.pending > 0)
		keep_session(c, scratch_session(c), c->origin.pending);
	pool_wipe(scratch_session(c), c->origin.pending);
	c->origin.pending = 0;
}

static void
note_verdict(struct conn *c)
{
	size_t len;
	const unsigned char *leaf = chain_leaf(c->origin.chain, &len);

	digest_sha256(c->origin.verdict.leaf, &(struct digest_part){ leaf, len }, 1);
	c->origin.verdict.until = chain_check_until(c->origin.chain);
	save_pending(c);
}

/* The origin did not like the session that was offered: once more, without. */
static enum conn_state
try_afresh(struct conn *c)
{
	origins_drop(cert_origins(c->proxy->cert), c->origin.key);
	c->origin.offer = OFFER_FAILED;
	return reach_again(c, FOR_INSPECTION);
}

/* Entropy for an engine.  Without a generator this connection can't be served; the next one may. */
static bool
make_seed(struct conn *c, unsigned char seed[ENGINE_SEED])
{
	if (seed_read(seed, ENGINE_SEED) == 0)
		return true;
	log_line(LOG_LEVEL_ERROR, "no random bytes are to be had: %s is not served", c->door.name);
	return false;
}

static struct engine_options
engine_options(const struct conn *c)
{
	const struct config *config = &c->proxy->config;

	return (struct engine_options){ .least = config->tls_min == CONFIG_TLS_13 ? ENGINE_TLS13
										  : ENGINE_TLS12,
		.most = ENGINE_TLS13,
		.post_quantum = config->post_quantum };
}

static bool
start_origin(struct conn *c)
{
	const struct door *d = &c->door;
	bool named = strcmp(d->name, d->host) != 0 || !d->is_ip;
	unsigned char seed[ENGINE_SEED];
	const struct origin_session *s;
	struct engine_client how = { .sni = named ? d->name : NULL,
		.options = engine_options(c),
		.save = save_session,
		.save_arg = c };

	if (!make_seed(c, seed))
		return false;
	s = find_session(c);
	if (s != NULL) {
		how.session = s->session;
		how.session_len = s->len;
		how.session_age = (uint32_t)(c->proxy->now - s->made_ms);
		c->origin.verdict = s->verdict;
	}
	pair_secure_origin(&c->pair, &how, seed);
	if (s != NULL)
		origins_spend(cert_origins(c->proxy->cert), s);
	pool_wipe(seed, sizeof seed);
	return true;
}

/* Moves a handshake on; the public-key operations in it are done when it is this connection's turn. */
static void
pump_handshake(struct conn *c, struct leg *l, bool reading)
{
	for (int rounds = 0; rounds < HANDSHAKE_ROUNDS; rounds++) {
		enum leg_pumped pumped = leg_pump(l, reading, false);

		if (pumped == LEG_HEAVY && conn_may_work(c))
			pumped = leg_pump(l, reading, true);
		if (pumped != LEG_MOVED || (reading && engine_is_open(l->tls)))
			return;
		conn_moved(c);
	}
	conn_again(c);
}

/* A chain is taken only once the origin says something: a silent one holds none. */
static bool
take_chain(struct conn *c)
{
	if (c->origin.chain != NULL)
		return true;
	if (!c->pair.origin.readable) {
		pump_handshake(c, &c->pair.origin, false);
		return false;
	}
	if (!conn_take_chain(c))
		return false;
	engine_collect(&c->pair.origin_tls, c->origin.chain);
	return true;
}

static void
log_handshake(const struct conn *c, const struct engine *e, const char *side)
{
	log_line(LOG_LEVEL_DEBUG, "%s: %s: %s, %s, %s, %s", c->door.name, side,
		engine_version_text(e), engine_suite_text(e), engine_group_text(e),
		engine_is_resumed(e) ? "resumed" : "full");
}

static void
count_handshake(struct handshakes *n, const struct engine *e)
{
	n->full += !engine_is_resumed(e);
	n->resumed += engine_is_resumed(e);
}

static enum conn_state
origin_is_open(struct conn *c)
{
	const struct engine *e = &c->pair.origin_tls;
	unsigned char offered_key[ORIGINS_HASH];

	log_handshake(c, e, "origin");
	count_handshake(&c->proxy->with_origins, e);
	if (!engine_is_resumed(e)) {
		c->origin.offer = OFFER_NONE;
		c->origin.verdict.until = 0;
		return C_VERIFY;
	}
	/* A reload meanwhile: what was trusted then may not be any more. */
	memcpy(offered_key, c->origin.key, sizeof offered_key);
	resume_origin_key(c, c->origin.key);
	if (memcmp(offered_key, c->origin.key, sizeof offered_key) != 0)
		return try_afresh(c);
	c->origin.offer = OFFER_TAKEN;
	save_pending(c);
	return C_MINT;
}

enum conn_state
step_origin(struct conn *c)
{
	if (!conn_lend(c))
		return C_ORIGIN;
	if (c->pair.origin.tls == NULL && !start_origin(c))
		return conn_fail(c, PAGE_BUSY, 503, "proxy_internal_error",
			"This proxy has no random bytes at the moment.");
	if (!take_chain(c))
		return leg_is_failed(&c->pair.origin) ? origin_failed(c) : C_ORIGIN;
	pump_handshake(c, &c->pair.origin, true);
	if (engine_is_open(&c->pair.origin_tls))
		return origin_is_open(c);
	if (leg_is_failed(&c->pair.origin) || engine_is_closed(&c->pair.origin_tls))
		return c->origin.offer == OFFER_MADE ? try_afresh(c) : origin_failed(c);
	return C_ORIGIN;
}

/* --- verify: is it whom it says it is? ---------------------------------------- */

static enum conn_state
refuse_chain(struct conn *c)
{
	enum chain_error error = chain_check_error(c->origin.chain);
	char text[CHAIN_TEXT];

	chain_check_text(c->origin.chain, text);
	log_line(LOG_LEVEL_DEBUG, "%s: certificate refused: %s: %s", c->door.name,
		chain_error_code(error), text);
	switch (c->proxy->config.invalid_upstream) {
	case CONFIG_INVALID_ALLOW: return C_MINT;
	case CONFIG_INVALID_UNTRUSTED: c->origin.signer = SIGNER_UNTRUSTED; return C_MINT;
	case CONFIG_INVALID_TUNNEL:
		(void)tunnel_instead(c, REASON_CERTIFICATE);
		return reach_again(c, FOR_TUNNEL);
	case CONFIG_INVALID_BLOCK: break;
	}
	return conn_fail(c, PAGE_CERTIFICATE, 502, chain_error_proxy_status(error), "%s (%s)", text,
		chain_error_code(error));
}

enum conn_state
step_verify(struct conn *c)
{
	struct chain *chain = c->origin.chain;

	if (c->origin.check == CHECK_NONE) {
		cert_check_start(c->proxy->cert, chain, c->door.name, c->proxy->wall);
		/* Of the trust that this check holds, whatever is loaded meanwhile. */
		resume_origin_key(c, c->origin.key);
		c->origin.check = CHECK_BEGUN;
	}
	if (!conn_may_work(c))
		return C_VERIFY;
	if (chain_check_step(chain) == 0) {
		conn_again(c);
		return C_VERIFY;
	}
	if (chain_check_error(chain) != CHAIN_OK)
		return refuse_chain(c);
	note_verdict(c);
	return C_MINT;
}

/* --- mint: who are we towards the client? -------------------------------------- */

static size_t
make_leaf(struct conn *c, char err[CERT_ERROR])
{
	struct cert *cert = c->proxy->cert;
	unsigned char *leaf = scratch_leaf(c);
	const unsigned char *origin;
	size_t len;

	if (c->failure.status != 0)
		return cert_page_leaf(cert, c->door.name, c->proxy->wall, leaf, CERT_LEAF_MAX, err);
	origin = chain_leaf(c->origin.chain, &len);
	return cert_leaf(cert, origin, len,
		c->origin.signer == SIGNER_UNTRUSTED ? CERT_UNTRUSTED : CERT_CA, c->proxy->wall,
		leaf, CERT_LEAF_MAX, err);
}

/* A session may be resumed only under what it was made under, and never one for a page or an untrusted leaf. */
static const struct ticket_tie *
tie_session(struct conn *c)
{
	if (c->failure.status != 0 || c->origin.signer == SIGNER_UNTRUSTED)
		return NULL;
	c->hello.tie.store = cert_sessions(c->proxy->cert);
	resume_client_tie(c, scratch_leaf(c), c->hello.leaf_len, c->hello.tie.tie);
	return &c->hello.tie;
}

static enum conn_state
start_client(struct conn *c)
{
	struct engine_server how = { .leaf = scratch_leaf(c),
		.leaf_len = c->hello.leaf_len,
		.key = cert_leaf_key(c->proxy->cert),
		.tie = tie_session(c),
		.options = engine_options(c) };
	unsigned char seed[ENGINE_SEED];
	const unsigned char *wire;
	size_t len;

	if (!make_seed(c, seed))
		return C_FREE;
	conn_put_chain(c);
	wire = leg_peek(&c->pair.client, &len);
	memcpy(scratch_hello(c), wire, c->hello.len);
	pair_secure_client(&c->pair, &how, seed);
	pool_wipe(seed, sizeof seed);
	return C_CLIENT;
}

enum conn_state
step_mint(struct conn *c)
{
	bool resumed = c->origin.offer == OFFER_TAKEN && c->failure.status == 0;
	char err[CERT_ERROR];

	if (!conn_lend(c))
		return C_MINT;
	/* The answer to CONNECT must be out before we change to TLS. */
	leg_pump(&c->pair.client, false, false);
	if (leg_is_failed(&c->pair.client))
		return C_FREE;
	if (!leg_is_drained(&c->pair.client) || (!resumed && !conn_may_work(c)))
		return C_MINT;
	if (!resumed)
		c->hello.leaf_len = (uint16_t)make_leaf(c, err);
	if (c->hello.leaf_len == 0) {
		conn_again(c); /* for a page under a leaf of its own */
		return conn_fail(c, PAGE_CERTIFICATE, 502, "tls_certificate_error", "%s", err);
	}
	return start_client(c);
}

/* --- client: its handshake ----------------------------------------------------- */

/* The hello that was read before, as far as the engine takes it.  True: all of it. */
static bool
replay_hello(struct conn *c)
{
	struct conn_hello *h = &c->hello;
	size_t n = 1;

	while (h->sent < h->len && n > 0) {
		n = leg_replay(
			&c->pair.client, scratch_hello(c) + h->sent, (size_t)(h->len - h->sent));
		h->sent += (uint16_t)n;
	}
	return h->sent == h->len;
}

/* The scratch is the relay's from now on; it has the leaf in it, and any that was there before. */
static enum conn_state
client_is_open(struct conn *c)
{
	size_t high = c->relay.high;       /* of the CONNECT; the hello lies over it */
	uint16_t status = c->relay.status; /* for its line, if no request comes */

	log_handshake(c, &c->pair.client_tls, "client");
	count_handshake(&c->proxy->with_clients, &c->pair.client_tls);
	pool_wipe(scratch_leaf(c), CERT_LEAF_MAX + ENGINE_SESSION);
	relay_start(&c->relay, (char *)c->pair.buffers->scratch);
	c->relay.high = high > c->hello.len ? high : c->hello.len;
	c->relay.status = status;
	return C_EXCHANGE;
}

enum conn_state
step_client(struct conn *c)
{
	/* Nothing is read from the wire before all that was read of it is used. */
	pump_handshake(c, &c->pair.client, replay_hello(c));
	if (engine_is_open(&c->pair.client_tls))
		return client_is_open(c);
	if (!leg_is_failed(&c->pair.client) && !engine_is_closed(&c->pair.client_tls)) {
		if (c->hello.sent < c->hello.len)
			conn_again(c);
		return C_CLIENT;
	}
	/* Mostly a client that does not know our CA, or pins its own certificate. */
	return conn_fail(c, PAGE_TLS, 400, "tls_alert_received",
		"The client did not accept our certificate for %s: %s.", c->door.name,
		leg_failure_text(&c->pair.client));
}
