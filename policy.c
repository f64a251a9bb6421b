/*
 * policy: the lists of one configuration as one sorted index of hashes, and the verdicts from it.
 *
 * All list files lie one after the other in a space of 32-bit places; an entry says "at this place is a
 * line with a rule for something of this hash".  Memory holds no more.  A hit is confirmed by reading that
 * line again, so verdicts are exact, and name the line.  This file never writes, and never waits.
 */
#include "policy.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <unistd.h>

#include "lib/index.h"
#include "lib/list.h"
#include "lib/log.h"
#include "lib/name.h"
#include "lib/siphash.h"
#include "lib/source.h"
#include "lib/wait.h"

enum {
	ENTRY = 8,       /* bytes of index a rule */
	SHARE = 4,       /* the lists may take memory_kib / SHARE; see policy.h */
	BESIDE = 131072, /* bytes of a policy beside its index, at the very most */
	ALIKE_MOST = 8,  /* entries of one hash that folding looks at: bounds hostile lists */
	SLICE_LINES = 32 /* lines between two looks at the clock: 1 ms on a slow router */
};

/* Rules with a path lie under another hash, so that no look-up of a host ever touches them. */
#define PATH_MARK UINT32_C(0x9e3779b9)

/* An address has two kinds of length bits: [0] IPv4, [1] IPv6. */
struct lengths {
	uint8_t bits[2][17];
};

struct policy_list {
	struct config_list config;
	struct source source;
	uint32_t base;              /* place of the file's first byte */
	bool changed;               /* noticed and logged */
	size_t rules;               /* as read, before folding */
	size_t bad[LIST_KINDS];     /* what could not be meant, by kind ... */
	unsigned first[LIST_KINDS]; /* ... and where it was first */
};

struct policy {
	uint32_t generation;
	struct siphash_key key;
	struct index index;
	struct policy_list *lists;
	size_t list_count;
	bool inspect;        /* the default */
	bool has_paths;      /* there is any rule with a path */
	bool wants_reload;   /* a file changed, and nobody was told yet */
	uint64_t on;         /* lists within their hours when policy_hours_turned was last asked */
	struct lengths used; /* prefix lengths of all ranges */
	struct source_window window;
};

static void __attribute__((format(printf, 3, 4)))
explain(char *err, size_t cap, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	vsnprintf(err, cap, format, ap);
	va_end(ap);
}

/* --- hashes --------------------------------------------------------------------------------------- */

static uint32_t
hash_host(const struct policy *p, const char *host)
{
	return siphash(&p->key, host, strlen(host));
}

/* No host name begins with a byte 4 or 6. */
static uint32_t
hash_range(const struct policy *p, const struct net_range *r)
{
	uint8_t text[18] = { r->base.family, r->bits };

	memcpy(text + 2, r->base.ip, sizeof r->base.ip);
	return siphash(&p->key, text, sizeof text);
}

static uint32_t
hash_rule(const struct policy *p, const struct list_rule *r)
{
	uint32_t hash = r->is_address ? hash_range(p, &r->range) : hash_host(p, r->host);

	return r->path != NULL ? hash ^ PATH_MARK : hash;
}

/* A host name has at most this many labels: each takes two bytes.  No more of other text is looked at. */
enum { LABELS_MOST = NAME_MAX_TEXT / 2 };

/*
 * Hashes a name and its parents, and has memory fetched for all of them at once: waiting for it is most of
 * what a look-up costs.
 */
static void
hash_names(const struct policy *p, const char *host, uint32_t hashes[LABELS_MOST])
{
	for (size_t n = 0; host != NULL && n < LABELS_MOST; host = name_parent(host)) {
		hashes[n] = hash_host(p, host);
		index_expect(&p->index, hashes[n++]);
	}
}

static struct policy_list *
find_list(const struct policy *p, uint32_t place)
{
	size_t i = p->list_count - 1;

	while (p->lists[i].base > place)
		i--;
	return &p->lists[i];
}

/* --- which lists count ---------------------------------------------------------------------------- */

/* Local time, so that "21:00" is 21:00 in summer and in winter. */
static bool
is_within(const struct config_hours *h, const struct tm *tm)
{
	int now = tm->tm_hour * 60 + tm->tm_min, yesterday = (tm->tm_wday + 6) % 7;
	bool begins = (h->days >> tm->tm_wday & 1) != 0, began = (h->days >> yesterday & 1) != 0;

	if (h->to > h->from)
		return begins && now >= h->from && now < h->to;
	return (begins && now >= h->from) || (began && now < h->to);
}

static bool
is_on(const struct config_list *l, const struct tm *tm)
{
	bool on = l->hours_count == 0;

	for (size_t i = 0; i < l->hours_count && !on; i++)
		on = is_within(&l->hours[i], tm);
	return on;
}

/* The lists, a bit each, that are within their hours. */
static uint64_t
lists_on(const struct policy *p, int64_t now)
{
	time_t t = (time_t)now;
	struct tm tm;
	uint64_t on = 0;
	bool known = false;

	for (size_t i = 0; i < p->list_count; i++) {
		if (p->lists[i].config.hours_count > 0 && !known) {
			known = true;
			if (localtime_r(&t, &tm) == NULL)
				memset(&tm, 0, sizeof tm);
		}
		if (p->lists[i].config.hours_count == 0 || is_on(&p->lists[i].config, &tm))
			on |= UINT64_C(1) << i;
	}
	return on;
}

