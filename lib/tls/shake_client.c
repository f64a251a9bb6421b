/*
 * shake_client: a handshake with an origin.  See shake.h for the states and message.c for what each of them allows.
 *
 * At the end of `in` lie, until the ServerHello: the session that is offered, and before it the public ML-KEM key.  Our hello
 * stays at the begin of `out` until the ServerHello says with which hash it is hashed.
 */
#include "lib/tls/shake.h"

#include <string.h>
#include "lib/base/pool.h"
#include "lib/curve/ecdsa.h"
#include "lib/curve/kem.h"
#include "lib/curve/rsa.h"
#include "lib/x509/chain.h"
#include "lib/x509/x509.h"

enum {
	COOKIE_MOST =
		1024, /* bytes of a HelloRetryRequest's cookie: our hello must fit a record of ours */
	TICKET_WEEK = 604800, /* seconds that a ticket may last (RFC 8446 section 4.6.1) */
	SESSION_SECRET = 48,
	SESSION_EXTENDED = 1 /* flag: TLS 1.2 with the extended master secret */
};

/* --- sessions as bytes: version, suite, flags, lifetime, age_add, secret, ID, ticket --- */

struct session {
	unsigned version, suite, flags;
	uint32_t lifetime, age_add;
	const unsigned char *secret;
	struct cursor id, ticket;
};

static bool
session_read(struct session *s, const unsigned char *p, size_t len)
{
	struct cursor c = cursor_of(p, len);

	s->version = cursor_number(&c, 2);
	s->suite = cursor_number(&c, 2);
	s->flags = cursor_number(&c, 1);
	s->lifetime = cursor_number(&c, 4);
	s->age_add = cursor_number(&c, 4);
	s->secret = cursor_bytes(&c, SESSION_SECRET);
	s->id = cursor_vector(&c, 1);
	s->ticket = cursor_vector(&c, 2);
	return cursor_is_done(&c) && s->id.len <= 32 && s->ticket.len <= ENGINE_TICKET &&
	       suite_find(s->suite) != NULL;
}

static size_t
session_write(unsigned char out[ENGINE_SESSION], const struct session *s)
{
	struct draft d = { .p = out, .cap = ENGINE_SESSION };

	draft_number(&d, s->version, 2);
	draft_number(&d, s->suite, 2);
	draft_number(&d, s->flags, 1);
	draft_number(&d, s->lifetime, 4);
	draft_number(&d, s->age_add, 4);
	draft_bytes(&d, s->secret, SESSION_SECRET);
	draft_number(&d, (uint32_t)s->id.len, 1);
	draft_bytes(&d, s->id.p, s->id.len);
	draft_number(&d, (uint32_t)s->ticket.len, 2);
	draft_bytes(&d, s->ticket.p, s->ticket.len);
	return d.full ? 0 : d.len;
}

uint32_t
engine_session_lifetime(const unsigned char *session, size_t len)
{
	struct session s;

	return session_read(&s, session, len) ? s.lifetime : 0;
}

bool
engine_session_is_single(const unsigned char *session, size_t len)
{
	struct session s;

	return session_read(&s, session, len) && s.version == ENGINE_TLS13;
}

static unsigned char *
session_place(const struct engine *e)
{
	return e->in + ENGINE_IN - ENGINE_SESSION;
}

static unsigned char *
kem_place(const struct engine *e)
{
	return session_place(e) - KEM_PUBLIC;
}

/* --- ClientHello --- */

/* ECDSA with its curve's hash; RSA-PSS; PKCS #1, which TLS 1.3 has for certificates alone.  By cost to us. */
static const struct {
	uint16_t number;
	uint8_t kind; /* enum x509_key_kind */
	uint8_t hash_len;
	bool pss, is_13;
} schemes[] = {
	{ 0x0403, X509_KEY_P256, 32, false, true },
	{ 0x0804, X509_KEY_RSA, 32, true, true },
	{ 0x0401, X509_KEY_RSA, 32, false, false },
	{ 0x0503, X509_KEY_P384, 48, false, true },
	{ 0x0805, X509_KEY_RSA, 48, true, true },
	{ 0x0501, X509_KEY_RSA, 48, false, false },
	{ 0x0603, X509_KEY_P521, 64, false, true },
	{ 0x0806, X509_KEY_RSA, 64, true, true },
	{ 0x0601, X509_KEY_RSA, 64, false, false },
};

enum { SCHEMES = sizeof schemes / sizeof *schemes };

static bool
speaks(const struct shake *s, unsigned version)
{
	return s->options.least <= version && s->options.most >= version;
}

static bool
offers_hybrid(const struct shake *s)
{
	return s->options.post_quantum && speaks(s, ENGINE_TLS13);
}

static size_t
open_extension(struct shake *s, struct draft *d, enum extension x)
{
	s->asked |= (uint32_t)1 << x;
	return extension_open(d, x);
}

static void
write_empty(struct shake *s, struct draft *d, enum extension x)
{
	draft_close(d, open_extension(s, d, x), 2);
}

static void
write_name(struct shake *s, struct draft *d)
{
	size_t at = open_extension(s, d, EXT_SERVER_NAME), list = draft_open(d, 2), name;

	draft_number(d, 0, 1); /* host_name */
	name = draft_open(d, 2);
	draft_bytes(d, s->sni, strlen(s->sni));
	draft_close(d, name, 2);
	draft_close(d, list, 2);
	draft_close(d, at, 2);
}

static void
write_groups(struct shake *s, struct draft *d)
{
	size_t at = open_extension(s, d, EXT_GROUPS), list = draft_open(d, 2);

	if (offers_hybrid(s))
		draft_number(d, GROUP_HYBRID, 2);
	draft_number(d, GROUP_X25519, 2);
	draft_number(d, GROUP_P256, 2);
	draft_number(d, GROUP_P384, 2);
	draft_close(d, list, 2);
	draft_close(d, at, 2);
}

