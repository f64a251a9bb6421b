/*
 * shake_server: a handshake with a client.  See shake.h for the states and message.c for what each of them allows.
 *
 * The ClientHello stays in `in` until its key exchange is done.  The messages after it are made piece by piece, as far
 * as `out` has room, since a leaf may be longer than that.
 */
#include "lib/tls/shake.h"

#include <string.h>
#include "lib/base/pool.h"
#include "lib/curve/ecdsa.h"
#include "lib/curve/kem.h"
#include "lib/curve/p256.h"

enum {
	SUITE_RENEGOTIATION = 0x00ff, /* RFC 5746 section 3.3 */
	SUITE_FALLBACK = 0x5600,      /* RFC 7507 */
	EXT_ECH = 0xfe0d, /* encrypted anew for a second hello (RFC 9849 section 6.1.5) */
	EXT_PADDING = 21, /* RFC 7685 */
	EARLY_MOST =
		32768, /* bytes of early data that are passed over: we never promised to take any */
	SHARES_MOST = 16,    /* key shares in a hello; browsers send two or three */
	IDENTITIES_MOST = 8, /* tickets that are looked up */
	TICKET_LIFE = 86400, /* seconds; the tie ends with the day anyway */
	FLIGHT_ROOM = 320    /* bytes of `out` that any message but a Certificate fits in */
};

/* The messages after the ServerHello. */
enum flight {
	FLIGHT_ENCRYPTED,
	FLIGHT_CERTIFICATE,
	FLIGHT_LEAF,
	FLIGHT_VERIFY,
	FLIGHT_FINISHED,
	FLIGHT_EXCHANGE, /* TLS 1.2's */
	FLIGHT_DONE
};

struct client_hello {
	unsigned version;
	const unsigned char *random;
	struct cursor id, suites, compressions, block;
	struct extensions x;
};

static bool
list_has(struct cursor list, unsigned number)
{
	while (list.len >= 2)
		if (cursor_number(&list, 2) == number)
			return true;
	return false;
}

/* A vector of 16-bit numbers and nothing else. */
static int
read_list(struct cursor c, size_t bytes, struct cursor *list)
{
	*list = cursor_vector(&c, bytes);
	return cursor_is_done(&c) && list->len > 0 && list->len % 2 == 0 ? ENGINE_OK
									 : ENGINE_DECODE;
}

static int
read_hello(struct client_hello *h, struct cursor body)
{
	struct cursor block = { 0 };

	h->version = cursor_number(&body, 2);
	h->random = cursor_bytes(&body, 32);
	h->id = cursor_vector(&body, 1);
	h->suites = cursor_vector(&body, 2);
	h->compressions = cursor_vector(&body, 1);
	if (body.len > 0)
		block = cursor_vector(&body, 2);
	if (!cursor_is_done(&body) || h->id.len > 32 || h->suites.len == 0 ||
		h->suites.len % 2 != 0 || h->compressions.len == 0)
		return ENGINE_DECODE;
	h->block = block;
	return extension_read(&block, IN_CLIENT_HELLO, 0, &h->x);
}

/* --- what is agreed on --- */

static int
choose_version(struct engine *e, const struct client_hello *h)
{
	const struct engine_options *o = &e->shake->options;
	struct cursor list;

	if (!extension_has(&h->x, EXT_VERSIONS)) {
		e->version = h->version >= ENGINE_TLS12 && o->least <= ENGINE_TLS12 ? ENGINE_TLS12
										    : 0;
	} else {
		if (read_list(h->x.at[EXT_VERSIONS], 1, &list) != ENGINE_OK)
			return ENGINE_DECODE;
		e->version = 0;
		if (o->most >= ENGINE_TLS13 && list_has(list, ENGINE_TLS13))
			e->version = ENGINE_TLS13;
		else if (o->least <= ENGINE_TLS12 && list_has(list, ENGINE_TLS12))
			e->version = ENGINE_TLS12;
	}
	if (e->version == 0)
		return ENGINE_NO_VERSION;
	if (list_has(h->suites, SUITE_FALLBACK) && e->version < o->most)
		return ENGINE_FALLBACK;
	return ENGINE_OK;
}

/* Ours decides: the first of our order that the client has. */
static const struct suite *
choose_suite(const struct client_hello *h, bool is_13)
{
	const struct suite *suite;

	for (size_t i = 0; (suite = suite_at(i)) != NULL; i++)
		if (suite->is_13 == is_13 && !suite->rsa && list_has(h->suites, suite->number))
			return suite;
	return NULL;
}

static int
choose_protocol(struct shake *s, const struct client_hello *h)
{
	struct cursor c = h->x.at[EXT_ALPN], list;

	s->alpn = 0;
	if (!extension_has(&h->x, EXT_ALPN))
		return ENGINE_OK;
	list = cursor_vector(&c, 2);
	if (!cursor_is_done(&c) || list.len == 0)
		return ENGINE_DECODE;
	while (list.len > 0) {
		struct cursor name = cursor_vector(&list, 1);

		if (name.len == 0)
			return ENGINE_DECODE;
		/* A client that asks for the older one alone speaks it, and is served. */
		if (name.len == 8 && memcmp(name.p, "http/1.", 7) == 0 &&
			(name.p[7] == '1' || (name.p[7] == '0' && s->alpn == 0)))
			s->alpn = (char)name.p[7];
	}
	return s->alpn != 0 ? ENGINE_OK : ENGINE_NO_PROTOCOL;
}

