/* session: a session comes back under its own tie and no other; the table is bounded, the oldest goes first. */
#include "check.h"
#include "lib/tls/session.h"

static unsigned char tie_a[SESSION_TIE] = { 1 }, tie_b[SESSION_TIE] = { 1, [31] = 1 };

static struct tls_session
session(unsigned char id)
{
	struct tls_session p = { .len = TLS_SESSION_MAX };

	memset(p.bytes, 0x80 | id, sizeof p.bytes);
	return p;
}

static void
save(struct session_store *s, const unsigned char *tie, unsigned char id)
{
	struct session_tie t;
	struct tls_session p = session(id);
	unsigned char handle[SESSION_ID];

	memset(handle, id, sizeof handle);
	session_tie_init(&t, s, tie);
	session_save(&t, handle, &p);
}

static int
load(struct session_store *s, const unsigned char *tie, unsigned char id)
{
	struct session_tie t;
	struct tls_session p = { .len = 0 }, want = session(id);
	unsigned char handle[SESSION_ID];
	bool found;

	memset(handle, id, sizeof handle);
	session_tie_init(&t, s, tie);
	found = session_load(&t, handle, &p);
	CHECK_INT(p.len, found ? want.len : 0);
	CHECK(!found || memcmp(p.bytes, want.bytes, sizeof p.bytes) == 0);
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

static void
test_sizes(void)
{
	struct session_store *s = session_store_new(0); /* counts as one */

	save(s, tie_a, 7);
	save(s, tie_a, 8);
	CHECK_INT(load(s, tie_a, 7), 0);
	CHECK_INT(load(s, tie_a, 8), 1);
	session_store_free(s);
	session_store_free(NULL);
	CHECK(session_store_new((size_t)-1) == NULL);
}

int
main(void)
{
	test_ties();
	test_bound();
	test_sizes();
	return check_done("session");
}