static bool
names_client(const struct config_list *l, const struct net_addr *client)
{
	for (size_t i = 0; i < l->client_count; i++)
		if (net_range_has(&l->clients[i], client))
			return true;
	return false;
}

/* Of the lists that are on: those for this client, and those for everyone. */
static void
sort_lists(const struct policy *p, const struct policy_client *client, uint64_t *own,
	uint64_t *everyones)
{
	uint64_t on = lists_on(p, client->now);

	*own = *everyones = 0;
	for (size_t i = 0; i < p->list_count; i++) {
		const struct config_list *l = &p->lists[i].config;
		uint64_t bit = on & UINT64_C(1) << i;

		if (l->client_count == 0)
			*everyones |= bit;
		else if (names_client(l, &client->addr))
			*own |= bit;
	}
}

bool
policy_hours_turned(struct policy *p, int64_t now)
{
	uint64_t on = lists_on(p, now);
	bool turned = on != p->on;

	p->on = on;
	return turned;
}

/* --- finding -------------------------------------------------------------------------------------- */

/* A rule that matches. */
struct match {
	struct policy_list *list; /* NULL: none yet */
	uint32_t at;              /* in its file */
	enum config_action action;
	size_t path_len;
	unsigned depth; /* the step of the walk that found it: less is stronger */
	bool unread;    /* by its hash alone: the file has changed */
};

/* What is looked for, and the strongest that was found. */
struct query {
	struct policy *p;
	const char *host;
	uint32_t hashes[LABELS_MOST]; /* of host, its parent, its parent's parent ... */
	struct net_range address;     /* base.family 0: host is a name */
	const char *path;             /* NULL: host rules only */
	size_t path_len;
	uint64_t lists; /* those that count in this walk */
	unsigned depth;
	struct match best;
	struct match *all; /* NULL, or room for all_room matches: go on after the best */
	size_t all_room, all_count;
};

/* Once a list: what happened to its file, and what that means until the reload which this asks for. */
static void
note_change(struct policy *p, struct policy_list *l, const char *text)
{
	if (l->changed)
		return;
	l->changed = true;
	p->wants_reload = true;
	log_line(LOG_LEVEL_WARN, "list '%s', %s: %s", l->config.name, l->config.file, text);
}

/* Is what was just read what was loaded?  Asked after reading: a change in between must not go unseen. */
static bool
is_as_loaded(struct policy *p, struct policy_list *l)
{
	switch (source_check(&l->source)) {
	case SOURCE_SAME: return true;
	case SOURCE_GONE:
		note_change(p, l, "replaced or deleted; what was loaded counts until the reload");
		return true;
	case SOURCE_CHANGED: break;
	}
	note_change(p, l,
		l->config.action == CONFIG_BLOCK
			? "changed since it was loaded; blocks unread until the reload"
			: "changed since it was loaded; does not count until the reload");
	return false;
}

static bool
is_stronger(const struct match *a, const struct match *b)
{
	if (b->list == NULL || a->depth != b->depth)
		return b->list == NULL || a->depth < b->depth;
	if (a->path_len != b->path_len)
		return a->path_len > b->path_len;
	return a->action > b->action;
}

static void
offer(struct query *q, const struct match *m)
{
	if (q->all != NULL && q->all_count < q->all_room)
		q->all[q->all_count++] = *m;
	if (is_stronger(m, &q->best))
		q->best = *m;
}

/* One step of a walk. */
struct target {
	const char *host; /* NULL: range counts */
	struct net_range range;
	bool with_path; /* rules with a path, or only those without */
};

static bool
is_wanted(const struct query *q, const struct list_rule *r, const struct target *want)
{
	if (r->is_address != (want->host == NULL) || (r->path != NULL) != want->with_path)
		return false;
	if (r->is_address ? r->range.bits != want->range.bits ||
				    !net_addr_same(&r->range.base, &want->range.base)
			  : strcmp(r->host, want->host) != 0)
		return false;
	return r->path == NULL || list_matches_path(r, q->path, q->path_len);
}

/* Reads the line that an entry points to, and offers what matches in it. */
static void
try_place(struct query *q, const struct target *want, uint32_t place)
{
	struct policy_list *l = find_list(q->p, place);
	struct match m = { .list = l, .at = place - l->base, .depth = q->depth };
	const char *text;
	struct list_line line;
	struct list_rule r;
	enum list_kind kind;
	bool intact;
	size_t len;

	if ((q->lists >> (l - q->p->lists) & 1) == 0)
		return;
	text = source_line(&q->p->window, &l->source, m.at, &len);
	intact = is_as_loaded(q->p, l);
	if (intact && text == NULL)
		note_change(q->p, l, "can't be read any more");
	if (!intact || text == NULL) {
		m.unread = true;
		m.action = CONFIG_BLOCK;
		if (l->config.action == CONFIG_BLOCK)
			offer(q, &m);
		return;
	}
	list_init(&line, text, len);
	while ((kind = list_next(&line, &r)) != LIST_END) {
		if (kind != LIST_RULE || !is_wanted(q, &r, want))
			continue;
		m.action = r.except ? CONFIG_ALLOW : l->config.action;
		m.path_len = r.path_len;
		offer(q, &m);
	}
}

