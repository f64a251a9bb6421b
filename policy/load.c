/*
 * load: reads the list files into the sorted index of a policy, in slices, so that a reload stops nobody.
 *
 * Three passes: read all rules, sort them, and read again to fold away those that change no verdict.  What
 * lists may take in memory is bounded; one that passes it is refused with the memory_kib that it would need.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "lib/base/log.h"
#include "lib/net/wait.h"
#include "policy/parts.h"

enum {
	ENTRY = 8,       /* bytes of index a rule */
	SHARE = 4,       /* the lists may take memory_kib / SHARE; see policy.h */
	BESIDE = 131072, /* bytes of a policy beside its index, at the very most */
	ALIKE_MOST = 8,  /* entries of one hash that folding looks at: bounds hostile lists */
	SLICE_LINES = 32 /* lines between two looks at the clock: 1 ms on a slow router */
};

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
	size_t most; /* entries that may be held */
	size_t over; /* entries past that: counted to say what would be needed ... */
	const struct policy_list *too_large; /* ... and the list that was the first to pass it */
	char config_file[CONFIG_PATH];       /* for sentences */
};

static void __attribute__((format(printf, 3, 4)))
explain(char *err, size_t cap, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	vsnprintf(err, cap, format, ap);
	va_end(ap);
}

size_t
policy_bytes(const struct policy *p)
{
	if (p == NULL)
		return 0;
	size_t bytes = sizeof *p + p->list_count * sizeof *p->lists + index_bytes(&p->index);

	for (size_t i = 0; i < p->list_count; i++)
		bytes += source_bytes(&p->lists[i].source);
	return bytes + (p->target != NULL ? POLICY_TARGET : 0);
}

void
policy_free(struct policy *p)
{
	if (p == NULL)
		return;
	for (size_t i = 0; i < p->list_count; i++)
		source_close(&p->lists[i].source);
	index_free(&p->index);
	free(p->target);
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

/* "file:line: list 'x': " and the sentence.  Returns -1. */
static int __attribute__((format(printf, 5, 6))) refuse_list(const char *config_file,
	const struct config_list *l, char *err, size_t cap, const char *format, ...)
{
	size_t used;
	va_list ap;

	explain(err, cap, "%s:%u: list '%s': ", config_file, l->file_line, l->name);
	used = strlen(err);
	va_start(ap, format);
	vsnprintf(err + used, cap - used, format, ap);
	va_end(ap);
	return -1;
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

/* Why a list can't be opened, for people.  Where a directory is closed to us, that is named: the file's own mode, at
 * which one looks first, may be as it should. */
static void
explain_open(const struct config *c, const struct config_list *l, int error, char *err, size_t cap)
{
	char dir[CONFIG_PATH], who[CONFIG_PATH + 64] = "";
	const char *slash = l->file;

	if (error == EACCES) {
		snprintf(who, sizeof who, " for uid %u, as which the lists are read",
			(unsigned)geteuid());
		while ((slash = strchr(slash + 1, '/')) != NULL) {
			snprintf(dir, sizeof dir, "%.*s", (int)(slash - l->file), l->file);
			if (access(dir, X_OK) != 0) {
				snprintf(who, sizeof who, ": uid %u may not enter %s",
					(unsigned)geteuid(), dir);
				break;
			}
		}
	}
	refuse_list(c->file, l, err, cap, "%s: %s%s", l->file,
		error == EINVAL ? "this is no regular file" : strerror(error), who);
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
			explain_open(c, &l->config, errno, err, cap);
			return -1;
		}
		p->list_count++;
		l->base = (uint32_t)base;
		base += (uint64_t)l->source.size + 1;
		if (base > UINT32_MAX)
			return refuse_list(c->file, &l->config, err, cap,
				"%s: all lists together pass 4 GiB", l->config.file);
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
	memcpy(b->config_file, c->file, sizeof b->config_file);
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
			b->too_large = l;
		return 0;
	}
	if (r->path_len > 0)
		p->has_paths = true;
	if (r->is_address)
		p->used.bits[r->range.base.family == 6][r->range.bits / 8] |=
			(uint8_t)(1 << r->range.bits % 8);
	return index_add(&p->index, policy_hash_rule(p, r), l->base + at);
}