static void
put_protocol(const struct shake *s, struct draft *d)
{
	size_t at;

	if (s->alpn == 0)
		return;
	at = extension_open(d, EXT_ALPN);
	draft_number(d, 9, 2);
	draft_number(d, 8, 1);
	draft_bytes(d, "http/1.", 7);
	draft_bytes(d, &s->alpn, 1);
	draft_close(d, at, 2);
}

/* 0: none.  TLS 1.2 lets any curve sign with any hash; ours is P-256. */
static unsigned
choose_scheme(const struct client_hello *h, bool is_13)
{
	static const uint16_t schemes[] = { 0x0403, 0x0503, 0x0603 };
	struct cursor list;

	if (!extension_has(&h->x, EXT_SIGNATURES) ||
		read_list(h->x.at[EXT_SIGNATURES], 2, &list) != ENGINE_OK)
		return 0;
	for (size_t i = 0; i < (is_13 ? 1 : 3); i++)
		if (list_has(list, schemes[i]))
			return schemes[i];
	return 0;
}

static bool
has_group(const struct shake *s, unsigned group)
{
	if (group == GROUP_HYBRID)
		return s->options.post_quantum && s->options.most >= ENGINE_TLS13;
	return group == GROUP_X25519 || group == GROUP_P256;
}

static const uint16_t groups[] = { GROUP_HYBRID, GROUP_X25519, GROUP_P256 };

enum { GROUPS = sizeof groups / sizeof *groups };

/* --- TLS 1.3: key shares --- */

struct shares {
	uint16_t group[SHARES_MOST];
	struct cursor share[SHARES_MOST];
	size_t count;
};

static int
read_shares(struct shares *s, struct cursor c, struct cursor listed)
{
	struct cursor list = cursor_vector(&c, 2);

	s->count = 0;
	if (!cursor_is_done(&c))
		return ENGINE_DECODE;
	while (list.len > 0) {
		unsigned group = cursor_number(&list, 2);
		struct cursor share = cursor_vector(&list, 2);

		if (share.bad || share.len == 0 || s->count == SHARES_MOST)
			return ENGINE_DECODE;
		for (size_t i = 0; i < s->count; i++)
			if (s->group[i] == group)
				return ENGINE_PARAMETER;
		if (!list_has(listed, group))
			return ENGINE_PARAMETER;
		s->group[s->count] = (uint16_t)group;
		s->share[s->count++] = share;
	}
	return ENGINE_OK;
}

static const struct cursor *
find_share(const struct shares *s, unsigned group)
{
	for (size_t i = 0; i < s->count; i++)
		if (s->group[i] == group)
			return &s->share[i];
	return NULL;
}

/* The group, whose share is then held; without any usable one a group to be asked for, and nothing held. */
static int
choose_share(struct engine *e, const struct shares *shares, struct cursor listed)
{
	struct shake *s = e->shake;
	const struct cursor *share = NULL;
	unsigned group = 0;

	for (size_t i = 0; i < GROUPS && share == NULL; i++) {
		if (!has_group(s, groups[i]) || !list_has(listed, groups[i]))
			continue;
		share = find_share(shares, groups[i]);
		if (share != NULL || group == 0)
			group = groups[i];
	}
	if (group == 0)
		return ENGINE_NO_COMMON;
	if (s->is_retried && (shares->count != 1 || shares->group[0] != e->group))
		return ENGINE_PARAMETER;
	e->group = (uint16_t)group;
	s->held = share != NULL ? share->p : NULL;
	if (share == NULL)
		return ENGINE_OK;
	if (group == GROUP_HYBRID)
		return share->len == KEM_PUBLIC + 32 ? ENGINE_OK : ENGINE_PARAMETER;
	return group_is_point(group, share->p, share->len) ? ENGINE_OK : ENGINE_PARAMETER;
}

/* --- TLS 1.3: the second hello --- */

static void
digest_part(struct transcript *t, const void *p, size_t len)
{
	const unsigned char head[2] = { (unsigned char)(len >> 8), (unsigned char)len };

	transcript_add(t, head, 2);
	if (len > 0)
		transcript_add(t, p, len);
}

/* Of all that a second hello must say again (RFC 8446 section 4.1.2). */
static void
digest_hello(const struct client_hello *h, unsigned char out[32])
{
	struct transcript t;
	struct cursor block = h->block;

	transcript_start(&t, false);
	digest_part(&t, h->random, 32);
	digest_part(&t, h->id.p, h->id.len);
	digest_part(&t, h->suites.p, h->suites.len);
	while (block.len > 0) {
		const unsigned char *start = block.p;
		unsigned number = cursor_number(&block, 2);

		(void)cursor_vector(&block, 2);
		if (number != extension_number(EXT_KEY_SHARE) &&
			number != extension_number(EXT_PSK) &&
			number != extension_number(EXT_EARLY_DATA) &&
			number != extension_number(EXT_COOKIE) && number != EXT_PADDING &&
			number != EXT_ECH)
			digest_part(&t, start, (size_t)(block.p - start));
	}
	transcript_now(&t, out);
}