/* All rules of one length. */
static void
try_rules(struct query *q, const struct target *want, uint32_t hash)
{
	const struct index *x = &q->p->index;

	if (want->with_path)
		hash ^= PATH_MARK;
	q->depth++;
	for (size_t i = index_find(x, hash, 0); i < x->count && index_hash(x, i) == hash; i++)
		try_place(q, want, index_place(x, i));
}

static bool
is_settled(const struct query *q)
{
	return q->best.list != NULL && q->all == NULL;
}

/* The host, its parent, its parent's parent: at each first paths, then the host itself. */
static void
walk_name(struct query *q)
{
	struct target want = { .host = q->host };

	for (size_t i = 0; i < LABELS_MOST && want.host != NULL && !is_settled(q); i++) {
		want.with_path = true;
		if (q->path != NULL && q->p->has_paths)
			try_rules(q, &want, q->hashes[i]);
		want.with_path = false;
		if (!is_settled(q))
			try_rules(q, &want, q->hashes[i]);
		want.host = name_parent(want.host);
	}
}

static void
clear_host_bits(struct net_range *r)
{
	for (unsigned i = r->bits; i < 8 * sizeof r->base.ip; i++)
		r->base.ip[i / 8] &= (uint8_t) ~(0x80 >> i % 8);
}

/* The address, then the ranges around it, of the lengths that occur. */
static void
walk_address(struct query *q)
{
	struct target want = { .range = q->address, .with_path = true };
	const uint8_t *used = q->p->used.bits[q->address.base.family == 6];

	if (q->path != NULL && q->p->has_paths)
		try_rules(q, &want, hash_range(q->p, &want.range));
	want.with_path = false;
	for (int bits = q->address.bits; bits >= 0 && !is_settled(q); bits--) {
		if ((used[bits / 8] >> bits % 8 & 1) == 0)
			continue;
		want.range.bits = (uint8_t)bits;
		clear_host_bits(&want.range);
		try_rules(q, &want, hash_range(q->p, &want.range));
	}
}

static void
walk(struct query *q, uint64_t lists)
{
	q->lists = lists;
	if (lists == 0 || is_settled(q))
		return;
	if (q->address.base.family != 0)
		walk_address(q);
	else
		walk_name(q);
}

static void
run_query(struct query *q, const struct policy_client *client)
{
	size_t len = strlen(q->host);
	uint64_t own, everyones;

	if (len >= NAME_MAX_TEXT || q->p->index.count == 0)
		return;
	sort_lists(q->p, client, &own, &everyones);
	if (net_addr_parse(&q->address.base, q->host, len) == 0)
		q->address.bits = q->address.base.family == 4 ? 32 : 128;
	else
		hash_names(q->p, q->host, q->hashes);
	walk(q, own);
	walk(q, everyones);
}

/* --- verdicts ------------------------------------------------------------------------------------- */

/* The text of a rule's line, runs of blanks as one. */
static void
copy_rule(struct policy *p, const struct match *m, char out[POLICY_RULE])
{
	size_t len = 0, n = 0;
	const char *text = source_line(&p->window, &m->list->source, m->at, &len);
	bool blank = false;

	for (size_t i = 0; text != NULL && i < len && n + 2 < POLICY_RULE; i++) {
		if (memchr(" \t\r", text[i], 3) != NULL) {
			blank = n > 0;
			continue;
		}
		if (blank)
			out[n++] = ' ';
		out[n++] = text[i];
		blank = false;
	}
	out[n] = '\0';
	if (n >= 3 && memcmp(out, "\xef\xbb\xbf", 3) == 0) /* a byte order mark */
		memmove(out, out + 3, n - 2);
}

static void
describe(struct policy *p, const struct match *m, struct verdict *out)
{
	memset(out, 0, sizeof *out);
	out->inspect = p->inspect;
	if (m->list == NULL)
		return;
	out->decided = true;
	out->action = m->action;
	out->block = m->action == CONFIG_BLOCK;
	if (m->action == CONFIG_INSPECT || m->action == CONFIG_TUNNEL)
		out->inspect = m->action == CONFIG_INSPECT;
	out->list = m->list->config.name;
	out->file = m->list->config.file;
	if (m->unread)
		return;
	out->line = source_line_number(&m->list->source, m->at);
	copy_rule(p, m, out->rule);
}

void
policy_judge_host(
	struct policy *p, const struct policy_client *client, const char *host, struct verdict *out)
{
	struct query q = { .p = p, .host = host };

	run_query(&q, client);
	describe(p, &q.best, out);
}

void
policy_judge_url(struct policy *p, const struct policy_client *client, const char *host,
	const char *path, size_t path_len, struct verdict *out)
{
	struct query q = { .p = p, .host = host, .path = path, .path_len = path_len };

	run_query(&q, client);
	describe(p, &q.best, out);
}

