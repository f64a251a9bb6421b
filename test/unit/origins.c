/* origins: a session is given out under its key alone, within its time; single ones once each; the oldest makes room. */
#include "check.h"
#include "lib/tls/origins.h"

enum { NOW = 1000000 };

/* A session as the engine writes it: version, suite, flags, lifetime, age_add, secret, ID, ticket; `id` is in its secret. */
static size_t
write_session(unsigned char out[ENGINE_SESSION], bool is_13, uint32_t lifetime, unsigned char id)
{
	size_t len = 2 + 2 + 1 + 4 + 4 + 48 + 1 + 2;

	memset(out, 0, len);
	out[0] = 3;
	out[1] = is_13 ? 4 : 3;
	out[2] = is_13 ? 0x13 : 0xc0;
	out[3] = is_13 ? 0x01 : 0x2b;
	for (int i = 0; i < 4; i++)
		out[5 + i] = (unsigned char)(lifetime >> (24 - 8 * i));
	out[13] = id;
	return len;
}

static void
save(struct origins *o, unsigned char key_byte, bool is_13, unsigned char id, int64_t now)
{
	struct origin_verdict verdict = { .until = NOW + 50000 };
	unsigned char key[ORIGINS_HASH], session[ENGINE_SESSION];

	memset(key, key_byte, sizeof key);
	memset(verdict.leaf, id, sizeof verdict.leaf);
	origins_save(o, key, session, write_session(session, is_13, 7200, id), &verdict, now,
		now * 1000 + id);
}

/* The number of the session under that key, -1 for none; spent if that was asked. */
static int
find(struct origins *o, unsigned char key_byte, int64_t now, bool spend)
{
	unsigned char key[ORIGINS_HASH];
	const struct origin_session *e;
	int id;

	memset(key, key_byte, sizeof key);
	e = origins_find(o, key, now);
	if (e == NULL)
		return -1;
	id = e->session[13];
	CHECK_INT(e->verdict.leaf[0], id);
	if (spend)
		origins_spend(o, e);
	return id;
}

static void
check_time(void)
{
	struct origins *o = origins_new(4);

	save(o, 1, false, 11, NOW);
	CHECK_INT(find(o, 1, NOW, true), 11);
	CHECK_INT(find(o, 1, NOW + 7199, true), 11); /* not single: it stays */
	CHECK_INT(find(o, 2, NOW, false), -1);
	CHECK_INT(find(o, 1, NOW + 7200, false), -1); /* its issuer's lifetime */
	CHECK_INT(find(o, 1, NOW, false), -1);        /* and it is gone */
	save(o, 1, false, 12, NOW);
	CHECK_INT(find(o, 1, NOW - 1, false), -1); /* a clock that went back */
	save(o, 1, false, 13, NOW + 49000);
	CHECK_INT(find(o, 1, NOW + 49999, false), 13);
	CHECK_INT(find(o, 1, NOW + 50000, false), -1); /* the verdict's */
	origins_free(o);
	origins_free(NULL);
}

/* TLS 1.3's tickets: several of an origin, newest first, each once. */
static void
check_single(void)
{
	struct origins *o = origins_new(8);

	for (unsigned char id = 1; id <= ORIGINS_SAME + 1; id++)
		save(o, 1, true, id, NOW);
	save(o, 2, true, 77, NOW);
	for (int id = ORIGINS_SAME + 1; id > 1; id--)
		CHECK_INT(find(o, 1, NOW, true), id);
	CHECK_INT(find(o, 1, NOW, true), -1); /* the first one had to go */
	CHECK_INT(find(o, 2, NOW, false), 77);
	CHECK_INT(find(o, 2, NOW, true), 77);
	CHECK_INT(find(o, 2, NOW, true), -1);
	origins_free(o);
}

static void
check_room(void)
{
	struct origins *o = origins_new(3);

	save(o, 1, false, 1, NOW);
	save(o, 2, false, 2, NOW);
	save(o, 3, false, 3, NOW);
	CHECK_INT(find(o, 1, NOW, false), 1); /* now 2 is the oldest */
	save(o, 4, true, 4, NOW);
	CHECK_INT(find(o, 2, NOW, false), -1);
	CHECK_INT(find(o, 1, NOW, false), 1);
	CHECK_INT(find(o, 3, NOW, false), 3);
	save(o, 3, false, 33, NOW); /* in place */
	CHECK_INT(find(o, 3, NOW, false), 33);
	CHECK_INT(find(o, 4, NOW, false), 4);
	origins_free(o);
	CHECK(origins_new(0) == NULL);
	CHECK(origins_new(SIZE_MAX / 8) == NULL);
}

static void
check_none(void)
{
	static const struct origin_verdict verdict = { .until = NOW + 10 };
	struct origins *o = origins_new(1);
	unsigned char key[ORIGINS_HASH] = { 1 }, session[ENGINE_SESSION] = { 0 };

	origins_save(o, key, session, 0, &verdict, NOW, 0);
	CHECK(origins_find(o, key, NOW) == NULL);
	origins_save(o, key, session, ENGINE_SESSION + 1, &verdict, NOW, 0);
	CHECK(origins_find(o, key, NOW) == NULL);
	save(o, 1, false, 5, NOW);
	memset(key, 1, sizeof key);
	CHECK_INT(find(o, 1, NOW, false), 5);
	origins_drop(o, key);
	CHECK_INT(find(o, 1, NOW, false), -1);
	origins_drop(o, key);
	origins_free(o);
}

int
main(void)
{
	check_time();
	check_single();
	check_room();
	check_none();
	return check_done("origins");
}