static int
judge_again(struct shake *s, const struct client_hello *h, const struct suite *suite)
{
	unsigned char digest[32];

	digest_hello(h, digest);
	if (!s->is_retried) {
		memcpy(s->first_hello, digest, 32);
		return ENGINE_OK;
	}
	if (memcmp(s->first_hello, digest, 32) != 0 || suite != s->suite ||
		extension_has(&h->x, EXT_EARLY_DATA) || extension_has(&h->x, EXT_COOKIE))
		return ENGINE_PARAMETER;
	return ENGINE_OK;
}

/* --- TLS 1.3: sessions --- */

static bool
allows_psk(const struct client_hello *h, bool *malformed)
{
	struct cursor c = h->x.at[EXT_PSK_MODES], modes;
	bool with_key = false;

	*malformed = false;
	if (!extension_has(&h->x, EXT_PSK_MODES))
		return false;
	modes = cursor_vector(&c, 1);
	*malformed = !cursor_is_done(&c) || modes.len == 0;
	while (modes.len > 0)
		with_key |= cursor_number(&modes, 1) == 1; /* psk_dhe_ke */
	return with_key;
}

/* All of them are read for their form; the first that we know decides. */
static int
find_identity(const struct shake *s, struct cursor identities, struct cursor binders, bool sha384,
	const struct ticket **ticket, struct cursor *binder, unsigned *selected)
{
	unsigned i;

	*ticket = NULL;
	if (identities.len == 0)
		return ENGINE_DECODE;
	for (i = 0; identities.len > 0; i++) {
		struct cursor identity = cursor_vector(&identities, 2),
			      b = cursor_vector(&binders, 1);
		const struct ticket *t = NULL;

		(void)cursor_number(&identities, 4);
		if (identity.len == 0 || identities.bad)
			return ENGINE_DECODE;
		if (b.bad)
			return ENGINE_PARAMETER; /* fewer binders than identities */
		if (b.len < 32)
			return ENGINE_DECODE;
		if (*ticket == NULL && i < IDENTITIES_MOST && s->tie != NULL &&
			identity.len == TICKET_HANDLE)
			t = ticket_find(s->tie, identity.p, true);
		if (t == NULL || suite_find(t->suite)->sha384 != sha384)
			continue;
		*ticket = t;
		*binder = b;
		*selected = i;
	}
	return binders.len == 0 ? ENGINE_OK : ENGINE_PARAMETER;
}

/* RFC 8446 section 4.2.11.2: over the hello up to the binders. */
static int
judge_binder(struct shake *s, struct cursor binder, size_t binders_len, bool sha384)
{
	struct transcript upto = s->transcript;
	unsigned char want[48];

	if (!s->is_retried)
		transcript_start(&upto, sha384);
	transcript_add(&upto, s->message.p - MESSAGE_HEAD,
		s->message.len + MESSAGE_HEAD - binders_len - 2);
	s->has_psk = true;
	shake_early_secret(s, sha384);
	shake_binder(s, sha384, &upto, want);
	return binder.len == schedule_size(sha384) && same_bytes(binder.p, want, binder.len)
		       ? ENGINE_OK
		       : ENGINE_BAD_FINISHED;
}

static int
choose_session(struct engine *e, const struct client_hello *h, bool sha384)
{
	struct shake *s = e->shake;
	struct cursor c = h->x.at[EXT_PSK], identities, binders, binder;
	const struct ticket *ticket;
	bool malformed;
	unsigned selected;
	int error;

	s->has_psk = false;
	s->offers_psk = allows_psk(h, &malformed);
	if (malformed)
		return ENGINE_DECODE;
	/* A second hello leaves out only what does not go with our suite (RFC 8446 section 4.1.2). */
	if (!extension_has(&h->x, EXT_PSK))
		return s->had_psk ? ENGINE_PARAMETER : ENGINE_OK;
	if (!h->x.psk_is_last)
		return ENGINE_PARAMETER;
	if (!extension_has(&h->x, EXT_PSK_MODES))
		return ENGINE_MISSING;
	identities = cursor_vector(&c, 2);
	binders = cursor_vector(&c, 2);
	if (!cursor_is_done(&c) || binders.len == 0)
		return ENGINE_DECODE;
	error = find_identity(s, identities, binders, sha384, &ticket, &binder, &selected);
	if (error != ENGINE_OK || ticket == NULL || !s->offers_psk)
		return error;
	memcpy(s->psk, ticket->secret, TICKET_SECRET);
	s->scheme = (uint16_t)selected;
	e->is_resumed = true;
	return judge_binder(s, binder, binders.len, sha384);
}

/* --- TLS 1.3: ServerHello --- */