const struct verdict *
policy_stricter(const struct verdict *a, const struct verdict *b)
{
	if (a->block != b->block)
		return a->block ? a : b;
	return b->inspect && !a->inspect ? b : a;
}

char *
policy_verdict_text(const struct verdict *v, char out[POLICY_TEXT])
{
	if (!v->decided)
		snprintf(out, POLICY_TEXT, "no rule");
	else if (v->line == 0)
		snprintf(out, POLICY_TEXT, "list '%s', %s, which has changed since it was loaded",
			v->list, v->file);
	else
		snprintf(out, POLICY_TEXT, "list '%s', %s:%u: %s", v->list, v->file, v->line,
			v->rule);
	return out;
}

/* --- loading -------------------------------------------------------------------------------------- */

enum build_phase { BUILD_READ, BUILD_SORT, BUILD_FOLD };

/* A rule of which it is to be seen whether it is needed. */
struct fold {
	struct policy_list *list; /* NULL: none */
	uint32_t place;
	struct list_rule rule;
	uint32_t hashes[LABELS_MOST];
};

struct policy_build {
	struct policy *p;
	struct fold folds[2]; /* FOLD: one to read into, and the one before it */
	unsigned fold;
	enum build_phase phase;
	size_t list; /* READ, FOLD: the list at work */
	struct source_reader reader;
	struct index_sort *sort;
	unsigned memory_kib;
	size_t most;           /* entries that may be held */
	size_t over;           /* entries past that: counted to say what would be needed ... */
	const char *too_large; /* ... and the list that was the first to pass it */
};

size_t
policy_bytes(const struct policy *p)
{
	if (p == NULL)
		return 0;
	size_t bytes = sizeof *p + p->list_count * sizeof *p->lists + index_bytes(&p->index);

	for (size_t i = 0; i < p->list_count; i++)
		bytes += source_bytes(&p->lists[i].source);
	return bytes;
}

void
policy_free(struct policy *p)
{
	if (p == NULL)
		return;
	for (size_t i = 0; i < p->list_count; i++)
		source_close(&p->lists[i].source);
	index_free(&p->index);
	free(p->lists);
	free(p);
}

void
policy_build_cancel(struct policy_build *b)
{
	if (b == NULL)
		return;
	policy_free(b->p);
	index_sort_free(b->sort);
	free(b);
}

/* A key that no list's author and no client can know.  Returns 0 or -1. */
static int
draw_key(struct siphash_key *key)
{
	int fd = open("/dev/urandom", O_RDONLY | O_CLOEXEC);
	bool good = fd >= 0 && read(fd, key, sizeof *key) == (ssize_t)sizeof *key;

	if (fd >= 0)
		close(fd);
	return good ? 0 : -1;
}

/* Opens the list files and lays them one after the other. */
static int
open_lists(struct policy *p, const struct config *c, char *err, size_t cap)
{
	uint64_t base = 0;

	for (size_t i = 0; i < c->list_count; i++) {
		struct policy_list *l = &p->lists[i];

		l->config = c->lists[i];
		if (source_open(&l->source, l->config.file) != 0) {
			explain(err, cap, "%s:%u: list '%s': %s: %s", c->file, l->config.line,
				l->config.name, l->config.file,
				errno == EINVAL ? "this is no regular file" : strerror(errno));
			return -1;
		}
		p->list_count++;
		l->base = (uint32_t)base;
		base += (uint64_t)l->source.size + 1;
		if (base > UINT32_MAX) {
			explain(err, cap, "list '%s': %s: all lists together pass 4 GiB",
				l->config.name, l->config.file);
			return -1;
		}
	}
	return 0;
}

static size_t
entries_allowed(const struct config *c, size_t held)
{
	size_t room = (size_t)c->memory_kib * 1024 / SHARE;

	/* After memory_kib became smaller old and new stay within twice the share all the same. */
	if (held > room + BESIDE)
		room = held < 2 * room ? 2 * room - held : 0;
	return room / ENTRY;
}

struct policy_build *
policy_build_start(const struct config *c, size_t held, char *err, size_t errcap)
{
	struct policy_build *b = calloc(1, sizeof *b);
	struct policy *p = calloc(1, sizeof *p);
	static uint32_t generation;

	if (b == NULL || p == NULL) {
		free(b);
		free(p);
		explain(err, errcap, "no memory for the lists");
		return NULL;
	}
	b->p = p;
	b->memory_kib = c->memory_kib;
	b->most = entries_allowed(c, held);
	p->generation = ++generation;
	p->inspect = c->inspect;
	p->lists = calloc(c->list_count + 1, sizeof *p->lists);
	if (p->lists == NULL || draw_key(&p->key) != 0)
		explain(err, errcap, "%s",
			p->lists == NULL ? "no memory for the lists"
					 : "/dev/urandom can't be read");
	else if (open_lists(p, c, err, errcap) == 0) {
		tzset(); /* the zone may have been set since */
		if (p->list_count > 0)
			source_rewind(&b->reader, &p->lists[0].source);
		return b;
	}
	policy_build_cancel(b);
	return NULL;
}