static void
write_signatures(struct shake *s, struct draft *d)
{
	size_t at = open_extension(s, d, EXT_SIGNATURES), list = draft_open(d, 2);

	for (size_t i = 0; i < SCHEMES; i++)
		draft_number(d, schemes[i].number, 2);
	draft_close(d, list, 2);
	draft_close(d, at, 2);
}

static void
write_protocol(struct draft *d)
{
	size_t list = draft_open(d, 2);

	draft_number(d, 8, 1);
	draft_bytes(d, "http/1.1", 8);
	draft_close(d, list, 2);
}

static void
write_share(struct draft *d, unsigned group, const unsigned char *point, size_t len)
{
	size_t at;

	draft_number(d, group, 2);
	at = draft_open(d, 2);
	draft_bytes(d, point, len);
	draft_close(d, at, 2);
}

/* The hybrid's second half is the X25519 key that is offered alone as well. */
static void
write_shares(struct engine *e, struct draft *d)
{
	struct shake *s = e->shake;
	size_t at = open_extension(s, d, EXT_KEY_SHARE), list = draft_open(d, 2);

	if (e->group == GROUP_X25519 && offers_hybrid(s)) {
		size_t share;

		draft_number(d, GROUP_HYBRID, 2);
		share = draft_open(d, 2);
		draft_bytes(d, kem_place(e), KEM_PUBLIC);
		draft_bytes(d, s->point, 32);
		draft_close(d, share, 2);
	}
	write_share(d, e->group, s->point, group_point_len(e->group));
	draft_close(d, list, 2);
	draft_close(d, at, 2);
}

static void
write_13(struct engine *e, struct draft *d)
{
	struct shake *s = e->shake;
	size_t at = open_extension(s, d, EXT_VERSIONS), list = draft_open(d, 1);

	draft_number(d, ENGINE_TLS13, 2);
	if (speaks(s, ENGINE_TLS12))
		draft_number(d, ENGINE_TLS12, 2);
	draft_close(d, list, 1);
	draft_close(d, at, 2);
	at = open_extension(s, d, EXT_PSK_MODES);
	draft_number(d, 1, 1);
	draft_number(d, 1, 1); /* psk_dhe_ke */
	draft_close(d, at, 2);
	write_shares(e, d);
	if (s->cookie_len > 0) {
		at = open_extension(s, d, EXT_COOKIE);
		draft_number(d, s->cookie_len, 2);
		draft_bytes(d, s->held, s->cookie_len);
		draft_close(d, at, 2);
	}
}

/* RFC 8446 section 4.2.11: last, since its binder is over all before it.  Returns the binder's length. */
static size_t
write_psk(struct engine *e, struct draft *d, const struct session *old)
{
	static const unsigned char zeros[48];
	struct shake *s = e->shake;
	size_t size = schedule_size(suite_find(old->suite)->sha384);
	size_t at = open_extension(s, d, EXT_PSK), list = draft_open(d, 2);

	draft_number(d, (uint32_t)old->ticket.len, 2);
	draft_bytes(d, old->ticket.p, old->ticket.len);
	draft_number(d, s->age + old->age_add, 4);
	draft_close(d, list, 2);
	list = draft_open(d, 2);
	draft_number(d, (uint32_t)size, 1);
	draft_bytes(d, zeros, size);
	draft_close(d, list, 2);
	draft_close(d, at, 2);
	return size;
}

static void
write_binder(struct shake *s, struct draft *d, const struct session *old, size_t size)
{
	bool sha384 = suite_find(old->suite)->sha384;
	struct transcript upto = s->transcript;
	unsigned char binder[48];

	if (d->full)
		return;
	draft_close(d, MESSAGE_HEAD, 3);
	if (s->suite == NULL)
		transcript_start(&upto, sha384);
	transcript_add(&upto, d->p, d->len - size - 3);
	s->has_psk = true;
	shake_early_secret(s, sha384);
	s->has_psk = false;
	shake_binder(s, sha384, &upto, binder);
	memcpy(d->p + d->len - size, binder, size);
}

static void
write_suites(const struct shake *s, struct draft *d)
{
	const struct suite *suite;
	size_t at = draft_open(d, 2);

	for (size_t i = 0; (suite = suite_at(i)) != NULL; i++)
		if (speaks(s, suite->is_13 ? ENGINE_TLS13 : ENGINE_TLS12))
			draft_number(d, suite->number, 2);
	draft_close(d, at, 2);
}

static void
write_12(struct shake *s, struct draft *d, const struct session *old)
{
	size_t at;

	write_empty(s, d, EXT_MASTER_SECRET);
	at = open_extension(s, d, EXT_RENEGOTIATION);
	draft_number(d, 0, 1);
	draft_close(d, at, 2);
	at = open_extension(s, d, EXT_POINT_FORMATS);
	draft_number(d, 1, 1);
	draft_number(d, 0, 1); /* uncompressed */
	draft_close(d, at, 2);
	at = open_extension(s, d, EXT_TICKET);
	if (s->has_session_12)
		draft_bytes(d, old->ticket.p, old->ticket.len);
	draft_close(d, at, 2);
}

/* The session that is offered, if it is one that could be resumed by what this hello offers. */
static void
choose_session(struct engine *e, struct session *old)
{
	struct shake *s = e->shake;
	const struct suite *suite;

	*old = (struct session){ 0 };
	if (s->session_len == 0 || !session_read(old, session_place(e), s->session_len) ||
		!speaks(s, old->version))
		return;
	suite = suite_find(old->suite);
	if (suite->is_13 != (old->version == ENGINE_TLS13))
		return;
	if (!suite->is_13)
		s->has_session_12 = old->id.len > 0 || old->ticket.len > 0;
	else
		s->offers_psk = old->ticket.len > 0 &&
				(s->suite == NULL || s->suite->sha384 == suite->sha384);
	memcpy(s->psk, old->secret, SESSION_SECRET);
}

/* A session's own ID; else any, which middleboxes take for one, and which says whether a ticket was accepted. */
static void
choose_id(struct shake *s, const struct session *old)
{
	if (s->has_session_12 && old->id.len > 0) {
		s->session_id_len = (uint8_t)old->id.len;
		memcpy(s->session_id, old->id.p, old->id.len);
	} else if (speaks(s, ENGINE_TLS13) || s->has_session_12) {
		s->session_id_len = 32;
		shake_draw(s, s->session_id, 32);
	}
}

