/*
 * fair: who gets what, and who gives way.  See fair.h.
 *
 * Everything is found by walking the list of connections or of clients, a few hundred at most, and only when
 * something is short.
 */
#include "conn/fair.h"

#include <stdlib.h>
#include <string.h>

/* --- clients ----------------------------------------------------------------- */

/* An IPv6 host has as many addresses as it likes, all in one /64. */
static void
client_key(unsigned char key[9], const struct net_addr *peer)
{
	memset(key, 0, 9);
	key[0] = peer->family;
	memcpy(key + 1, peer->ip, peer->family == 6 ? 8 : 4);
}

static bool
client_is_free(const struct fair_client *k)
{
	return k->key[0] == 0;
}

/* The client's record: its own, or a new one.  There are as many as connections, so one is free: the last, if no
 * other. */
static struct fair_client *
client_find(struct fair *f, const struct net_addr *peer)
{
	struct fair_client *spare = &f->clients[f->client_max - 1];
	unsigned char key[9];

	client_key(key, peer);
	for (size_t i = f->client_max; i-- > 0;) {
		struct fair_client *k = &f->clients[i];

		if (memcmp(k->key, key, sizeof key) == 0)
			return k;
		if (client_is_free(k))
			spare = k;
	}
	memcpy(spare->key, key, sizeof key);
	spare->served = f->turn;
	return spare;
}

static bool
client_has_connections(const struct fair *f, const struct fair_client *k)
{
	for (const struct fair_share *s = f->first; s != NULL; s = s->next)
		if (s->client == k)
			return true;
	return false;
}

/* --- the list ---------------------------------------------------------------- */

static void
list_append(struct fair *f, struct fair_share *s)
{
	s->next = NULL;
	s->prev = f->last;
	if (f->last != NULL)
		f->last->next = s;
	else
		f->first = s;
	f->last = s;
}

static void
list_remove(struct fair *f, struct fair_share *s)
{
	if (f->walk == s)
		f->walk = s->next;
	if (s->prev != NULL)
		s->prev->next = s->next;
	else
		f->first = s->next;
	if (s->next != NULL)
		s->next->prev = s->prev;
	else
		f->last = s->prev;
}

size_t
fair_count(const struct fair *f)
{
	size_t n = 0;

	for (const struct fair_share *s = f->first; s != NULL; s = s->next)
		n++;
	return n;
}

/* --- giving way -------------------------------------------------------------- */

static bool
holds(const struct fair_share *s, enum fair_thing thing)
{
	return s->holds >> thing & 1;
}

/* The count that a client will hold once those that are marked have gone. */
static unsigned
client_keeps(const struct fair *f, const struct fair_client *k, enum fair_thing thing)
{
	unsigned n = k->holds[thing];

	if (f->giving[FAIR_SLOT] + f->giving[FAIR_BUFFERS] + f->giving[FAIR_CHAIN] == 0)
		return n;
	for (const struct fair_share *s = f->first; s != NULL; s = s->next)
		if (s->client == k && s->gives != FAIR_NOTHING && holds(s, thing))
			n--;
	return n;
}

static struct fair_client *
client_greediest(const struct fair *f, enum fair_thing thing)
{
	struct fair_client *best = NULL;
	unsigned most = 0;

	for (size_t i = 0; i < f->client_max; i++) {
		unsigned n = client_is_free(&f->clients[i])
				     ? 0
				     : client_keeps(f, &f->clients[i], thing);

		if (n > most) {
			most = n;
			best = &f->clients[i];
		}
	}
	return best;
}

/* Of a client's connections the one to go: an idle one, else the one that moved nothing for longest. */
static struct fair_share *
share_of_least_use(const struct fair *f, const struct fair_client *k, enum fair_thing thing)
{
	struct fair_share *best = NULL;

	for (struct fair_share *s = f->first; s != NULL; s = s->next) {
		if (s->client != k || !holds(s, thing) || s->gives != FAIR_NOTHING)
			continue;
		if (best == NULL || (s->idle && !best->idle) ||
			(s->idle == best->idle && s->moved < best->moved))
			best = s;
	}
	return best;
}

static void
mark(struct fair *f, struct fair_share *s, enum fair_thing thing)
{
	s->gives = thing;
	f->giving[thing]++;
	f->again = true;
}

/*
 * Finds the connection that gives way so that one more of client k can have the thing; NULL: none does.  A client's
 * own connections give way to its newer ones only where that costs nothing: idle ones, and stalled ones where it wants a chain.
 */
static struct fair_share *
find_victim(const struct fair *f, const struct fair_client *k, enum fair_thing thing, int64_t now)
{
	struct fair_client *greediest = client_greediest(f, thing);
	struct fair_share *victim;

	if (greediest == NULL)
		return NULL;
	if (client_keeps(f, k, thing) + 1 < client_keeps(f, greediest, thing) && greediest != k)
		return share_of_least_use(f, greediest, thing);
	victim = share_of_least_use(f, k, thing);
	if (victim == NULL)
		return NULL;
	if (thing == FAIR_SLOT)
		return victim->idle ? victim : NULL;
	return thing == FAIR_CHAIN && now - victim->moved >= 5 * FAIR_STALLED_MS ? victim : NULL;
}

/* --- slots ------------------------------------------------------------------- */

int
fair_init(struct fair *f, size_t slots, size_t reserve, size_t buffers, size_t chains)
{
	*f = (struct fair){ .client_max = slots + reserve };
	f->clients = calloc(f->client_max, sizeof *f->clients);
	if (f->clients == NULL)
		return -1;
	f->most[FAIR_SLOT] = f->free[FAIR_SLOT] = (uint16_t)slots;
	f->most[FAIR_BUFFERS] = f->free[FAIR_BUFFERS] = (uint16_t)buffers;
	f->most[FAIR_CHAIN] = f->free[FAIR_CHAIN] = (uint16_t)chains;
	return 0;
}