static int
add_rule(struct policy_build *b, struct policy_list *l, const struct list_rule *r, uint32_t at)
{
	struct policy *p = b->p;

	l->rules++;
	if (p->index.count >= b->most) {
		b->over++;
		if (b->too_large == NULL)
			b->too_large = l->config.name;
		return 0;
	}
	if (r->path != NULL)
		p->has_paths = true;
	if (r->is_address)
		p->used.bits[r->range.base.family == 6][r->range.bits / 8] |=
			(uint8_t)(1 << r->range.bits % 8);
	return index_add(&p->index, hash_rule(p, r), l->base + at);
}

static int
read_line(struct policy_build *b, struct policy_list *l, const char *text, size_t len, uint32_t at,
	unsigned number)
{
	struct list_line line;
	struct list_rule r;
	enum list_kind kind;

	list_init(&line, text, len);
	while ((kind = list_next(&line, &r)) != LIST_END) {
		if (kind == LIST_RULE && add_rule(b, l, &r, at) != 0)
			return -1;
		if (kind != LIST_RULE && l->bad[kind]++ == 0)
			l->first[kind] = number;
	}
	return 0;
}

/* --- folding: what can be left out without changing any verdict ----------------------------------- */

/* Is there a line of list l at `place` with this very rule? */
static bool
is_same_rule(
	struct policy_build *b, struct policy_list *l, uint32_t place, const struct list_rule *r)
{
	struct list_line line;
	struct list_rule other;
	enum list_kind kind;
	const char *text;
	size_t len;

	if (place < l->base || place - l->base >= l->source.size)
		return false;
	text = source_line(&b->p->window, &l->source, place - l->base, &len);
	if (text == NULL)
		return false;
	list_init(&line, text, len);
	while ((kind = list_next(&line, &other)) != LIST_END)
		if (kind == LIST_RULE && other.except == r->except && other.path == NULL &&
			other.is_address == r->is_address &&
			(r->is_address ? other.range.bits == r->range.bits &&
						 net_addr_same(&other.range.base, &r->range.base)
				       : strcmp(other.host, r->host) == 0))
			return true;
	return false;
}

/* Does every entry of this hash say what r says, in the same list? */
static bool
is_alone(struct policy_build *b, struct policy_list *l, const struct list_rule *r, uint32_t hash)
{
	const struct index *x = &b->p->index;
	size_t i = index_find(x, hash, 0), n = 0;

	for (; i < x->count && index_hash(x, i) == hash; i++)
		if (++n > ALIKE_MOST || !is_same_rule(b, l, index_place(x, i), r))
			return false;
	return n > 0;
}

static bool
has_hash(const struct policy *p, uint32_t hash)
{
	size_t i = index_find(&p->index, hash, 0);

	return i < p->index.count && index_hash(&p->index, i) == hash;
}

/* Does a rule for `parent` stand in for r, which is the only one of its hash? */
static bool
stands_in(struct policy_build *b, struct policy_list *l, const char *parent, uint32_t above,
	const struct list_rule *r, uint32_t hash)
{
	struct list_rule want = { .except = r->except };

	memcpy(want.host, parent, strlen(parent) + 1);
	return is_alone(b, l, &want, above) && is_alone(b, l, r, hash);
}

/*
 * A host whose parent is in the same list with the same effect is not needed, if nothing else speaks about
 * any name from the host up to that parent: another list's rule in between would begin to decide.  Where
 * hashes collide by chance the host stays.
 */
static bool
is_covered(struct policy_build *b, struct policy_list *l, const struct list_rule *r,
	const uint32_t hashes[LABELS_MOST])
{
	const char *parent = name_parent(r->host);

	for (size_t i = 1; parent != NULL && i < LABELS_MOST; parent = name_parent(parent), i++) {
		if (b->p->has_paths && has_hash(b->p, hashes[i] ^ PATH_MARK))
			return false;
		if (has_hash(b->p, hashes[i]))
			return stands_in(b, l, parent, hashes[i], r, hashes[0]);
	}
	return false;
}

/* Is the same rule in an earlier line of this list? */
static bool
is_repeated(struct policy_build *b, struct policy_list *l, const struct list_rule *r, uint32_t hash,
	uint32_t place)
{
	const struct index *x = &b->p->index;
	size_t i = index_find(x, hash, l->base);

	for (size_t n = 0; n < ALIKE_MOST && i < x->count && index_hash(x, i) == hash; n++, i++) {
		if (index_place(x, i) >= place)
			break;
		if (is_same_rule(b, l, index_place(x, i), r))
			return true;
	}
	return false;
}

static void
fold_rule(struct policy_build *b, struct fold *f)
{
	const struct list_rule *r = &f->rule;

	if (f->list != NULL && (is_repeated(b, f->list, r, f->hashes[0], f->place) ||
				       (!r->is_address && is_covered(b, f->list, r, f->hashes))))
		index_mark(b->sort, index_find(&b->p->index, f->hashes[0], f->place));
	f->list = NULL;
}

