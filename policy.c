/*
 * policy: the lists of one configuration as one sorted index of hashes, and the verdicts from it.
 *
 * All list files lie one after the other in a space of 32-bit places; an entry says "at this place is a
 * line with a rule for something of this hash".  Memory holds no more.  A hit is confirmed by reading that
 * line again, so verdicts are exact, and name the line.  policy/load.c makes the index, policy/why.c explains
 * verdicts to people.  Nothing here ever writes, or waits.
 */
#include "policy.h"

#include <stdio.h>
#include <string.h>
#include <time.h>
#include "lib/base/log.h"
#include "policy/parts.h"

/* --- hashes --------------------------------------------------------------------------------------- */

static uint32_t
hash_host(const struct policy *p, const char *host)
{
	return siphash(&p->key, host, strlen(host));
}

/* No host name begins with a byte 4 or 6. */
uint32_t
policy_hash_range(const struct policy *p, const struct net_range *r)
{
	uint8_t text[18] = { r->base.family, r->bits };

	memcpy(text + 2, r->base.ip, sizeof r->base.ip);
	return siphash(&p->key, text, sizeof text);
}

uint32_t
policy_hash_rule(const struct policy *p, const struct list_rule *r)
{
	uint32_t hash = r->is_address ? policy_hash_range(p, &r->range) : hash_host(p, r->host);

	return r->path_len > 0 ? hash ^ PATH_MARK : hash;
}

/*
 * Hashes a name and its parents, and has memory fetched for all of them at once: waiting for it is most of
 * what a look-up costs.
 */
void
policy_hash_names(const struct policy *p, const char *host, uint32_t hashes[LABELS_MOST])
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
uint64_t
policy_lists_on(const struct policy *p, int64_t now)
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
void
policy_sort_lists(const struct policy *p, const struct policy_client *client, uint64_t *own,
	uint64_t *everyones)
{
	uint64_t on = policy_lists_on(p, client->now);

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
	uint64_t on = policy_lists_on(p, now);
	bool turned = on != p->on;

	p->on = on;
	return turned;
}

/* --- finding -------------------------------------------------------------------------------------- */

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
struct sought {
	const char *host; /* NULL: range counts */
	struct net_range range;
	bool with_path; /* rules with a path, or only those without */
};

static bool
is_wanted(const struct query *q, const struct list_rule *r, const struct sought *want)
{
	if (r->is_address != (want->host == NULL) || (r->path_len > 0) != want->with_path)
		return false;
	if (r->is_address ? r->range.bits != want->range.bits ||
				    !net_addr_same(&r->range.base, &want->range.base)
			  : strcmp(r->host, want->host) != 0)
		return false;
	return r->path_len == 0 || list_matches_path(r, q->path, q->path_len);
}

/* Reads the line that an entry points to, and offers what matches in it. */
static void
try_place(struct query *q, const struct sought *want, uint32_t place)
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
try_rules(struct query *q, const struct sought *want, uint32_t hash)
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
	struct sought want = { .host = q->host };

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
	struct sought want = { .range = q->address, .with_path = true };
	const uint8_t *used = q->p->used.bits[q->address.base.family == 6];

	if (q->path != NULL && q->p->has_paths)
		try_rules(q, &want, policy_hash_range(q->p, &want.range));
	want.with_path = false;
	for (int bits = q->address.bits; bits >= 0 && !is_settled(q); bits--) {
		if ((used[bits / 8] >> bits % 8 & 1) == 0)
			continue;
		want.range.bits = (uint8_t)bits;
		clear_host_bits(&want.range);
		try_rules(q, &want, policy_hash_range(q->p, &want.range));
	}
}

void
policy_walk(struct query *q, uint64_t lists)
{
	q->lists = lists;
	if (lists == 0 || is_settled(q))
		return;
	if (q->address.base.family != 0)
		walk_address(q);
	else
		walk_name(q);
}