static void
client_send_hello(struct engine *e)
{
	struct shake *s = e->shake;
	struct session old;
	struct draft d;
	size_t at, binder = 0;

	s->offers_psk = s->has_session_12 = false;
	choose_session(e, &old);
	if (!s->is_retried) {
		shake_draw(s, s->client_random, 32);
		choose_id(s, &old);
	}
	d = shake_begin(e, MESSAGE_CLIENT_HELLO);
	draft_number(&d, ENGINE_TLS12, 2);
	draft_bytes(&d, s->client_random, 32);
	draft_number(&d, s->session_id_len, 1);
	draft_bytes(&d, s->session_id, s->session_id_len);
	write_suites(s, &d);
	draft_number(&d, 0x0100, 2); /* one compression method: none */
	at = draft_open(&d, 2);
	if (s->sni != NULL && s->sni[0] != '\0')
		write_name(s, &d);
	write_groups(s, &d);
	write_signatures(s, &d);
	draft_close(&d, at, 2);
	{
		size_t alpn = open_extension(s, &d, EXT_ALPN);

		write_protocol(&d);
		draft_close(&d, alpn, 2);
	}
	if (speaks(s, ENGINE_TLS12))
		write_12(s, &d, &old);
	if (speaks(s, ENGINE_TLS13))
		write_13(e, &d);
	if (s->offers_psk)
		binder = write_psk(e, &d, &old);
	draft_close(&d, at, 2);
	if (s->offers_psk)
		write_binder(s, &d, &old, binder);
	shake_finish(e, &d);
	s->hello_len = (uint16_t)d.len;
	engine_seal(e);
	/* Some servers of old look at the first record's version before anything else (RFC 8446 section 5.1). */
	if (!s->is_retried)
		e->out[2] = 1;
	e->state = s->is_retried ? CLIENT_RETRIED : CLIENT_HELLO;
}

static void
client_made_kem(struct engine *e)
{
	shake_draw(e->shake, e->shake->kem, KEM_SEED);
	kem_keygen(kem_place(e), e->shake->kem);
	client_send_hello(e);
}

static void
client_made_key(struct engine *e)
{
	struct shake *s = e->shake;

	if (group_make(s, e->group) != 0)
		engine_fail(e, ENGINE_INTERNAL);
	else if (!s->is_retried && offers_hybrid(s))
		shake_wait(e, ENGINE_MAKE_KEY, client_made_kem);
	else
		client_send_hello(e);
}

void
client_start(struct engine *e)
{
	if (!speaks(e->shake, ENGINE_TLS13)) {
		client_send_hello(e);
		return;
	}
	e->group = GROUP_X25519;
	shake_wait(e, ENGINE_MAKE_KEY, client_made_key);
}

/* --- ServerHello and HelloRetryRequest --- */

/* RFC 8446 section 4.1.3: SHA-256 of "HelloRetryRequest" */
static const unsigned char retry_random[32] = { 0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11,
	0xbe, 0x1d, 0x8c, 0x02, 0x1e, 0x65, 0xb8, 0x91, 0xc2, 0xa2, 0x11, 0x16, 0x7a, 0xbb, 0x8c,
	0x5e, 0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c };

struct server_hello {
	const unsigned char *random;
	struct cursor id;
	unsigned version, suite, compression;
	bool is_13, is_retry;
	struct extensions x;
};

/* TLS 1.3 says so in an extension, whose place decides what else may be there. */
static bool
has_versions(struct cursor extensions)
{
	while (extensions.len > 0) {
		unsigned number = cursor_number(&extensions, 2);

		(void)cursor_vector(&extensions, 2);
		if (extensions.bad)
			return false;
		if (number == extension_number(EXT_VERSIONS))
			return true;
	}
	return false;
}

static int
read_server_hello(struct server_hello *h, struct cursor body, uint32_t asked)
{
	struct cursor extensions = { 0 };

	h->version = cursor_number(&body, 2);
	h->random = cursor_bytes(&body, 32);
	h->id = cursor_vector(&body, 1);
	h->suite = cursor_number(&body, 2);
	h->compression = cursor_number(&body, 1);
	if (body.len > 0)
		extensions = cursor_vector(&body, 2);
	if (!cursor_is_done(&body) || h->id.len > 32)
		return ENGINE_DECODE;
	if (h->version != ENGINE_TLS12)
		return ENGINE_NO_VERSION;
	h->is_13 = has_versions(extensions);
	h->is_retry = memcmp(h->random, retry_random, 32) == 0;
	if (h->is_retry && !h->is_13)
		return ENGINE_MISSING;
	return extension_read(&extensions,
		!h->is_13     ? IN_SERVER_HELLO_12
		: h->is_retry ? IN_RETRY
			      : IN_SERVER_HELLO,
		asked, &h->x);
}

/* The part that ServerHello and HelloRetryRequest have in common. */
static int
judge_hello_13(const struct shake *s, struct server_hello *h)
{
	const struct suite *suite = suite_find(h->suite);
	struct cursor version = h->x.at[EXT_VERSIONS];

	if (cursor_number(&version, 2) != ENGINE_TLS13)
		return version.bad ? ENGINE_DECODE : ENGINE_PARAMETER;
	if (!cursor_is_done(&version))
		return ENGINE_DECODE;
	if (h->id.len != s->session_id_len || memcmp(h->id.p, s->session_id, h->id.len) != 0)
		return ENGINE_PARAMETER;
	if (suite == NULL || !suite->is_13 || h->compression != 0)
		return ENGINE_PARAMETER;
	if (s->suite != NULL && s->suite != suite) /* after a HelloRetryRequest */
		return ENGINE_PARAMETER;
	return ENGINE_OK;
}