/* A rule is looked at when the next one has been read: by then the memory that it needs has come. */
static void
fold_line(struct policy_build *b, struct policy_list *l, const char *text, size_t len, uint32_t at)
{
	struct list_line line;
	enum list_kind kind;
	struct fold *f = &b->folds[b->fold];

	list_init(&line, text, len);
	while ((kind = list_next(&line, &f->rule)) != LIST_END) {
		if (kind != LIST_RULE || f->rule.path != NULL)
			continue;
		if (f->rule.is_address)
			f->hashes[0] = hash_range(b->p, &f->rule.range);
		else
			hash_names(b->p, f->rule.host, f->hashes);
		f->list = l;
		f->place = l->base + at;
		b->fold ^= 1;
		f = &b->folds[b->fold];
		fold_rule(b, f);
	}
}

/* --- the build, step by step ---------------------------------------------------------------------- */

/* Some lines of the list at work, for reading or for folding.  1: all lists are done, 0: again, -1: failed. */
static int
step_lines(struct policy_build *b, char *err, size_t cap)
{
	struct policy *p = b->p;
	struct policy_list *l = &p->lists[b->list];
	const char *text;
	uint32_t at;
	unsigned number;
	size_t len;
	int got = 0;

	for (int i = 0; i < SLICE_LINES && b->list < p->list_count; i++) {
		got = source_next(&b->reader, &text, &len, &at, &number);
		if (got <= 0)
			break;
		if (b->phase == BUILD_FOLD)
			fold_line(b, l, text, len, at);
		else if (read_line(b, l, text, len, at, number) != 0) {
			explain(err, cap, "list '%s': no memory left", l->config.name);
			return -1;
		}
	}
	if (got < 0) {
		explain(err, cap, "list '%s': %s: %s", l->config.name, l->config.file,
			strerror(errno));
		return -1;
	}
	if (got == 0 && b->list < p->list_count && ++b->list < p->list_count)
		source_rewind(&b->reader, &p->lists[b->list].source);
	return b->list == p->list_count;
}

static void
rewind_lists(struct policy_build *b, enum build_phase phase)
{
	b->phase = phase;
	b->list = 0;
	if (b->p->list_count > 0)
		source_rewind(&b->reader, &b->p->lists[0].source);
}

static int
refuse_size(const struct policy_build *b, char *err, size_t cap)
{
	size_t all = b->p->index.count + b->over;

	explain(err, cap,
		"list '%s' is too large: %lu rules in all lists need memory_kib %lu, and it is %u",
		b->too_large, (unsigned long)all,
		(unsigned long)(((uint64_t)all * ENTRY * SHARE + 1023) / 1024), b->memory_kib);
	return -1;
}

/* What was not understood, in one line a list. */
static void
report_list(const struct policy_list *l)
{
	char text[512];
	size_t len = 0;

	text[0] = '\0';
	for (int k = 0; k < LIST_KINDS; k++)
		if (l->bad[k] > 0 && len < sizeof text)
			len += (size_t)snprintf(text + len, sizeof text - len,
				"%s%lu %s (first in line %u)", len > 0 ? ", " : "",
				(unsigned long)l->bad[k], list_kind_text((enum list_kind)k),
				l->first[k]);
	if (len > 0)
		log_line(LOG_LEVEL_WARN, "list '%s', %s: %lu rules; not used: %s", l->config.name,
			l->config.file, (unsigned long)l->rules, text);
	else
		log_line(LOG_LEVEL_INFO, "list '%s', %s: %lu rules", l->config.name, l->config.file,
			(unsigned long)l->rules);
}

/* The end: the files must be what they were when they were opened. */
static int
finish(struct policy_build *b, char *err, size_t cap)
{
	struct policy *p = b->p;

	for (size_t i = 0; i < p->list_count; i++) {
		if (source_check(&p->lists[i].source) == SOURCE_CHANGED) {
			explain(err, cap, "list '%s': %s changed while it was read",
				p->lists[i].config.name, p->lists[i].config.file);
			return -1;
		}
		report_list(&p->lists[i]);
	}
	index_drop_marked(b->sort);
	p->on = lists_on(p, (int64_t)time(NULL));
	return 1;
}

/* A small step. 1: all is done, 0: again, -1: failed. */
static int
step_build(struct policy_build *b, char *err, size_t cap)
{
	int done;

	switch (b->phase) {
	case BUILD_READ:
		done = step_lines(b, err, cap);
		if (done <= 0)
			return done;
		if (b->over > 0)
			return refuse_size(b, err, cap);
		b->sort = index_sort_new(&b->p->index);
		if (b->sort == NULL) {
			explain(err, cap, "no memory to sort the lists");
			return -1;
		}
		b->phase = BUILD_SORT;
		return 0;
	case BUILD_SORT:
		if (index_sort_step(b->sort) != 0)
			rewind_lists(b, BUILD_FOLD);
		return 0;
	case BUILD_FOLD:
		done = step_lines(b, err, cap);
		if (done <= 0)
			return done;
		fold_rule(b, &b->folds[b->fold ^ 1]);
		return finish(b, err, cap);
	}
	return -1;
}