void
fair_free(struct fair *f)
{
	free(f->clients);
	*f = (struct fair){ 0 };
}

static void
take(struct fair *f, struct fair_share *s, enum fair_thing thing)
{
	s->holds |= (uint8_t)(1 << thing);
	s->client->holds[thing]++;
	f->free[thing]--;
}

bool
fair_arrive(struct fair *f, struct fair_share *s, const struct net_addr *peer, int64_t now)
{
	struct fair_share *victim;

	*s = (struct fair_share){ .moved = now,
		.lack = FAIR_NOTHING,
		.gives = FAIR_NOTHING,
		.client = client_find(f, peer) };
	list_append(f, s);
	if (f->free[FAIR_SLOT] > 0) {
		take(f, s, FAIR_SLOT);
		return true;
	}
	victim = find_victim(f, s->client, FAIR_SLOT, now);
	if (victim == NULL)
		return false;
	/* Its slot is the newcomer's from now on. */
	mark(f, victim, FAIR_SLOT);
	victim->holds &= (uint8_t) ~(1 << FAIR_SLOT);
	victim->client->holds[FAIR_SLOT]--;
	f->free[FAIR_SLOT]++;
	take(f, s, FAIR_SLOT);
	return true;
}

bool
fair_has_room(const struct fair *f)
{
	return fair_count(f) < f->client_max;
}

void
fair_leave(struct fair *f, struct fair_share *s)
{
	for (enum fair_thing thing = 0; thing < FAIR_THINGS; thing++)
		fair_give(f, s, thing);
	fair_want_nothing(f, s);
	fair_stay(f, s);
	list_remove(f, s);
	if (f->worker == s)
		f->worker = NULL;
	if (!client_has_connections(f, s->client))
		*s->client = (struct fair_client){ .served = 0 };
}

/* --- buffers and chains ------------------------------------------------------- */

void
fair_want_nothing(struct fair *f, struct fair_share *s)
{
	if (s->lack != FAIR_NOTHING)
		f->lacking[s->lack]--;
	s->lack = FAIR_NOTHING;
}

void
fair_stay(struct fair *f, struct fair_share *s)
{
	if (s->gives != FAIR_NOTHING)
		f->giving[s->gives]--;
	s->gives = FAIR_NOTHING;
}

bool
fair_is_welcome(const struct fair_share *s)
{
	return holds(s, FAIR_SLOT);
}

static void
note_lack(struct fair *f, struct fair_share *s, enum fair_thing thing, int64_t now)
{
	if (s->lack == thing)
		return;
	fair_want_nothing(f, s);
	s->lack = thing;
	s->since = now;
	f->lacking[thing]++;
}

/* Others that lack it and hold less come first: what is free is theirs. */
static unsigned
count_needier(const struct fair *f, const struct fair_share *me, enum fair_thing thing)
{
	unsigned n = 0;

	if (f->lacking[thing] == 0)
		return 0;
	for (const struct fair_share *s = f->first; s != NULL; s = s->next)
		n += s != me && s->lack == thing && s->gives == FAIR_NOTHING &&
		     s->client->holds[thing] < me->client->holds[thing];
	return n;
}

bool
fair_ask(struct fair *f, struct fair_share *s, enum fair_thing thing, int64_t now)
{
	struct fair_share *victim;

	if (holds(s, thing))
		return true;
	if (f->free[thing] > count_needier(f, s, thing)) {
		fair_want_nothing(f, s);
		take(f, s, thing);
		return true;
	}
	note_lack(f, s, thing, now);
	if (f->giving[thing] > 0 || f->free[thing] > 0)
		return false;
	victim = find_victim(f, s->client, thing, now);
	if (victim != NULL && (victim->idle || now - victim->moved >= FAIR_STALLED_MS ||
				      now - s->since >= FAIR_PATIENCE_MS))
		mark(f, victim, thing);
	return false;
}

void
fair_give(struct fair *f, struct fair_share *s, enum fair_thing thing)
{
	if (!holds(s, thing))
		return;
	s->holds &= (uint8_t) ~(1 << thing);
	s->client->holds[thing]--;
	f->free[thing]++;
	if (f->lacking[thing] > 0)
		f->again = true;
}

/* --- turns -------------------------------------------------------------------- */

bool
fair_may_work(struct fair *f, struct fair_share *s)
{
	if (f->worked || (f->worker != NULL && f->worker != s)) {
		note_lack(f, s, FAIR_TURN, s->since);
		f->again = true;
		return false;
	}
	fair_want_nothing(f, s);
	f->worked = true;
	s->client->served = f->turn;
	return true;
}

static struct fair_share *
next_worker(const struct fair *f)
{
	struct fair_share *best = NULL;

	for (struct fair_share *s = f->first; s != NULL; s = s->next)
		if (s->lack == FAIR_TURN &&
			(best == NULL ||
				f->turn - s->client->served > f->turn - best->client->served))
			best = s;
	return best;
}

void
fair_begin_turn(struct fair *f)
{
	struct fair_share *first = f->first;

	f->turn++;
	f->worked = f->again = false;
	if (first != NULL && first->next != NULL) {
		list_remove(f, first);
		list_append(f, first);
	}
	f->walk = f->first;
	f->worker = next_worker(f);
	if (f->worker != NULL)
		fair_want_nothing(f, f->worker); /* who does not take its turn has lost it */
}

struct fair_share *
fair_next(struct fair *f)
{
	struct fair_share *s = f->walk;

	if (s != NULL)
		f->walk = s->next;
	return s;
}