/* A page in the place of a list: what a download leaves that went wrong. */
static bool
is_markup(const char *text, size_t len)
{
	size_t i = len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;

	while (i < len && memchr(" \t\r", text[i], 3) != NULL)
		i++;
	return i < len && text[i] == '<';
}

/* A rule for all names below one label: "facebook", where facebook.com is meant, or a top-level domain. */
static void
note_word(struct policy_list *l, const char *word, unsigned number)
{
	if (l->words++ > 0)
		return;
	l->first_word = number;
	snprintf(l->word, sizeof l->word, "%.63s", word);
}

static int
read_line(struct policy_build *b, struct policy_list *l, const char *text, size_t len, uint32_t at,
	unsigned number)
{
	struct list_line line;
	struct list_rule r;
	enum list_kind kind;

	if (number == 1)
		l->is_markup = is_markup(text, len);
	list_init(&line, text, len);
	while ((kind = list_next(&line, &r)) != LIST_END) {
		if (kind == LIST_RULE && add_rule(b, l, &r, at) != 0)
			return -1;
		if (kind == LIST_RULE && !r.is_address && strchr(r.host, '.') == NULL)
			note_word(l, r.host, number);
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
		if (kind == LIST_RULE && other.except == r->except && other.path_len == 0 &&
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
		if (kind != LIST_RULE || f->rule.path_len > 0)
			continue;
		if (f->rule.is_address)
			f->hashes[0] = policy_hash_range(b->p, &f->rule.range);
		else
			policy_hash_names(b->p, f->rule.host, f->hashes);
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
		else if (read_line(b, l, text, len, at, number) != 0)
			return refuse_list(b->config_file, &l->config, err, cap, "no memory left");
	}
	if (got < 0)
		return refuse_list(b->config_file, &l->config, err, cap, "%s: %s", l->config.file,
			strerror(errno));
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

	return refuse_list(b->config_file, &b->too_large->config, err, cap,
		"too large: %lu rules in all lists need memory_kib %lu, and it is %u",
		(unsigned long)all, (unsigned long)(((uint64_t)all * ENTRY * SHARE + 1023) / 1024),
		b->memory_kib);
}

/* Reports the lines that were not understood, in one line a list. */
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

/* Warns of rules that were understood, and still are hardly meant. */
static void
warn_list(const struct policy_list *l)
{
	if (l->is_markup)
		log_line(LOG_LEVEL_WARN,
			"list '%s', %s: this looks like HTML or XML, not like a list",
			l->config.name, l->config.file);
	else if (l->rules == 0)
		log_line(LOG_LEVEL_WARN, "list '%s', %s: there is no rule in it", l->config.name,
			l->config.file);
	if (l->words > 0)
		log_line(LOG_LEVEL_WARN,
			"list '%s', %s:%u: '%s' stands for every host below .%s; a site is written "
			"with "
			"its dots (%lu such rules)",
			l->config.name, l->config.file, l->first_word, l->word, l->word,
			(unsigned long)l->words);
}

/* The end: the files must be what they were when they were opened. */
static int
finish(struct policy_build *b, char *err, size_t cap)
{
	struct policy *p = b->p;

	for (size_t i = 0; i < p->list_count; i++) {
		if (source_check(&p->lists[i].source) == SOURCE_CHANGED)
			return refuse_list(b->config_file, &p->lists[i].config, err, cap,
				"%s changed while it was read", p->lists[i].config.file);
		report_list(&p->lists[i]);
		warn_list(&p->lists[i]);
	}
	if (p->has_paths && (p->target = malloc(POLICY_TARGET)) == NULL) {
		explain(err, cap, "no memory for the lists");
		return -1;
	}
	index_drop_marked(b->sort);
	p->on = policy_lists_on(p, (int64_t)time(NULL));
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
