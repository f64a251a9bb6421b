/* origins: a session is given out under its key alone, within its time, and the oldest makes room. */
#include "check.h"
#include "lib/tls/origins.h"

enum { NOW = 1000000 };

static void
save(struct origins *o, unsigned char key_byte, unsigned char id_byte, int64_t until)
{
	struct tls_session p = { .len = 1 };
	unsigned char key[ORIGINS_HASH], leaf[ORIGINS_HASH];

	p.bytes[0] = id_byte;
	memset(key, key_byte, sizeof key);
	memset(leaf, id_byte, sizeof leaf);
	origins_save(o, key, &p, leaf, NOW, until);
}

/* The byte of the session under that key, -1 for none. */
static int
find(struct origins *o, unsigned char key_byte, int64_t now)
{
	unsigned char key[ORIGINS_HASH];
	const struct origin_session *e;

	memset(key, key_byte, sizeof key);
	e = origins_find(o, key, now);
	return e != NULL && e->leaf[0] == e->session.bytes[0] ? e->session.bytes[0] : -1;
}

static void
check_time(void)
{
	struct origins *o = origins_new(2);

	save(o, 1, 11, NOW + 100);
	CHECK_INT(find(o, 1, NOW), 11);
	CHECK_INT(find(o, 1, NOW + 99), 11);
	CHECK_INT(find(o, 1, NOW + 100), -1);
	CHECK_INT(find(o, 1, NOW), -1); /* gone, not hidden */
	save(o, 1, 12, NOW + 100);
	CHECK_INT(find(o, 1, NOW - 1), -1); /* the clock went back */
	save(o, 1, 13, NOW + 10 * ORIGINS_SECS);
	CHECK_INT(find(o, 1, NOW + ORIGINS_SECS - 1), 13);
	CHECK_INT(find(o, 1, NOW + ORIGINS_SECS), -1); /* a day at most */
	origins_free(o);
}

static void
check_room(void)
{
	struct origins *o = origins_new(2);

	save(o, 1, 11, NOW + 100);
	save(o, 2, 12, NOW + 100);
	CHECK_INT(find(o, 1, NOW), 11);
	save(o, 3, 13, NOW + 100); /* 2 was used longest ago */
	CHECK_INT(find(o, 1, NOW), 11);
	CHECK_INT(find(o, 2, NOW), -1);
	CHECK_INT(find(o, 3, NOW), 13);
	save(o, 3, 14, NOW + 100); /* in place */
	CHECK_INT(find(o, 3, NOW), 14);
	CHECK_INT(find(o, 1, NOW), 11);
	origins_free(o);
	CHECK(origins_new(0) == NULL);
	CHECK(origins_new(SIZE_MAX / 8) == NULL);
}

static void
check_none(void)
{
	struct origins *o = origins_new(1);
	struct tls_session none = { .len = 0 };
	unsigned char key[ORIGINS_HASH] = { 1 };

	origins_save(o, key, &none, key, NOW, NOW + 1);
	CHECK(origins_find(o, key, NOW) == NULL);
	none.len = 1;
	origins_save(o, key, &none, key, NOW, NOW + 1);
	CHECK(origins_find(o, key, NOW) != NULL);
	origins_drop(o, key);
	CHECK(origins_find(o, key, NOW) == NULL);
	origins_drop(o, key);
	origins_free(o);
}

int
main(void)
{
	check_time();
	check_room();
	check_none();
	return check_done("origins");
}
