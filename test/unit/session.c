/* session: a session comes back under its own tie and no other; the table is bounded, the oldest goes first. */
#include "check.h"
#include "lib/tls/session.h"

static unsigned char tie_a[SESSION_TIE] = { 1 }, tie_b[SESSION_TIE] = { 1, [31] = 1 };

static br_ssl_server_context server; /* whose suites a session has to be of */

static void
set_suites(const uint16_t *suites, unsigned char count)
{
	memcpy(server.eng.suites_buf, suites, count * sizeof *suites);
	server.eng.suites_num = count;
}

static br_ssl_session_parameters
session(unsigned char id)
{
	br_ssl_session_parameters p;

	memset(&p, 0, sizeof p);
	memset(p.session_id, id, sizeof p.session_id);
	p.session_id_len = sizeof p.session_id;
	p.version = BR_TLS12;
	p.cipher_suite = BR_TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256;
	memset(p.master_secret, 0x80 | id, sizeof p.master_secret);
	return p;
}

static void
save(struct session_store *s, const unsigned char *tie, unsigned char id)
{
	struct session_tie t;
	br_ssl_session_parameters p = session(id);

	session_tie_init(&t, s, tie);
	t.vtable->save(&t.vtable, NULL, &p);
}

/* As BearSSL asks: the ID is set, the rest is whatever the context held. */
static int
load(struct session_store *s, const unsigned char *tie, unsigned char id)
{
	struct session_tie t;
	br_ssl_session_parameters p = session(id), want = session(id);
	int found;

	memset(p.master_secret, 0, sizeof p.master_secret);
	p.version = p.cipher_suite = 0;
	session_tie_init(&t, s, tie);
	found = t.vtable->load(&t.vtable, &server, &p);
	if (found) {
		CHECK(memcmp(p.master_secret, want.master_secret, sizeof p.master_secret) == 0);
		CHECK_INT(p.version, want.version);
		CHECK_INT(p.cipher_suite, want.cipher_suite);
	} else {
		CHECK_INT(p.master_secret[0], 0);
	}
	return found;
}

static void
test_ties(void)
{
	struct session_store *s = session_store_new(4);

	CHECK_INT(load(s, tie_a, 1), 0);
	CHECK_INT(load(s, tie_a, 0), 0); /* a free entry is all zeros and must not match */
	save(s, tie_a, 1);
	CHECK_INT(load(s, tie_a, 1), 1);
	CHECK_INT(load(s, tie_b, 1), 0); /* differs in the last byte only */
	CHECK_INT(load(s, tie_a, 1), 1); /* and being asked wrongly cost its owner nothing */
	CHECK_INT(load(s, tie_a, 2), 0);
	save(s, tie_b, 1); /* the same ID twice: each under its tie */
	CHECK_INT(load(s, tie_a, 1), 1);
	CHECK_INT(load(s, tie_b, 1), 1);
	session_store_free(s);
}

/* BearSSL resumes a session whose suite the client offers, ours or not. */
static void
test_suites(void)
{
	static const uint16_t with[] = { 0xC02B, 0xCCA9 }, without[] = { 0xC02B, 0xC02C };
	struct session_store *s = session_store_new(4);

	save(s, tie_a, 1);
	set_suites(without, 2);
	CHECK_INT(load(s, tie_a, 1), 0);
	set_suites(with, 0);
	CHECK_INT(load(s, tie_a, 1), 0);
	set_suites(with, 2);
	CHECK_INT(load(s, tie_a, 1), 1);
	session_store_free(s);
}

static void
test_bound(void)
{
	struct session_store *s = session_store_new(3);
	unsigned char i;

	for (i = 1; i <= 3; i++)
		save(s, tie_a, i);
	CHECK_INT(load(s, tie_a, 1), 1); /* now 2 is the oldest */
	save(s, tie_a, 4);
	CHECK_INT(load(s, tie_a, 2), 0);
	CHECK_INT(load(s, tie_a, 1), 1);
	CHECK_INT(load(s, tie_a, 3), 1);
	CHECK_INT(load(s, tie_a, 4), 1);
	for (i = 10; i < 200; i++)
		save(s, tie_a, i);
	CHECK_INT(load(s, tie_a, 4), 0);
	CHECK_INT(load(s, tie_a, 197) + load(s, tie_a, 198) + load(s, tie_a, 199), 3);
	session_store_free(s);
}

/* An engine's params with another ID length (BearSSL promises 32) are no session. */
static void
test_short_id(void)
{
	struct session_store *s = session_store_new(0); /* counts as one */
	struct session_tie t;
	br_ssl_session_parameters p = session(0);

	save(s, tie_a, 0);
	p.session_id_len = 0;
	session_tie_init(&t, s, tie_a);
	CHECK_INT(t.vtable->load(&t.vtable, &server, &p), 0);
	CHECK_INT(t.vtable->context_size, sizeof t);
	session_store_free(s);
	session_store_free(NULL);
	CHECK(session_store_new((size_t)-1) == NULL);
}

int
main(void)
{
	static const uint16_t suites[] = { 0xCCA9 };

	set_suites(suites, 1);
	test_ties();
	test_bound();
	test_suites();
	test_short_id();
	return check_done("session");
}