int
policy_build_step(struct policy_build *b, int ms, struct policy **out, char *err, size_t errcap)
{
	int64_t until = wait_clock() + ms;
	int done;

	do
		done = step_build(b, err, errcap);
	while (done == 0 && wait_clock() < until);
	if (done > 0) {
		*out = b->p;
		b->p = NULL;
	}
	if (done != 0)
		policy_build_cancel(b);
	return done;
}

struct policy *
policy_load(const struct config *c, char *err, size_t errcap)
{
	struct policy_build *b = policy_build_start(c, 0, err, errcap);
	struct policy *p = NULL;

	while (b != NULL && policy_build_step(b, 1000, &p, err, errcap) == 0)
		;
	return p;
}

uint32_t
policy_generation(const struct policy *p)
{
	return p->generation;
}

bool
policy_wants_reload(struct policy *p)
{
	bool wants = p->wants_reload;

	p->wants_reload = false;
	return wants;
}

/* --- sluice -t and sluice why --------------------------------------------------------------------- */

enum { WARN_MOST = 8, MATCHES_MOST = 64 };

static const char *const action_texts[] = { "block", "inspect", "tunnel", "allow" };

/* Warns of one rule with a path, if its host is not inspected.  Returns 1 if it did. */
static int
warn_rule(struct policy *p, const struct policy_list *l, const struct list_rule *r, unsigned line,
	bool silent)
{
	struct policy_client client = { .now = (int64_t)time(NULL) };
	char host[NET_ADDR_TEXT], why[POLICY_TEXT];
	struct verdict v;

	if (l->config.client_count > 0)
		client.addr = l->config.clients[0].base;
	if (r->is_address)
		net_addr_format(host, &r->range.base, false);
	policy_judge_host(p, &client, r->is_address ? host : r->host, &v);
	if (v.block || v.inspect)
		return 0;
	if (!silent)
		fprintf(stderr,
			"%s:%u: a rule with a path needs inspection, and %s is not inspected "
			"(%s)\n",
			l->config.file, line, r->is_address ? host : r->host,
			v.decided ? policy_verdict_text(&v, why) : "option inspect '0'");
	return 1;
}

static void
warn_list(struct policy *p, struct policy_list *l)
{
	struct source_reader reader;
	struct list_line line;
	struct list_rule r;
	enum list_kind kind;
	const char *text;
	size_t len, warned = 0;
	uint32_t at;
	unsigned number;

	source_rewind(&reader, &l->source);
	while (source_next(&reader, &text, &len, &at, &number) > 0) {
		list_init(&line, text, len);
		while ((kind = list_next(&line, &r)) != LIST_END)
			if (kind == LIST_RULE && r.path != NULL)
				warned += (size_t)warn_rule(p, l, &r, number, warned >= WARN_MOST);
	}
	if (warned > WARN_MOST)
		fprintf(stderr, "%s: and %lu more such rules\n", l->config.file,
			(unsigned long)(warned - WARN_MOST));
}

void
policy_warn(struct policy *p)
{
	for (size_t i = 0; p->has_paths && i < p->list_count; i++)
		warn_list(p, &p->lists[i]);
}

/* What `sluice why` was asked about. */
struct question {
	char host[NAME_MAX_TEXT];
	const char *path; /* NULL: none was given */
	bool plain;       /* http:// */
	uint16_t port;
};

/* [http[s]://]host[:port][/path].  Returns 0 or -1. */
static int
parse_question(struct question *u, const char *url)
{
	struct net_addr a = { 0 };
	char text[NET_ADDR_TEXT];
	size_t len, colon;

	u->plain = strncasecmp(url, "http://", 7) == 0;
	if (u->plain || strncasecmp(url, "https://", 8) == 0)
		url += u->plain ? 7 : 8;
	len = strcspn(url, "/?#");
	u->path = url[len] == '/' ? url + len : NULL;
	u->port = u->plain ? 80 : 443;
	if (net_addr_parse_port(&a, url, len) == 0 || net_addr_parse(&a, url, len) == 0 ||
		(len > 2 && url[0] == '[' && url[len - 1] == ']' &&
			net_addr_parse(&a, url + 1, len - 2) == 0)) {
		net_addr_format(text, &a, false);
		memcpy(u->host, text, strlen(text) + 1);
		u->port = a.port != 0 ? a.port : u->port;
		return 0;
	}
	colon = strcspn(url, ":");
	if (colon < len) {
		u->port = (uint16_t)strtoul(url + colon + 1, NULL, 10);
		len = colon;
	}
	return name_normalise(u->host, url, len) > 0 ? 0 : -1;
}

static const char *
verdict_word(const struct verdict *v, bool plain)
{
	if (v->block || plain)
		return v->block ? "blocked" : "allowed";
	return v->inspect ? "allowed, inspected" : "allowed, not inspected";
}

/* Why a match did not decide. */
static const char *
tell_loss(const struct match *m, const struct match *best)
{
	if ((m->list->config.client_count > 0) != (best->list->config.client_count > 0))
		return "a list that names the client goes first";
	if (m->depth != best->depth)
		return "a shorter match";
	if (m->path_len != best->path_len)
		return "a shorter path";
	return m->action != best->action ? "weaker at the same length" : "a later line";
}