static void
write_hello_13(struct engine *e, struct draft *d, const unsigned char *random)
{
	struct shake *s = e->shake;
	size_t at;

	draft_number(d, ENGINE_TLS12, 2);
	draft_bytes(d, random, 32);
	draft_number(d, s->session_id_len, 1);
	draft_bytes(d, s->session_id, s->session_id_len);
	draft_number(d, e->suite, 2);
	draft_number(d, 0, 1);
	draft_open(d, 2);
	at = extension_open(d, EXT_VERSIONS);
	draft_number(d, ENGINE_TLS13, 2);
	draft_close(d, at, 2);
}

/* Where the extensions of that hello begin: their length is closed at the end. */
static size_t
hello_block(const struct shake *s)
{
	return MESSAGE_HEAD + 2 + 32 + 1 + (size_t)s->session_id_len + 2 + 1 + 2;
}

static void
server_retry(struct engine *e)
{
	/* RFC 8446 section 4.1.3: SHA-256 of "HelloRetryRequest" */
	static const unsigned char random[32] = { 0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11,
		0xbe, 0x1d, 0x8c, 0x02, 0x1e, 0x65, 0xb8, 0x91, 0xc2, 0xa2, 0x11, 0x16, 0x7a, 0xbb,
		0x8c, 0x5e, 0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c };
	struct shake *s = e->shake;
	struct draft d;
	size_t at;

	transcript_start(&s->transcript, s->suite->sha384);
	shake_hash_message(e);
	transcript_fold(&s->transcript);
	s->had_psk = e->is_resumed;
	e->is_resumed = s->has_psk = false; /* the second hello has binders of its own */
	s->is_retried = true;
	d = shake_begin(e, MESSAGE_SERVER_HELLO);
	write_hello_13(e, &d, random);
	at = extension_open(&d, EXT_KEY_SHARE);
	draft_number(&d, e->group, 2);
	draft_close(&d, at, 2);
	draft_close(&d, hello_block(s), 2);
	shake_finish(e, &d);
	engine_send_change(e);
	s->sent_change = true;
	e->state = SERVER_RETRIED;
}

/* Where the ML-KEM ciphertext waits for the ServerHello: behind what that can reach. */
static unsigned char *
ciphertext_place(const struct engine *e)
{
	return e->out + ENGINE_RECORDS - KEM_CIPHERTEXT;
}

static void
write_share(struct engine *e, struct draft *d)
{
	struct shake *s = e->shake;
	size_t at = extension_open(d, EXT_KEY_SHARE), point;

	draft_number(d, e->group, 2);
	point = draft_open(d, 2);
	if (e->group == GROUP_HYBRID) {
		draft_bytes(d, ciphertext_place(e), KEM_CIPHERTEXT);
		draft_bytes(d, s->point, 32);
	}
	draft_bytes(d, s->point, group_point_len(e->group));
	draft_close(d, point, 2);
	draft_close(d, at, 2);
}

static void
send_hello_13(struct engine *e)
{
	struct shake *s = e->shake;
	unsigned char random[32];
	struct draft d;
	size_t at;

	if (!s->is_retried)
		transcript_start(&s->transcript, s->suite->sha384);
	shake_hash_message(e);
	shake_draw(s, random, sizeof random);
	d = shake_begin(e, MESSAGE_SERVER_HELLO);
	write_hello_13(e, &d, random);
	write_share(e, &d);
	if (e->is_resumed) {
		at = extension_open(&d, EXT_PSK);
		draft_number(&d, s->scheme, 2); /* the ticket that was chosen */
		draft_close(&d, at, 2);
	}
	draft_close(&d, hello_block(s), 2);
	shake_finish(e, &d);
	engine_seal(e);
	if (!s->sent_change)
		engine_send_change(e);
	s->sent_change = true;
	shake_handshake_keys(e);
	s->scheme = 0x0403;
	s->flight = FLIGHT_ENCRYPTED;
	e->state = SERVER_FLIGHT;
}

static void
server_agreed(struct engine *e)
{
	struct shake *s = e->shake;

	if (group_agree(s, e->group, s->held) != 0)
		engine_fail(e, ENGINE_PARAMETER);
	else
		send_hello_13(e);
}

static void
server_made_key(struct engine *e)
{
	if (group_make(e->shake, e->group) != 0)
		engine_fail(e, ENGINE_INTERNAL);
	else
		shake_wait(e, ENGINE_AGREE, server_agreed);
}

static void
server_encapsulated(struct engine *e)
{
	struct shake *s = e->shake;
	unsigned char message[32];
	int error;

	shake_draw(s, message, sizeof message);
	error = kem_encaps(ciphertext_place(e), s->shared, s->held, message);
	pool_wipe(message, sizeof message);
	s->held += KEM_PUBLIC;
	if (error != 0)
		engine_fail(e, ENGINE_PARAMETER);
	else
		shake_wait(e, ENGINE_MAKE_KEY, server_made_key);
}

