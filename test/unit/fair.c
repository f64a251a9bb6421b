/* fair: who gets a slot, buffers, a chain, a turn; who gives way, and to whom nobody does. */
#include "check.h"
#include "conn/fair.h"

enum { MOST = 64 };

static struct fair f;
static struct fair_share shares[MOST];
static size_t used;
static int64_t now;

static void
begin(size_t slots, size_t reserve, size_t buffers, size_t chains)
{
	CHECK_INT(fair_init(&f, slots, reserve, buffers, chains), 0);
	used = 0;
	now = 1000;
}

static struct net_addr
v4(unsigned char last)
{
	return (struct net_addr){ .family = 4, .ip = { 192, 168, 1, last } };
}

/* A connection of client 192.168.1.`last`. */
static struct fair_share *
arrive(unsigned char last, bool *welcome)
{
	struct net_addr a = v4(last);
	struct fair_share *s = &shares[used++];
	bool yes = fair_arrive(&f, s, &a, now);

	if (welcome != NULL)
		*welcome = yes;
	CHECK(yes == fair_is_welcome(s));
	return s;
}

static void
end(void)
{
	while (f.first != NULL)
		fair_leave(&f, f.first);
	for (size_t i = 0; i < FAIR_TURN; i++) {
		CHECK_INT(f.free[i], f.most[i]);
		CHECK_INT(f.giving[i], 0);
		CHECK_INT(f.lacking[i], 0);
	}
	fair_free(&f);
}

static size_t
marked(void)
{
	size_t n = 0;

	for (struct fair_share *s = f.first; s != NULL; s = s->next)
		n += s->gives != FAIR_NOTHING;
	return n;
}

/* Two clients with half of the slots each: a third is let in, and one of theirs goes. */
static void
test_two_greedy(void)
{
	bool welcome;

	begin(8, 4, 0, 0);
	for (int i = 0; i < 8; i++)
		arrive((unsigned char)(1 + i % 2), NULL);
	arrive(3, &welcome);
	CHECK(welcome);
	CHECK_INT(marked(), 1);
	arrive(3, &welcome); /* 2 against 3 or 4 */
	CHECK(welcome);
	CHECK_INT(marked(), 2);
	arrive(3, &welcome); /* would be 3, as many as each of the others has */
	CHECK(!welcome);
	CHECK_INT(marked(), 2);
	arrive(1, &welcome);
	CHECK(!welcome);
	end();
}

/* Nobody is ended for a client that holds as many or more, even if it is idle. */
static void
test_honest_idle(void)
{
	struct fair_share *honest;
	bool welcome;

	begin(4, 4, 0, 0);
	honest = arrive(1, NULL);
	honest->idle = true;
	for (int i = 0; i < 3; i++)
		arrive(2, NULL);
	arrive(2, &welcome);
	CHECK(!welcome);
	CHECK_INT(honest->gives, FAIR_NOTHING);
	/* its own idle ones give way to its new ones */
	shares[2].idle = true;
	arrive(2, &welcome);
	CHECK(welcome);
	CHECK_INT(shares[2].gives, FAIR_SLOT);
	CHECK_INT(honest->gives, FAIR_NOTHING);
	end();
}

/* Idle ones first, then the one that moved nothing for longest. */
static void
test_order(void)
{
	begin(4, 4, 0, 0);
	for (int i = 0; i < 4; i++)
		arrive(1, NULL)->moved = 500 - i;
	shares[1].idle = true;
	arrive(2, NULL);
	CHECK_INT(shares[1].gives, FAIR_SLOT);
	arrive(3, NULL);
	CHECK_INT(shares[3].gives, FAIR_SLOT);
	CHECK_INT(marked(), 2);
	end();
}

/* An IPv6 client is a /64, an IPv4 client an address. */
static void
test_identity(void)
{
	struct net_addr a = { .family = 6, .ip = { 0x20, 1, 0xd, 0xb8, 0, 0, 0, 1, 9 } }, b = a,
			c = a;
	bool third;

	b.ip[15] = 77;
	c.ip[7] = 2;
	begin(2, 4, 0, 0);
	CHECK(fair_arrive(&f, &shares[0], &a, now));
	CHECK(fair_arrive(&f, &shares[1], &b, now));
	CHECK(shares[0].client == shares[1].client);
	third = fair_arrive(&f, &shares[2], &c, now);
	CHECK(third && shares[2].client != shares[0].client);
	CHECK_INT(marked(), 1);
	end();
	begin(2, 4, 0, 0);
	CHECK(arrive(1, NULL)->client != arrive(2, NULL)->client);
	end();
}