/* Now that the hash is known: our hello, which was sent. */
static void
begin_transcript(struct engine *e, const struct suite *suite)
{
	struct shake *s = e->shake;

	e->suite = suite->number;
	if (s->suite != NULL)
		return;
	s->suite = suite;
	transcript_start(&s->transcript, suite->sha384);
	transcript_add(&s->transcript, e->out + RECORD_HEAD, s->hello_len);
}

static void
wipe_kept(struct engine *e)
{
	pool_wipe(e->in + ENGINE_IN - CLIENT_KEPT, CLIENT_KEPT);
}

static bool
was_shared(const struct engine *e, unsigned group)
{
	return group == e->group ||
	       (group == GROUP_HYBRID && e->group == GROUP_X25519 && offers_hybrid(e->shake));
}

static int
read_retry(struct engine *e, struct server_hello *h, unsigned *group)
{
	struct shake *s = e->shake;
	struct cursor share = h->x.at[EXT_KEY_SHARE], cookie = h->x.at[EXT_COOKIE], value;

	*group = 0;
	if (!extension_has(&h->x, EXT_KEY_SHARE) && !extension_has(&h->x, EXT_COOKIE))
		return ENGINE_PARAMETER;
	if (extension_has(&h->x, EXT_KEY_SHARE)) {
		*group = cursor_number(&share, 2);
		if (!cursor_is_done(&share))
			return ENGINE_DECODE;
		if (was_shared(e, *group) || group_point_len(*group) == 0)
			return ENGINE_PARAMETER;
	}
	if (extension_has(&h->x, EXT_COOKIE)) {
		value = cursor_vector(&cookie, 2);
		if (!cursor_is_done(&cookie) || value.len == 0)
			return ENGINE_DECODE;
		if (value.len > COOKIE_MOST)
			return ENGINE_INTERNAL;
		s->held = value.p;
		s->cookie_len = (uint16_t)value.len;
	}
	return ENGINE_OK;
}

static void
client_retry(struct engine *e, struct server_hello *h)
{
	struct shake *s = e->shake;
	unsigned group;
	int error = s->is_retried || !shake_is_aligned(e) ? ENGINE_UNEXPECTED
							  : read_retry(e, h, &group);

	if (error != ENGINE_OK) {
		engine_fail(e, error);
		return;
	}
	s->is_retried = true;
	begin_transcript(e, suite_find(h->suite));
	transcript_fold(&s->transcript);
	shake_hash_message(e);
	engine_send_change(e);
	s->sent_change = true;
	if (group == 0) {
		client_send_hello(e);
		return;
	}
	e->group = (uint16_t)group;
	shake_wait(e, ENGINE_MAKE_KEY, client_made_key);
}

static void
client_secure(struct engine *e)
{
	struct shake *s = e->shake;

	shake_hash_message(e);
	shake_handshake_keys(e);
	wipe_kept(e);
	if (!s->sent_change)
		engine_send_change(e);
	s->sent_change = true;
	e->state = CLIENT_ENCRYPTED;
}

static void
client_agreed(struct engine *e)
{
	struct shake *s = e->shake;

	if (group_agree(s, e->group, s->held) != 0)
		engine_fail(e, ENGINE_PARAMETER);
	else
		client_secure(e);
}

static void
client_decapsulated(struct engine *e)
{
	struct shake *s = e->shake;

	kem_decaps(s->shared, s->held, s->kem);
	s->held += KEM_CIPHERTEXT;
	shake_wait(e, ENGINE_AGREE, client_agreed);
}

static int
read_share(struct engine *e, struct cursor share)
{
	unsigned group = cursor_number(&share, 2);
	struct cursor point = cursor_vector(&share, 2);

	if (!cursor_is_done(&share))
		return ENGINE_DECODE;
	if (!was_shared(e, group))
		return ENGINE_PARAMETER;
	e->group = (uint16_t)group;
	e->shake->held = point.p;
	if (group == GROUP_HYBRID)
		return point.len == KEM_CIPHERTEXT + 32 ? ENGINE_OK : ENGINE_PARAMETER;
	return group_is_point(group, point.p, point.len) ? ENGINE_OK : ENGINE_PARAMETER;
}

/* RFC 8446 section 4.2.11: one was offered, and with its hash alone. */
static int
read_selected(struct engine *e, struct server_hello *h)
{
	struct shake *s = e->shake;
	struct cursor selected = h->x.at[EXT_PSK];
	struct session old;

	if (!extension_has(&h->x, EXT_PSK))
		return ENGINE_OK;
	if (cursor_number(&selected, 2) != 0)
		return ENGINE_PARAMETER;
	if (!cursor_is_done(&selected))
		return ENGINE_DECODE;
	if (!s->offers_psk || !session_read(&old, session_place(e), s->session_len) ||
		suite_find(old.suite)->sha384 != suite_find(h->suite)->sha384)
		return ENGINE_PARAMETER;
	s->has_psk = true;
	e->is_resumed = true;
	return ENGINE_OK;
}

static void
client_hello_13(struct engine *e, struct server_hello *h)
{
	int error = shake_is_aligned(e) ? read_selected(e, h) : ENGINE_UNEXPECTED;

	if (error == ENGINE_OK && !extension_has(&h->x, EXT_KEY_SHARE))
		error = e->is_resumed ? ENGINE_PARAMETER : ENGINE_MISSING;
	if (error == ENGINE_OK)
		error = read_share(e, h->x.at[EXT_KEY_SHARE]);
	if (error != ENGINE_OK) {
		engine_fail(e, error);
		return;
	}
	e->version = ENGINE_TLS13;
	begin_transcript(e, suite_find(h->suite));
	if (e->group == GROUP_HYBRID) {
		shake_wait(e, ENGINE_AGREE, client_decapsulated);
		return;
	}
	shake_wait(e, ENGINE_AGREE, client_agreed);
}