static void
start_exchange_13(struct engine *e)
{
	if (e->group == GROUP_HYBRID) {
		shake_wait(e, ENGINE_AGREE, server_encapsulated);
		return;
	}
	shake_wait(e, ENGINE_MAKE_KEY, server_made_key);
}

static int
negotiate_13(struct engine *e, const struct client_hello *h, const struct suite *suite)
{
	struct shake *s = e->shake;
	struct cursor listed;
	struct shares shares;
	int error = ENGINE_OK;

	if (h->version != ENGINE_TLS12)
		return ENGINE_NO_VERSION;
	if (h->compressions.len != 1 || h->compressions.p[0] != 0)
		return ENGINE_PARAMETER;
	if (suite == NULL)
		return ENGINE_NO_COMMON;
	if (!extension_has(&h->x, EXT_GROUPS) || !extension_has(&h->x, EXT_KEY_SHARE))
		return ENGINE_MISSING;
	error = read_list(h->x.at[EXT_GROUPS], 2, &listed);
	if (error == ENGINE_OK)
		error = read_shares(&shares, h->x.at[EXT_KEY_SHARE], listed);
	if (error == ENGINE_OK)
		error = judge_again(s, h, suite);
	if (error == ENGINE_OK)
		error = choose_session(e, h, suite->sha384);
	if (error != ENGINE_OK)
		return error;
	if (!e->is_resumed && !extension_has(&h->x, EXT_SIGNATURES))
		return ENGINE_MISSING;
	if (!e->is_resumed && choose_scheme(h, true) == 0)
		return ENGINE_NO_COMMON;
	return choose_share(e, &shares, listed);
}

static void
server_hello_13(struct engine *e, const struct client_hello *h)
{
	struct shake *s = e->shake;
	const struct suite *suite = choose_suite(h, true);
	int error = negotiate_13(e, h, suite);

	if (error != ENGINE_OK) {
		engine_fail(e, error);
		return;
	}
	s->suite = suite;
	e->suite = suite->number;
	s->session_id_len = (uint8_t)h->id.len;
	memcpy(s->session_id, h->id.p, h->id.len);
	/* After a second hello, which announces none, none may come. */
	s->early_left = extension_has(&h->x, EXT_EARLY_DATA) ? EARLY_MOST : 0;
	if (s->held == NULL)
		server_retry(e);
	else
		start_exchange_13(e);
}

/* --- TLS 1.2: ServerHello --- */

static int
choose_group_12(struct engine *e, const struct client_hello *h)
{
	struct cursor listed, c = h->x.at[EXT_POINT_FORMATS], formats;
	bool plain = false;

	e->group = 0;
	if (extension_has(&h->x, EXT_POINT_FORMATS)) {
		formats = cursor_vector(&c, 1);
		if (!cursor_is_done(&c) || formats.len == 0)
			return ENGINE_DECODE;
		while (formats.len > 0)
			plain |= cursor_number(&formats, 1) == 0;
		if (!plain)
			return ENGINE_NO_COMMON;
	}
	if (!extension_has(&h->x, EXT_GROUPS)) {
		e->group = GROUP_P256; /* who says nothing has them all (RFC 8422 section 4) */
		return ENGINE_OK;
	}
	if (read_list(h->x.at[EXT_GROUPS], 2, &listed) != ENGINE_OK)
		return ENGINE_DECODE;
	for (size_t i = 1; i < GROUPS && e->group == 0; i++)
		if (list_has(listed, groups[i]))
			e->group = groups[i];
	return e->group != 0 ? ENGINE_OK : ENGINE_NO_COMMON;
}

/* RFC 5746 section 3.6 */
static int
read_renegotiation(struct shake *s, const struct client_hello *h)
{
	struct cursor c = h->x.at[EXT_RENEGOTIATION];

	s->is_requested = list_has(h->suites, SUITE_RENEGOTIATION) ||
			  extension_has(&h->x, EXT_RENEGOTIATION);
	if (extension_has(&h->x, EXT_RENEGOTIATION) && (c.len != 1 || c.p[0] != 0))
		return ENGINE_NO_COMMON;
	return ENGINE_OK;
}

/* The session that the client wants and that we remember, unless it was made otherwise (RFC 7627 section 5.3). */
static int
choose_session_12(struct engine *e, const struct client_hello *h)
{
	struct shake *s = e->shake;
	const struct ticket *ticket = NULL;

	if (s->tie != NULL && h->id.len == TICKET_HANDLE)
		ticket = ticket_find(s->tie, h->id.p, false);
	if (ticket == NULL || !list_has(h->suites, ticket->suite) ||
		(s->is_extended && !ticket->is_extended))
		return ENGINE_OK;
	if (ticket->is_extended && !s->is_extended)
		return ENGINE_NO_COMMON;
	memcpy(s->secret, ticket->secret, TICKET_SECRET);
	s->suite = suite_find(ticket->suite);
	e->is_resumed = true;
	return ENGINE_OK;
}