void
policy_run_query(struct query *q, const struct policy_client *client)
{
	uint64_t own, everyones;

	if (q->p->index.count == 0)
		return;
	policy_sort_lists(q->p, client, &own, &everyones);
	if (q->address.base.family != 0)
		q->address.bits = q->address.base.family == 4 ? 32 : 128;
	else if (strlen(q->host) < NAME_MAX_TEXT)
		policy_hash_names(q->p, q->host, q->hashes);
	else
		return;
	policy_walk(q, own);
	policy_walk(q, everyones);
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

void
policy_describe(struct policy *p, const struct match *m, struct verdict *out)
{
	memset(out, 0, sizeof *out);
	out->inspect = p->inspect;
	if (m->list == NULL)
		return;
	out->decided = true;
	out->own = m->list->config.client_count > 0;
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

/* An address that a translator leads on from is judged together with the address behind it, or "64:ff9b::" before
 * a blocked one would be the way there. */
static void
judge_behind(const struct query *q, const struct policy_client *client, struct verdict *out)
{
	struct query behind = { .p = q->p, .path = q->path, .path_len = q->path_len };
	struct verdict v;

	behind.address.base = net_addr_unwrap(&q->address.base);
	if (net_addr_same(&behind.address.base, &q->address.base))
		return;
	policy_run_query(&behind, client);
	policy_describe(q->p, &behind.best, &v);
	*out = *policy_stricter(out, &v);
}

static void
judge(struct query *q, const struct policy_client *client, struct verdict *out)
{
	policy_run_query(q, client);
	policy_describe(q->p, &q->best, out);
	if (q->address.base.family == 6)
		judge_behind(q, client, out);
}

void
policy_set_host(struct query *q, const char *host)
{
	q->host = host;
	net_addr_parse(&q->address.base, host, strlen(host));
}

void
policy_judge_host(
	struct policy *p, const struct policy_client *client, const char *host, struct verdict *out)
{
	struct query q = { .p = p };

	policy_set_host(&q, host);
	judge(&q, client, out);
}

/* --- the readings of a URL ------------------------------------------------------------------------ */

/* One reading of a target; the text is the policy's until the next one. */
void
policy_set_path(struct query *q, const char *path, size_t len, enum path_reading reading)
{
	q->path = q->p->target;
	q->path_len = path_read(q->p->target, path, len, reading);
}

static bool
has_readings(struct policy *p, const char *path, size_t len)
{
	return path_read(p->target, path, len, PATH_AS_SENT) !=
	       path_read(p->target, path, len, PATH_AS_SERVLETS);
}

/*
 * Servers differ in what they make of dot segments, so the strictest reading decides: who is blocked from
 * /secret does not get it by "/open/..%2fsecret", nor by "/secret/x/../../open" from a server that never
 * resolves.  A browser's request has one reading, nearly always.
 */
enum path_reading
policy_judge_readings(struct policy *p, const struct policy_client *client, const char *host,
	const char *path, size_t path_len, struct verdict *out)
{
	unsigned most = has_readings(p, path, path_len) ? PATH_READINGS : 1, decisive = 0;

	for (unsigned i = 0; i < most && (i == 0 || !out->block); i++) {
		struct query q = { .p = p };
		struct verdict v;

		policy_set_host(&q, host);
		policy_set_path(&q, path, path_len, (enum path_reading)i);
		judge(&q, client, &v);
		if (i > 0 && !v.block)
			continue;
		*out = v;
		decisive = i;
	}
	return (enum path_reading)decisive;
}

void
policy_judge_url(struct policy *p, const struct policy_client *client, const char *host,
	const char *path, size_t path_len, struct verdict *out)
{
	if (!p->has_paths)
		policy_judge_host(p, client, host, out);
	else if (path_len <= POLICY_TARGET)
		policy_judge_readings(p, client, host, path, path_len, out);
	else
		*out = (struct verdict){ .block = true };
}

/* Any entry of these lists under a hash of rules with a path. */
static bool
has_path_rule(const struct policy *p, uint32_t hash, uint64_t lists)
{
	const struct index *x = &p->index;

	hash ^= PATH_MARK;
	for (size_t i = index_find(x, hash, 0); i < x->count && index_hash(x, i) == hash; i++)
		if (lists >> (find_list(p, index_place(x, i)) - p->lists) & 1)
			return true;
	return false;
}

bool
policy_has_url_rules(const struct policy *p, const struct policy_client *client, const char *host)
{
	uint32_t hashes[LABELS_MOST];
	struct net_range address = { .bits = 0 };
	uint64_t own, everyones;

	if (!p->has_paths || strlen(host) >= NAME_MAX_TEXT)
		return false;
	policy_sort_lists(p, client, &own, &everyones);
	if (net_addr_parse(&address.base, host, strlen(host)) == 0) {
		address.bits = address.base.family == 4 ? 32 : 128;
		return has_path_rule(p, policy_hash_range(p, &address), own | everyones);
	}
	policy_hash_names(p, host, hashes);
	for (size_t i = 0; i < LABELS_MOST && host != NULL; i++, host = name_parent(host))
		if (has_path_rule(p, hashes[i], own | everyones))
			return true;
	return false;
}

/* --- what a name resolves to ---------------------------------------------------------------------- */

/* An `allow` for the name is stronger than a block of its address, unless the block is this client's own. */
static bool
forbids_address(const struct verdict *address, const struct verdict *name)
{
	bool allowed = name->decided && name->action == CONFIG_ALLOW;

	return address->block && !(allowed && (name->own || !address->own));
}

size_t
policy_judge_addresses(struct policy *p, const struct policy_client *client, struct verdict *name,
	struct net_addr *addrs, size_t count)
{
	struct verdict v, blocked = { 0 }, inspected = { 0 };
	size_t kept = 0;

	if (name->block)
		return 0;
	for (size_t i = 0; i < count; i++) {
		struct query q = { .p = p, .address.base = addrs[i] };

		judge(&q, client, &v);
		if (forbids_address(&v, name)) {
			blocked = blocked.block ? blocked : v;
			continue;
		}
		if (v.decided && v.action == CONFIG_INSPECT && !inspected.inspect)
			inspected = v;
		addrs[kept++] = addrs[i];
	}
	if (count > 0 && kept == 0)
		*name = blocked;
	else if (!name->decided)
		*name = *policy_stricter(name, &inspected);
	return kept;
}

/* --- verdicts in words ---------------------------------------------------------------------------- */

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