/* RFC 7301 section 3.1: one name, and one that was offered. */
static int
read_protocol(const struct extensions *x)
{
	struct cursor c = x->at[EXT_ALPN], list, name;

	if (!extension_has(x, EXT_ALPN))
		return ENGINE_OK;
	list = cursor_vector(&c, 2);
	name = cursor_vector(&list, 1);
	if (!cursor_is_done(&c) || list.bad || name.len == 0)
		return ENGINE_DECODE;
	if (list.len > 0)
		return ENGINE_PARAMETER;
	return name.len == 8 && memcmp(name.p, "http/1.1", 8) == 0 ? ENGINE_OK : ENGINE_PARAMETER;
}

/* RFC 8446 section 4.1.3, by servers that have TLS 1.3 or 1.2 and were made to answer with less. */
static bool
is_downgraded(const struct shake *s, const unsigned char random[32])
{
	return speaks(s, ENGINE_TLS13) && memcmp(random + 24, "DOWNGRD", 7) == 0 && random[31] <= 1;
}

/* RFC 8422 section 5.2: uncompressed must be among them. */
static bool
reads_points(const struct extensions *x)
{
	struct cursor c = x->at[EXT_POINT_FORMATS], formats;

	if (!extension_has(x, EXT_POINT_FORMATS))
		return true;
	formats = cursor_vector(&c, 1);
	return cursor_is_done(&c) && formats.len > 0 && memchr(formats.p, 0, formats.len) != NULL;
}

static int
judge_hello_12(const struct shake *s, struct server_hello *h)
{
	const struct suite *suite = suite_find(h->suite);
	struct cursor renegotiation = h->x.at[EXT_RENEGOTIATION];

	if (s->is_retried)
		return ENGINE_PARAMETER;
	if (!speaks(s, ENGINE_TLS12))
		return ENGINE_NO_VERSION;
	if (is_downgraded(s, h->random))
		return ENGINE_DOWNGRADED;
	if (suite == NULL || suite->is_13 || h->compression != 0 || !reads_points(&h->x))
		return ENGINE_PARAMETER;
	if (extension_has(&h->x, EXT_RENEGOTIATION) &&
		(renegotiation.len != 1 || renegotiation.p[0] != 0))
		return ENGINE_NO_COMMON; /* RFC 5746 section 3.4 */
	if (extension_has(&h->x, EXT_MASTER_SECRET) && h->x.at[EXT_MASTER_SECRET].len > 0)
		return ENGINE_DECODE;
	return read_protocol(&h->x);
}

/* A session is resumed as it was made (RFC 5246 section 7.4.1.3, RFC 7627 section 5.3). */
static int
judge_resumed_12(struct engine *e, const struct server_hello *h)
{
	struct shake *s = e->shake;
	struct session old;

	if (!s->has_session_12 || !session_read(&old, session_place(e), s->session_len) ||
		h->suite != old.suite)
		return ENGINE_PARAMETER;
	if (s->is_extended != ((old.flags & SESSION_EXTENDED) != 0))
		return ENGINE_NO_COMMON;
	e->is_resumed = true;
	memcpy(s->secret, s->psk, SESSION_SECRET);
	return ENGINE_OK;
}

static void
client_hello_12(struct engine *e, struct server_hello *h)
{
	struct shake *s = e->shake;
	int error = judge_hello_12(s, h);

	s->is_extended = extension_has(&h->x, EXT_MASTER_SECRET);
	s->gets_ticket = extension_has(&h->x, EXT_TICKET);
	if (error == ENGINE_OK && h->id.len > 0 && h->id.len == s->session_id_len &&
		memcmp(h->id.p, s->session_id, h->id.len) == 0)
		error = judge_resumed_12(e, h);
	if (error != ENGINE_OK) {
		engine_fail(e, error);
		return;
	}
	e->version = ENGINE_TLS12;
	e->group = 0;
	memcpy(s->server_random, h->random, 32);
	s->session_id_len = (uint8_t)h->id.len;
	memcpy(s->session_id, h->id.p, h->id.len);
	begin_transcript(e, suite_find(h->suite));
	s->session_len = 0;
	wipe_kept(e);
	if (e->is_resumed)
		e->state = s->gets_ticket ? CLIENT12_TICKET : CLIENT12_CHANGE;
	else
		e->state = CLIENT12_SHOWN;
}

void
client_read_hello(struct engine *e, struct cursor body)
{
	struct server_hello h;
	int error = read_server_hello(&h, body, e->shake->asked);

	if (error == ENGINE_OK && h.is_13)
		error = judge_hello_13(e->shake, &h);
	if (error != ENGINE_OK)
		engine_fail(e, error);
	else if (h.is_retry)
		client_retry(e, &h);
	else if (h.is_13)
		client_hello_13(e, &h);
	else
		client_hello_12(e, &h);
}

void
client_read_encrypted(struct engine *e, struct cursor body)
{
	struct cursor block = cursor_vector(&body, 2);
	struct extensions x;
	int error = ENGINE_DECODE;

	if (cursor_is_done(&body))
		error = extension_read(&block, IN_ENCRYPTED, e->shake->asked, &x);
	if (error == ENGINE_OK && extension_has(&x, EXT_SERVER_NAME) &&
		x.at[EXT_SERVER_NAME].len > 0)
		error = ENGINE_DECODE;
	if (error == ENGINE_OK)
		error = read_protocol(&x);
	if (error != ENGINE_OK)
		engine_fail(e, error);
	else
		e->state = e->is_resumed ? CLIENT_FINISHED : CLIENT_SHOWN;
}

/* --- CertificateRequest: answered by none --- */

void
client_end_request(struct engine *e)
{
	e->shake->is_requested = true;
	e->state = e->version == ENGINE_TLS13 ? CLIENT_REQUESTED : CLIENT12_DONE;
}

static int
read_request_13(struct cursor body)
{
	struct cursor context = cursor_vector(&body, 1), block = cursor_vector(&body, 2);
	struct extensions x;
	int error;

	if (!cursor_is_done(&body))
		return ENGINE_DECODE;
	if (context.len > 0)
		return ENGINE_PARAMETER;
	error = extension_read(&block, IN_REQUEST, 0, &x);
	if (error == ENGINE_OK && !extension_has(&x, EXT_SIGNATURES))
		return ENGINE_MISSING;
	return error;
}