static void
write_extensions_12(struct shake *s, struct draft *d, bool has_formats)
{
	size_t block = draft_open(d, 2), at;

	if (s->is_requested) {
		at = extension_open(d, EXT_RENEGOTIATION);
		draft_number(d, 0, 1);
		draft_close(d, at, 2);
	}
	if (s->is_extended)
		draft_close(d, extension_open(d, EXT_MASTER_SECRET), 2);
	if (has_formats) {
		at = extension_open(d, EXT_POINT_FORMATS);
		draft_number(d, 0x0100, 2); /* one: uncompressed */
		draft_close(d, at, 2);
	}
	put_protocol(s, d);
	draft_close(d, block, 2);
	if (d->len == block) /* none at all: not even their length (RFC 5246 section 7.4.1.3) */
		d->len -= 2;
}

static void
send_hello_12(struct engine *e)
{
	struct shake *s = e->shake;
	struct draft d = shake_begin(e, MESSAGE_SERVER_HELLO);

	draft_number(&d, ENGINE_TLS12, 2);
	draft_bytes(&d, s->server_random, 32);
	draft_number(&d, s->session_id_len, 1);
	draft_bytes(&d, s->session_id, s->session_id_len);
	draft_number(&d, e->suite, 2);
	draft_number(&d, 0, 1);
	write_extensions_12(s, &d, s->has_formats && !e->is_resumed);
	shake_finish(e, &d);
}

static void
send_finished_12(struct engine *e)
{
	unsigned char data[12];
	struct draft d;

	engine_send_change(e);
	shake_set_keys_12(e, false);
	shake_finished_12(e->shake, true, data);
	d = shake_begin(e, MESSAGE_FINISHED);
	draft_bytes(&d, data, sizeof data);
	shake_finish(e, &d);
	engine_seal(e);
}

static void
server_made_key_12(struct engine *e)
{
	struct shake *s = e->shake;

	if (group_make(s, e->group) != 0) {
		engine_fail(e, ENGINE_INTERNAL);
		return;
	}
	shake_hash_message(e);
	send_hello_12(e);
	s->flight = FLIGHT_CERTIFICATE;
	e->state = SERVER_FLIGHT;
}

/* Our random, which tells a client that has TLS 1.3 when someone hid that (RFC 8446 section 4.1.3). */
static void
draw_random_12(struct shake *s)
{
	shake_draw(s, s->server_random, 32);
	if (s->options.most >= ENGINE_TLS13)
		memcpy(s->server_random + 24, "DOWNGRD\1", 8);
}

static void
begin_12(struct engine *e, const struct client_hello *h)
{
	struct shake *s = e->shake;

	e->suite = s->suite->number;
	memcpy(s->client_random, h->random, 32);
	draw_random_12(s);
	transcript_start(&s->transcript, s->suite->sha384);
	s->has_formats = extension_has(&h->x, EXT_POINT_FORMATS);
	if (e->is_resumed) {
		e->group = 0;
		s->session_id_len = (uint8_t)h->id.len;
		memcpy(s->session_id, h->id.p, h->id.len);
		shake_hash_message(e);
		send_hello_12(e);
		send_finished_12(e);
		e->state = SERVER12_CHANGE;
		return;
	}
	s->session_id_len = s->tie != NULL ? TICKET_HANDLE : 0;
	shake_draw(s, s->session_id, s->session_id_len);
	shake_wait(e, ENGINE_MAKE_KEY, server_made_key_12);
}

static void
server_hello_12(struct engine *e, const struct client_hello *h)
{
	struct shake *s = e->shake;
	int error = s->is_retried ? ENGINE_PARAMETER : ENGINE_OK;

	s->suite = choose_suite(h, false);
	s->is_extended = extension_has(&h->x, EXT_MASTER_SECRET);
	s->scheme = (uint16_t)choose_scheme(h, false);
	if (error == ENGINE_OK && memchr(h->compressions.p, 0, h->compressions.len) == NULL)
		error = ENGINE_PARAMETER;
	if (error == ENGINE_OK && s->is_extended && h->x.at[EXT_MASTER_SECRET].len > 0)
		error = ENGINE_DECODE;
	if (error == ENGINE_OK)
		error = read_renegotiation(s, h);
	if (error == ENGINE_OK)
		error = choose_group_12(e, h);
	if (error == ENGINE_OK && (s->suite == NULL || s->scheme == 0))
		error = ENGINE_NO_COMMON;
	if (error == ENGINE_OK)
		error = choose_session_12(e, h);
	if (error != ENGINE_OK)
		engine_fail(e, error);
	else
		begin_12(e, h);
}

void
server_read_hello(struct engine *e, struct cursor body)
{
	struct client_hello h;
	int error = read_hello(&h, body);

	if (error == ENGINE_OK && !shake_is_aligned(e))
		error = ENGINE_UNEXPECTED;
	if (error == ENGINE_OK)
		error = choose_version(e, &h);
	if (error == ENGINE_OK)
		error = choose_protocol(e->shake, &h);
	if (error != ENGINE_OK)
		engine_fail(e, error);
	else if (e->version == ENGINE_TLS13)
		server_hello_13(e, &h);
	else
		server_hello_12(e, &h);
}

/* --- the flight --- */

