/* learned: an origin is known by name and port, for an hour; the oldest makes room. */
#include "check.h"
#include "conn/learned.h"

static struct learned l;

int
main(void)
{
	char name[32];

	CHECK(!learned_has(&l, "", 0, 0));
	learned_note(&l, "a.example", 443, 1000);
	CHECK(learned_has(&l, "a.example", 443, 1000));
	CHECK(learned_has(&l, "a.example", 443, 1000 + LEARNED_MS - 1));
	CHECK(!learned_has(&l, "a.example", 443, 1000 + LEARNED_MS));
	CHECK(!learned_has(&l, "a.example", 8443, 1000));
	CHECK(!learned_has(&l, "b.example", 443, 1000));
	learned_note(&l, "a.example", 443, 5000); /* in place */
	CHECK(learned_has(&l, "a.example", 443, 4999 + LEARNED_MS));
	for (int i = 1; i < LEARNED_MOST; i++) {
		snprintf(name, sizeof name, "%d.example", i);
		learned_note(&l, name, 443, 5000 + i);
	}
	CHECK(learned_has(&l, "a.example", 443, 6000));
	learned_note(&l, "last.example", 443, 6000);
	CHECK(!learned_has(&l, "a.example", 443, 6000));
	CHECK(learned_has(&l, "1.example", 443, 6000));
	CHECK(learned_has(&l, "last.example", 443, 6000));
	return check_done("learned");
}