/* Buffers: the greedy one's stalled connection gives way; the freed buffers go to who has fewest. */
static void
test_buffers(void)
{
	struct fair_share *greedy[4], *own, *poor;

	begin(16, 4, 4, 1);
	for (int i = 0; i < 4; i++) {
		greedy[i] = arrive(1, NULL);
		CHECK(fair_ask(&f, greedy[i], FAIR_BUFFERS, now));
		greedy[i]->moved = now + i;
	}
	own = arrive(1, NULL);
	CHECK(!fair_ask(&f, own, FAIR_BUFFERS, now));
	CHECK_INT(marked(), 0);
	poor = arrive(2, NULL);
	CHECK(!fair_ask(&f, poor, FAIR_BUFFERS, now)); /* all of them move: a moment's patience */
	CHECK_INT(marked(), 0);
	CHECK_INT(poor->lack, FAIR_BUFFERS);
	now += FAIR_STALLED_MS;
	CHECK(!fair_ask(&f, poor, FAIR_BUFFERS, now));
	CHECK_INT(greedy[0]->gives, FAIR_BUFFERS);
	CHECK(!fair_ask(&f, poor, FAIR_BUFFERS, now)); /* one at a time */
	CHECK_INT(marked(), 1);
	fair_leave(&f, greedy[0]);
	CHECK(!fair_ask(&f, own, FAIR_BUFFERS, now)); /* not for who holds three */
	CHECK(fair_ask(&f, poor, FAIR_BUFFERS, now));
	CHECK_INT(poor->lack, FAIR_NOTHING);
	end();
}

/* Who keeps moving gives way as well, once another has waited long enough. */
static void
test_patience(void)
{
	struct fair_share *greedy[3], *poor;

	begin(16, 4, 3, 1);
	for (int i = 0; i < 3; i++)
		CHECK(fair_ask(&f, greedy[i] = arrive(1, NULL), FAIR_BUFFERS, now));
	poor = arrive(2, NULL);
	for (int64_t end_at = now + FAIR_PATIENCE_MS; now < end_at; now += 100) {
		for (int i = 0; i < 3; i++)
			greedy[i]->moved = now;
		CHECK(!fair_ask(&f, poor, FAIR_BUFFERS, now));
		CHECK_INT(marked(), 0);
	}
	for (int i = 0; i < 3; i++)
		greedy[i]->moved = now;
	CHECK(!fair_ask(&f, poor, FAIR_BUFFERS, now));
	CHECK_INT(marked(), 1);
	end();
}

/* Chains: a client's stalled handshakes give way to its own new ones; marked ones that gave may stay. */
static void
test_chains(void)
{
	struct fair_share *stalled, *next;

	begin(8, 4, 8, 1);
	stalled = arrive(1, NULL);
	CHECK(fair_ask(&f, stalled, FAIR_CHAIN, now));
	next = arrive(1, NULL);
	CHECK(!fair_ask(&f, next, FAIR_CHAIN, now));
	CHECK_INT(marked(), 0);
	now += 5 * FAIR_STALLED_MS;
	CHECK(!fair_ask(&f, next, FAIR_CHAIN, now));
	CHECK_INT(stalled->gives, FAIR_CHAIN);
	fair_give(&f, stalled, FAIR_CHAIN);
	fair_stay(&f, stalled);
	CHECK_INT(marked(), 0);
	CHECK(fair_ask(&f, next, FAIR_CHAIN, now));
	end();
}

/* One operation a turn; the client that was served longest ago is next, whatever the others' number. */
static void
test_turns(void)
{
	struct fair_share *many[4], *one;
	int ones = 0, all = 0;

	begin(8, 4, 0, 0);
	for (int i = 0; i < 4; i++)
		many[i] = arrive(1, NULL);
	one = arrive(65, NULL); /* the old table took 1 and 65 for the same */
	for (int t = 0; t < 100; t++) {
		struct fair_share *s;
		int worked = 0;

		fair_begin_turn(&f);
		while ((s = fair_next(&f)) != NULL) {
			bool may = fair_may_work(&f, s);

			worked += may;
			ones += may && s == one;
			CHECK(may || f.again);
		}
		CHECK(worked <= 1);
		all += worked;
	}
	CHECK_INT(all, 100);
	CHECK(ones >= 49);
	(void)many;
	end();
}

/* Each connection has one turn a turn, whoever leaves or comes meanwhile. */
static void
test_walk(void)
{
	enum { N = 12 };

	for (int leaver = 0; leaver < N; leaver++)
		for (int at = 0; at < N; at++) {
			int seen[MOST] = { 0 }, n = 0;
			struct fair_share *s;

			begin(MOST / 2, 4, 0, 0);
			for (int i = 0; i < N; i++)
				arrive((unsigned char)i, NULL);
			fair_begin_turn(&f);
			while ((s = fair_next(&f)) != NULL) {
				seen[s - shares]++;
				if (n++ != at)
					continue;
				fair_leave(&f, &shares[leaver]);
				arrive(200, NULL);
			}
			for (int i = 0; i < N; i++)
				CHECK(seen[i] == 1 || (i == leaver && seen[i] == 0));
			CHECK(seen[N] <= 1); /* who comes last may be a turn late */
			end();
		}
}

/* A client's record lasts as long as its connections: who comes again has no advantage. */
static void
test_records(void)
{
	begin(4, 2, 0, 0);
	for (int i = 0; i < 1000; i++) {
		struct fair_share *s;

		used = 0;
		s = arrive((unsigned char)i, NULL);
		fair_begin_turn(&f);
		CHECK(fair_may_work(&f, s));
		CHECK_INT(s->client->served, f.turn);
		fair_leave(&f, s);
	}
	for (int i = 0; i < 6; i++)
		arrive((unsigned char)i, NULL);
	CHECK(!fair_has_room(&f));
	end();
}

int
main(void)
{
	test_two_greedy();
	test_honest_idle();
	test_order();
	test_identity();
	test_buffers();
	test_patience();
	test_chains();
	test_turns();
	test_walk();
	test_records();
	return check_done("fair");
}