static void
send_encrypted(struct engine *e)
{
	struct shake *s = e->shake;
	struct draft d = shake_begin(e, MESSAGE_ENCRYPTED);
	size_t block = draft_open(&d, 2);

	put_protocol(s, &d);
	draft_close(&d, block, 2);
	shake_finish(e, &d);
	s->flight = e->is_resumed ? FLIGHT_FINISHED : FLIGHT_CERTIFICATE;
}

/* The message up to the leaf: its length is known, and the leaf follows in pieces. */
static void
send_certificate_head(struct engine *e)
{
	struct shake *s = e->shake;
	unsigned char head[MESSAGE_HEAD + 1 + 3 + 3];
	struct draft d = { .p = head, .cap = sizeof head };
	bool is_13 = e->version == ENGINE_TLS13;
	uint32_t list = (uint32_t)s->leaf_len + 3 + (is_13 ? 2 : 0);

	draft_number(&d, MESSAGE_CERTIFICATE, 1);
	draft_number(&d, list + 3 + is_13, 3);
	if (is_13)
		draft_number(&d, 0, 1);
	draft_number(&d, list, 3);
	draft_number(&d, (uint32_t)s->leaf_len, 3);
	shake_put(e, head, d.len);
	s->flight = FLIGHT_LEAF;
}

static void
send_leaf(struct engine *e)
{
	static const unsigned char no_extensions[2];
	struct shake *s = e->shake;
	size_t n = s->leaf_len - s->leaf_sent, room = shake_room(e) - sizeof no_extensions;

	if (n > room)
		n = room;
	shake_put(e, s->leaf + s->leaf_sent, n);
	s->leaf_sent = (uint16_t)(s->leaf_sent + n);
	if (s->leaf_sent < s->leaf_len)
		return;
	if (e->version == ENGINE_TLS13)
		shake_put(e, no_extensions, sizeof no_extensions);
	s->flight = e->version == ENGINE_TLS13 ? FLIGHT_VERIFY : FLIGHT_EXCHANGE;
}

/* Signs what was hashed, and writes scheme and signature. */
static void
write_signature(struct engine *e, struct draft *d, const unsigned char *hash, size_t hash_len)
{
	struct shake *s = e->shake;
	unsigned char raw[64], der[72];
	size_t at;

	if (p256_sign(raw, hash, hash_len, s->key) != 0)
		engine_fail(e, ENGINE_INTERNAL);
	draft_number(d, s->scheme, 2);
	at = draft_open(d, 2);
	draft_bytes(d, der, ecdsa_to_der(der, raw));
	draft_close(d, at, 2);
}

static void
server_signed(struct engine *e)
{
	struct shake *s = e->shake;
	unsigned char content[SIGNED_MAX], hash[32];
	struct draft d = shake_begin(e, MESSAGE_VERIFY);

	schedule_hash(false, hash, content, shake_signed_content(s, content));
	write_signature(e, &d, hash, sizeof hash);
	shake_finish(e, &d);
	s->flight = FLIGHT_FINISHED;
}

static void
hash_exchange(const struct shake *s, unsigned char hash[64], size_t hash_len,
	const unsigned char *part, size_t len)
{
	unsigned char all[64 + 4 + POINT_MAX];
	br_sha512_context h;

	memcpy(all, s->client_random, 32);
	memcpy(all + 32, s->server_random, 32);
	memcpy(all + 64, part, len);
	if (hash_len != 64) {
		schedule_hash(hash_len == 48, hash, all, 64 + len);
		return;
	}
	br_sha512_init(&h);
	br_sha512_update(&h, all, 64 + len);
	br_sha512_out(&h, hash);
}

static void
server_signed_12(struct engine *e)
{
	struct shake *s = e->shake;
	size_t hash_len = s->scheme == 0x0403 ? 32 : s->scheme == 0x0503 ? 48 : 64;
	size_t len = group_point_len(e->group);
	unsigned char hash[64];
	struct draft d = shake_begin(e, MESSAGE_KEY_EXCHANGE);

	draft_number(&d, 3, 1); /* named_curve */
	draft_number(&d, e->group, 2);
	draft_number(&d, (uint32_t)len, 1);
	draft_bytes(&d, s->point, len);
	if (d.full) {
		engine_fail(e, ENGINE_INTERNAL);
		return;
	}
	hash_exchange(s, hash, hash_len, d.p + MESSAGE_HEAD, d.len - MESSAGE_HEAD);
	write_signature(e, &d, hash, hash_len);
	shake_finish(e, &d);
	d = shake_begin(e, MESSAGE_HELLO_DONE);
	shake_finish(e, &d);
	engine_seal(e);
	e->state = SERVER12_EXCHANGE;
}

static void
send_finished(struct engine *e)
{
	struct shake *s = e->shake;
	unsigned char data[48], server[48];
	struct draft d = shake_begin(e, MESSAGE_FINISHED);

	shake_finished_data(s, e->write_secret, data);
	draft_bytes(&d, data, schedule_size(s->suite->sha384));
	shake_finish(e, &d);
	engine_seal(e);
	shake_application_secrets(e, s->next, server);
	engine_set_write(e, server);
	pool_wipe(server, sizeof server);
	e->state = SERVER_FINISHED;
}