static void
print_match(struct policy *p, const char *label, const struct match *m, const char *note)
{
	struct verdict v;
	char text[POLICY_TEXT];

	describe(p, m, &v);
	printf("  %-12s %s (%s%s%s)\n", label, policy_verdict_text(&v, text),
		action_texts[m->action], note != NULL ? "; " : "", note != NULL ? note : "");
}

/* Prints everything that speaks about this host or URL, the deciding rule first. */
static void
print_matches(
	struct policy *p, const struct policy_client *client, const char *host, const char *path)
{
	struct match all[MATCHES_MOST], best;
	struct query q = { .p = p,
		.host = host,
		.path = path,
		.path_len = path != NULL ? strlen(path) : 0,
		.all = all,
		.all_room = MATCHES_MOST };
	uint64_t own, everyones, on = lists_on(p, client->now);
	size_t counted;

	run_query(&q, client);
	best = q.best;
	counted = q.all_count;
	sort_lists(p, client, &own, &everyones);
	if (p->index.count > 0)
		walk(&q, ~(own | everyones));
	if (best.list != NULL)
		print_match(p, "decided by", &best, NULL);
	else
		printf("  %-12s no rule; option inspect '%d'\n", "decided by", p->inspect);
	for (size_t i = 0; i < q.all_count; i++) {
		bool is_best = all[i].list == best.list && all[i].at == best.at && i < counted &&
			       all[i].depth == best.depth;

		if (i < counted && !is_best)
			print_match(p, "lost", &all[i], tell_loss(&all[i], &best));
		else if (i >= counted)
			print_match(p, "not counted", &all[i],
				(on >> (all[i].list - p->lists) & 1) == 0 ? "outside its hours"
									  : "for other clients");
	}
}

static bool
has_port(const uint16_t *ports, size_t count, uint16_t port)
{
	for (size_t i = 0; i < count; i++)
		if (ports[i] == port)
			return true;
	return false;
}

static const char *
invalid_text(enum config_invalid invalid)
{
	switch (invalid) {
	case CONFIG_INVALID_BLOCK: break;
	case CONFIG_INVALID_UNTRUSTED: return "signed with an untrusted key: the browser warns";
	case CONFIG_INVALID_TUNNEL: return "passed through unopened: the browser sees the bad one";
	case CONFIG_INVALID_ALLOW: return "accepted all the same";
	}
	return "a page that names the reason";
}

/* The three moments at which the proxy decides. */
static void
print_stages(const struct config *c, const struct question *u, const struct verdict *host,
	const struct verdict *request)
{
	if (u->plain) {
		printf("  %-12s not used by http\n  %-12s none\n", "CONNECT", "certificate");
	} else if (host->block) {
		printf("  %-12s accepted; the block page follows inside TLS\n"
		       "  %-12s one of this router's; the origin is not asked\n"
		       "  %-12s answered with the block page\n",
			"CONNECT", "certificate", "request");
		return;
	} else if (!host->inspect) {
		printf("  %-12s accepted and passed through unopened\n"
		       "  %-12s the origin's, checked by the client alone\n"
		       "  %-12s not seen; rules with a path can't apply\n",
			"CONNECT", "certificate", "request");
		return;
	} else {
		printf("  %-12s accepted; the origin is connected first\n"
		       "  %-12s the origin's is checked; good: a copy signed by this router; bad: "
		       "%s\n",
			"CONNECT", "certificate", invalid_text(c->invalid_upstream));
	}
	if (u->path == NULL && !u->plain)
		printf("  %-12s judged by its path\n", "request");
	else
		printf("  %-12s %s\n", "request",
			request->block ? "answered with the block page" : "passed on");
}

int
policy_why(struct policy *p, const struct config *c, const struct policy_client *client,
	const char *url)
{
	struct question u;
	struct verdict host, request;
	const char *path;
	bool ports_allow, by_path;

	if (parse_question(&u, url) != 0) {
		fprintf(stderr, "sluice: %s: expected HOST, HOST/PATH or a URL\n", url);
		return 2;
	}
	path = u.path != NULL ? u.path : "/";
	policy_judge_host(p, client, u.host, &host);
	policy_judge_url(p, client, u.host, path, strlen(path), &request);
	/* Over TLS the host is judged first, and what is blocked or tunnelled then has no path. */
	by_path = u.plain || (u.path != NULL && !host.block && host.inspect);
	if (!by_path)
		request = host;
	printf("%s%s: %s\n", u.host, u.path != NULL ? u.path : "", verdict_word(&request, u.plain));
	if (client->addr.family != 0 && !config_allows_client(c, &client->addr))
		printf("  %-12s this client may not use the proxy at all (list client)\n", "but");
	ports_allow = u.plain ? has_port(c->http_ports, c->http_port_count, u.port)
			      : has_port(c->connect_ports, c->connect_port_count, u.port);
	if (!ports_allow)
		printf("  %-12s port %u is refused (list %s)\n", "but", u.port,
			u.plain ? "http_port" : "connect_port");
	print_matches(p, client, u.host, by_path ? path : NULL);
	print_stages(c, &u, &host, &request);
	return 0;
}