static int
read_request_12(struct cursor body)
{
	struct cursor types = cursor_vector(&body, 1);
	struct cursor signatures = cursor_vector(&body, 2);

	(void)cursor_vector(&body, 2); /* names of authorities */
	return cursor_is_done(&body) && types.len > 0 && signatures.len % 2 == 0 ? ENGINE_OK
										 : ENGINE_DECODE;
}

void
client_read_request(struct engine *e, struct cursor body)
{
	int error = e->version == ENGINE_TLS13 ? read_request_13(body) : read_request_12(body);

	if (error != ENGINE_OK)
		engine_fail(e, error);
	else
		client_end_request(e);
}

/* --- Certificate: handed to the chain as it comes --- */

enum {
	STEP_CONTEXT, /* TLS 1.3: the length of certificate_request_context, which is 0 */
	STEP_LIST,    /* the length of the list */
	STEP_LENGTH,  /* of a certificate */
	STEP_BYTES,
	STEP_EXTENSIONS /* TLS 1.3: the length of its extensions, none of which we asked for */
};

static void
step_to(struct shake *s, unsigned step, unsigned bytes)
{
	s->step = (uint8_t)step;
	s->need = (uint8_t)bytes;
	s->number = 0;
}

void
client_begin_certificate(struct engine *e)
{
	struct shake *s = e->shake;

	s->message_left = e->stream_left;
	chain_begin(s->chain);
	if (e->version == ENGINE_TLS13)
		step_to(s, STEP_CONTEXT, 1);
	else
		step_to(s, STEP_LIST, 3);
}

static int
begin_certificate(struct engine *e)
{
	struct shake *s = e->shake;

	if (s->number == 0 || s->number > s->list_left)
		return ENGINE_DECODE;
	s->list_left -= s->number;
	chain_begin_cert(s->chain, s->number);
	s->step = STEP_BYTES;
	return ENGINE_OK;
}

/* The number that this step waited for is there. */
static int
take_number(struct engine *e)
{
	struct shake *s = e->shake;

	switch (s->step) {
	case STEP_CONTEXT:
		if (s->number != 0)
			return ENGINE_PARAMETER;
		step_to(s, STEP_LIST, 3);
		return ENGINE_OK;
	case STEP_LIST:
		s->list_left = s->number;
		if (s->list_left != s->message_left)
			return ENGINE_DECODE;
		step_to(s, STEP_LENGTH, 3);
		return ENGINE_OK;
	case STEP_LENGTH: return begin_certificate(e);
	default:
		if (s->number != 0)
			return s->number > s->list_left ? ENGINE_DECODE : ENGINE_UNASKED;
		step_to(s, STEP_LENGTH, 3);
		return ENGINE_OK;
	}
}

static int
take_byte(struct engine *e, unsigned char byte)
{
	struct shake *s = e->shake;

	s->number = s->number << 8 | byte;
	if (s->step == STEP_LENGTH || s->step == STEP_EXTENSIONS) {
		if (s->list_left == 0)
			return ENGINE_DECODE;
		s->list_left--;
	}
	return --s->need > 0 ? ENGINE_OK : take_number(e);
}

static size_t
take_certificate(struct engine *e, const unsigned char *p, size_t len)
{
	struct shake *s = e->shake;

	if (len > s->number)
		len = s->number;
	chain_append(s->chain, p, len);
	s->number -= (uint32_t)len;
	if (s->number > 0)
		return len;
	chain_end_cert(s->chain);
	if (e->version == ENGINE_TLS13)
		step_to(s, STEP_EXTENSIONS, 2);
	else
		step_to(s, STEP_LENGTH, 3);
	return len;
}

void
client_add_certificate(struct engine *e, const unsigned char *p, size_t len)
{
	int error = ENGINE_OK;

	while (len > 0 && error == ENGINE_OK) {
		size_t n = 1;

		e->shake->message_left--;
		if (e->shake->step == STEP_BYTES) {
			n = take_certificate(e, p, len);
			e->shake->message_left -= (uint32_t)(n - 1);
		} else {
			error = take_byte(e, *p);
		}
		p += n;
		len -= n;
	}
	if (error != ENGINE_OK)
		engine_fail(e, error);
}

void
client_end_certificate(struct engine *e)
{
	struct shake *s = e->shake;
	enum chain_error error;

	if (s->step != STEP_LENGTH || s->need != 3 || s->list_left != 0) {
		engine_fail(e, ENGINE_DECODE);
		return;
	}
	/* A key that is too weak gets as far as the chain's verdict, which names it. */
	error = chain_end(s->chain);
	if (error == CHAIN_EMPTY)
		engine_fail(e, ENGINE_NO_CERTIFICATE);
	else if (error == CHAIN_UNSUPPORTED_KEY)
		engine_fail(e, ENGINE_KEY_KIND);
	else if (error != CHAIN_OK)
		engine_fail(e, ENGINE_BAD_CERTIFICATE);
	else
		e->state = e->version == ENGINE_TLS13 ? CLIENT_VERIFY : CLIENT12_EXCHANGE;
}

/* --- signatures --- */

static bool
is_curve(unsigned kind)
{
	return kind == X509_KEY_P256 || kind == X509_KEY_P384 || kind == X509_KEY_P521;
}

/* SCHEMES: not offered, or not for this key.  TLS 1.2 ties no curve to a hash. */
static size_t
find_scheme(unsigned number, enum x509_key_kind kind, bool is_13)
{
	size_t i = 0;

	while (i < SCHEMES && schemes[i].number != number)
		i++;
	if (i == SCHEMES || (is_13 && !schemes[i].is_13))
		return SCHEMES;
	if (schemes[i].kind == kind || (!is_13 && is_curve(kind) && is_curve(schemes[i].kind)))
		return i;
	return SCHEMES;
}