/* One piece of the flight; false: there is no room yet, or something waits. */
static bool
server_send(struct engine *e)
{
	if (shake_room(e) < FLIGHT_ROOM) {
		engine_seal(e);
		if (shake_room(e) < FLIGHT_ROOM)
			return false;
	}
	switch (e->shake->flight) {
	case FLIGHT_ENCRYPTED: send_encrypted(e); break;
	case FLIGHT_CERTIFICATE: send_certificate_head(e); break;
	case FLIGHT_LEAF: send_leaf(e); break;
	case FLIGHT_VERIFY: shake_wait(e, ENGINE_SIGN, server_signed); break;
	case FLIGHT_EXCHANGE: shake_wait(e, ENGINE_SIGN, server_signed_12); break;
	default: send_finished(e); break;
	}
	return e->waits == ENGINE_IDLE;
}

void
server_pump(struct engine *e)
{
	while (e->state == SERVER_FLIGHT && e->error == 0 && server_send(e))
		continue;
}

/* --- the client's Finished --- */

/* RFC 8446 section 4.6.1: a handle, and what it stands for stays here. */
static void
send_ticket(struct engine *e, unsigned char nonce)
{
	struct shake *s = e->shake;
	struct ticket t = { .suite = e->suite, .is_13 = true };
	unsigned char age_add[4];
	struct draft d = shake_begin(e, MESSAGE_TICKET);

	shake_draw(s, t.handle, sizeof t.handle);
	shake_draw(s, age_add, sizeof age_add);
	shake_psk_of(e, s->suite->sha384, &nonce, 1, t.secret);
	draft_number(&d, TICKET_LIFE, 4);
	draft_bytes(&d, age_add, 4);
	draft_number(&d, 1, 1);
	draft_number(&d, nonce, 1);
	draft_number(&d, TICKET_HANDLE, 2);
	draft_bytes(&d, t.handle, sizeof t.handle);
	draft_number(&d, 0, 2);
	shake_finish(e, &d);
	ticket_save(s->tie, &t);
	pool_wipe(&t, sizeof t);
}

/* Two for who comes anew, since browsers open several connections at once; one for who used one up. */
static void
send_tickets(struct engine *e)
{
	struct shake *s = e->shake;

	if (s->tie == NULL || !s->offers_psk || shake_room(e) < FLIGHT_ROOM)
		return;
	send_ticket(e, 0);
	if (!e->is_resumed)
		send_ticket(e, 1);
	engine_seal(e);
}

void
server_read_finished(struct engine *e, struct cursor body)
{
	struct shake *s = e->shake;
	size_t size = schedule_size(s->suite->sha384);
	unsigned char data[48];

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
	shake_resumption(e);
	engine_set_read(e, s->next);
	send_tickets(e);
	pool_wipe(e->resumption, sizeof e->resumption);
	if (e->error == 0)
		shake_end(e, SHAKE_OPEN_13_SERVER);
}

/* --- TLS 1.2 --- */

static void
server_agreed_12(struct engine *e)
{
	struct shake *s = e->shake;

	if (group_agree(s, e->group, s->held) != 0) {
		engine_fail(e, ENGINE_PARAMETER);
		return;
	}
	shake_hash_message(e);
	shake_master_secret(e, group_shared_len(e->group));
	e->state = SERVER12_CHANGE;
}

void
server_read_client_key(struct engine *e, struct cursor body)
{
	struct cursor point = cursor_vector(&body, 1);

	if (!cursor_is_done(&body))
		engine_fail(e, ENGINE_DECODE);
	else if (!group_is_point(e->group, point.p, point.len))
		engine_fail(e, ENGINE_PARAMETER);
	if (e->error != 0)
		return;
	e->shake->held = point.p;
	shake_wait(e, ENGINE_AGREE, server_agreed_12);
}

static void
save_session_12(struct engine *e)
{
	struct shake *s = e->shake;
	struct ticket t = { .suite = e->suite, .is_extended = s->is_extended };

	if (s->tie == NULL)
		return;
	memcpy(t.handle, s->session_id, TICKET_HANDLE);
	memcpy(t.secret, s->secret, TICKET_SECRET);
	ticket_save(s->tie, &t);
	pool_wipe(&t, sizeof t);
}

void
server_read_finished_12(struct engine *e, struct cursor body)
{
	unsigned char data[12];

	shake_finished_12(e->shake, false, data);
	if (body.len != sizeof data)
		engine_fail(e, ENGINE_DECODE);
	else if (!same_bytes(data, body.p, sizeof data))
		engine_fail(e, ENGINE_BAD_FINISHED);
	else if (!shake_is_aligned(e))
		engine_fail(e, ENGINE_UNEXPECTED);
	if (e->error != 0)
		return;
	shake_hash_message(e);
	if (!e->is_resumed) {
		send_finished_12(e);
		save_session_12(e);
	}
	if (e->error == 0)
		shake_end(e, SHAKE_OPEN_12);
}