static bool
verify_signature(
	const struct x509_key *key, size_t scheme, const unsigned char *hash, struct cursor sig)
{
	size_t hash_len = schemes[scheme].hash_len;
	const struct rsa_key rsa = { key->n.p, key->e.p, key->n.len, key->e.len };
	enum rsa_hash id = hash_len == 32 ? RSA_SHA256 : hash_len == 48 ? RSA_SHA384 : RSA_SHA512;

	if (key->kind != X509_KEY_RSA)
		return ecdsa_verify(sig.p, sig.len, hash, hash_len, key->n.p, key->n.len);
	if (schemes[scheme].pss)
		return rsa_verify_pss(&rsa, id, hash, sig.p, sig.len);
	return rsa_verify_pkcs1(&rsa, id, hash, sig.p, sig.len);
}

/* The hash of a scheme over two pieces. */
static void
hash_pieces(unsigned char out[64], size_t hash_len, const unsigned char *a, size_t a_len,
	const unsigned char *b, size_t b_len)
{
	br_sha512_context h;
	struct transcript t;

	if (hash_len != 64) {
		transcript_start(&t, hash_len == 48);
		transcript_add(&t, a, a_len);
		transcript_add(&t, b, b_len);
		transcript_now(&t, out);
		return;
	}
	br_sha512_init(&h);
	br_sha512_update(&h, a, a_len);
	br_sha512_update(&h, b, b_len);
	br_sha512_out(&h, out);
}

static void
client_verified(struct engine *e)
{
	struct shake *s = e->shake;
	struct cursor body = s->message, sig;
	unsigned char content[SIGNED_MAX], hash[64];
	const struct x509_key *key = chain_key(s->chain);
	size_t scheme, len = shake_signed_content(s, content);

	(void)cursor_number(&body, 2);
	sig = cursor_vector(&body, 2);
	if (key == NULL) {
		engine_fail(e, ENGINE_INTERNAL);
		return;
	}
	scheme = find_scheme(s->scheme, key->kind, true);
	hash_pieces(hash, schemes[scheme].hash_len, content, len, NULL, 0);
	if (!verify_signature(key, scheme, hash, sig))
		engine_fail(e, ENGINE_BAD_SIGNATURE);
	else
		e->state = CLIENT_FINISHED;
}

void
client_read_verify(struct engine *e, struct cursor body)
{
	struct shake *s = e->shake;
	const struct x509_key *key = chain_key(s->chain);

	s->scheme = (uint16_t)cursor_number(&body, 2);
	(void)cursor_vector(&body, 2);
	if (!cursor_is_done(&body))
		engine_fail(e, ENGINE_DECODE);
	else if (key == NULL || find_scheme(s->scheme, key->kind, true) == SCHEMES)
		engine_fail(e, ENGINE_PARAMETER);
	else
		shake_wait(e, ENGINE_VERIFY, client_verified);
}

/* --- the end of TLS 1.3's --- */

static void
send_no_certificate(struct engine *e)
{
	struct draft d = shake_begin(e, MESSAGE_CERTIFICATE);

	if (e->version == ENGINE_TLS13)
		draft_number(&d, 0, 1); /* certificate_request_context */
	draft_number(&d, 0, 3);
	shake_finish(e, &d);
}

void
client_read_finished(struct engine *e, struct cursor body)
{
	struct shake *s = e->shake;
	size_t size = schedule_size(s->suite->sha384);
	unsigned char data[48], client[48], server[48];
	struct draft d;

	shake_finished_data(s, e->read_secret, data);
	if (body.len != size)
		engine_fail(e, ENGINE_DECODE);
	else if (!same_bytes(data, body.p, size))
		engine_fail(e, ENGINE_BAD_FINISHED);
	else if (!shake_is_aligned(e))
		engine_fail(e, ENGINE_UNEXPECTED);
	if (e->error != 0)
		return;
	shake_hash_message(e);
	shake_application_secrets(e, client, server);
	if (s->is_requested)
		send_no_certificate(e);
	shake_finished_data(s, e->write_secret, data);
	d = shake_begin(e, MESSAGE_FINISHED);
	draft_bytes(&d, data, size);
	shake_finish(e, &d);
	engine_seal(e);
	shake_resumption(e);
	engine_set_read(e, server);
	engine_set_write(e, client);
	pool_wipe(client, sizeof client);
	pool_wipe(server, sizeof server);
	if (e->error == 0)
		shake_end(e, SHAKE_OPEN_13_CLIENT);
}

/* RFC 8446 section 4.6.1 */
void
client_read_ticket(struct engine *e, struct cursor body)
{
	struct session new = { .version = ENGINE_TLS13, .suite = e->suite };
	unsigned char psk[SESSION_SECRET] = { 0 }, bytes[ENGINE_SESSION];
	struct cursor nonce, block;
	struct extensions x;
	int error;
	size_t len;

	new.lifetime = cursor_number(&body, 4);
	new.age_add = cursor_number(&body, 4);
	nonce = cursor_vector(&body, 1);
	new.ticket = cursor_vector(&body, 2);
	block = cursor_vector(&body, 2);
	if (!cursor_is_done(&body) || new.ticket.len == 0)
		error = ENGINE_DECODE;
	else
		error = extension_read(&block, IN_TICKET, 0, &x);
	if (error != ENGINE_OK) {
		engine_fail(e, error);
		return;
	}
	if (e->save == NULL || new.lifetime == 0 || new.lifetime > TICKET_WEEK ||
		new.ticket.len > ENGINE_TICKET || nonce.len > SCHEDULE_MAX)
		return;
	shake_psk_of(e, suite_find(e->suite)->sha384, nonce.p, nonce.len, psk);
	new.secret = psk;
	len = session_write(bytes, &new);
	e->save(e->save_arg, bytes, len);
	pool_wipe(psk, sizeof psk);
	pool_wipe(bytes, sizeof bytes);
}

/* --- TLS 1.2 --- */

static void
client_agreed_12(struct engine *e)
{
	struct shake *s = e->shake;

	if (group_agree(s, e->group, s->held) != 0)
		engine_fail(e, ENGINE_PARAMETER);
	else
		e->state = CLIENT12_REQUEST;
}

static void
client_made_key_12(struct engine *e)
{
	if (group_make(e->shake, e->group) != 0)
		engine_fail(e, ENGINE_INTERNAL);
	else
		shake_wait(e, ENGINE_AGREE, client_agreed_12);
}

struct exchange {
	unsigned kind, group, scheme;
	struct cursor point, signed_part, signature;
};

/* RFC 8422 section 5.4 */
static bool
read_exchange(struct exchange *x, struct cursor body)
{
	const unsigned char *start = body.p;

	x->kind = cursor_number(&body, 1);
	x->group = cursor_number(&body, 2);
	x->point = cursor_vector(&body, 1);
	x->signed_part = cursor_of(start, (size_t)(body.p - start));
	x->scheme = cursor_number(&body, 2);
	x->signature = cursor_vector(&body, 2);
	return cursor_is_done(&body);
}

static void
client_verified_12(struct engine *e)
{
	struct shake *s = e->shake;
	unsigned char randoms[64], hash[64];
	const struct x509_key *key = chain_key(s->chain);
	struct exchange x;
	size_t scheme;

	if (!read_exchange(&x, s->message) || key == NULL) {
		engine_fail(e, ENGINE_INTERNAL);
		return;
	}
	memcpy(randoms, s->client_random, 32);
	memcpy(randoms + 32, s->server_random, 32);
	scheme = find_scheme(x.scheme, key->kind, false);
	hash_pieces(
		hash, schemes[scheme].hash_len, randoms, 64, x.signed_part.p, x.signed_part.len);
	if (!verify_signature(key, scheme, hash, x.signature))
		engine_fail(e, ENGINE_BAD_SIGNATURE);
	else
		shake_wait(e, ENGINE_MAKE_KEY, client_made_key_12);
}

void
client_read_key_exchange(struct engine *e, struct cursor body)
{
	struct shake *s = e->shake;
	const struct x509_key *key = chain_key(s->chain);
	struct exchange x;

	if (!read_exchange(&x, body)) {
		engine_fail(e, ENGINE_DECODE);
		return;
	}
	/* named_curve; a group that was offered; a signature that was, by the kind of key that the suite says */
	if (x.kind != 3 || !group_is_point(x.group, x.point.p, x.point.len) || key == NULL ||
		s->suite->rsa != (key->kind == X509_KEY_RSA) ||
		find_scheme(x.scheme, key->kind, false) == SCHEMES) {
		engine_fail(e, ENGINE_PARAMETER);
		return;
	}
	e->group = (uint16_t)x.group;
	s->held = x.point.p;
	shake_wait(e, ENGINE_VERIFY, client_verified_12);
}

static void
send_finished_12(struct engine *e)
{
	unsigned char data[12];
	struct draft d;

	engine_send_change(e);
	shake_set_keys_12(e, false);
	shake_finished_12(e->shake, false, data);
	d = shake_begin(e, MESSAGE_FINISHED);
	draft_bytes(&d, data, sizeof data);
	shake_finish(e, &d);
	engine_seal(e);
}

void
client_read_hello_done(struct engine *e, struct cursor body)
{
	struct shake *s = e->shake;
	size_t len = group_point_len(e->group);
	struct draft d;

	if (body.len > 0 || !shake_is_aligned(e)) {
		engine_fail(e, body.len > 0 ? ENGINE_DECODE : ENGINE_UNEXPECTED);
		return;
	}
	shake_hash_message(e);
	if (s->is_requested)
		send_no_certificate(e);
	d = shake_begin(e, MESSAGE_CLIENT_KEY);
	draft_number(&d, (uint32_t)len, 1);
	draft_bytes(&d, s->point, len);
	shake_finish(e, &d);
	shake_master_secret(e, group_shared_len(e->group));
	send_finished_12(e);
	e->state = s->gets_ticket ? CLIENT12_TICKET : CLIENT12_CHANGE;
}

/* Where a session waits until the server's Finished has been seen: behind what the longest record reaches. */
static void
keep_session_12(struct engine *e, uint32_t lifetime, struct cursor ticket)
{
	struct shake *s = e->shake;
	struct session new = { .version = ENGINE_TLS12,
		.suite = e->suite,
		.flags = s->is_extended ? SESSION_EXTENDED : 0,
		.lifetime = lifetime,
		.secret = s->secret,
		.ticket = ticket };

	if (ticket.len == 0)
		new.id = cursor_of(s->session_id, s->session_id_len);
	s->session_len = (uint16_t)session_write(session_place(e), &new);
}

/* RFC 5077 section 3.3: an empty one says that there is none after all. */
void
client_read_ticket_12(struct engine *e, struct cursor body)
{
	uint32_t lifetime = cursor_number(&body, 4);
	struct cursor ticket = cursor_vector(&body, 2);

	if (!cursor_is_done(&body)) {
		engine_fail(e, ENGINE_DECODE);
		return;
	}
	if (ticket.len > 0 && ticket.len <= ENGINE_TICKET)
		keep_session_12(e, lifetime, ticket);
	e->state = CLIENT12_CHANGE;
}

static void
save_session_12(struct engine *e)
{
	struct shake *s = e->shake;

	if (s->session_len == 0 && !e->is_resumed && s->session_id_len > 0)
		keep_session_12(e, 0, (struct cursor){ 0 });
	if (s->session_len == 0)
		return;
	if (e->save != NULL)
		e->save(e->save_arg, session_place(e), s->session_len);
	pool_wipe(session_place(e), ENGINE_SESSION);
}

void
client_read_finished_12(struct engine *e, struct cursor body)
{
	unsigned char data[12];

	shake_finished_12(e->shake, true, data);
	if (body.len != sizeof data)
		engine_fail(e, ENGINE_DECODE);
	else if (!same_bytes(data, body.p, sizeof data))
		engine_fail(e, ENGINE_BAD_FINISHED);
	else if (!shake_is_aligned(e))
		engine_fail(e, ENGINE_UNEXPECTED);
	if (e->error != 0)
		return;
	shake_hash_message(e);
	if (e->is_resumed)
		send_finished_12(e);
	save_session_12(e);
	if (e->error == 0)
		shake_end(e, SHAKE_OPEN_12);
}
