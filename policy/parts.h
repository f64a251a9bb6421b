/*
 * parts: shared by policy.c, which finds and judges, load.c, which reads the lists, and why.c, which explains.
 *  Nobody else includes this.
 */
#ifndef POLICY_PARTS_H
#define POLICY_PARTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "lib/rules/index.h"
#include "lib/rules/list.h"
#include "lib/rules/name.h"
#include "lib/rules/path.h"
#include "lib/base/siphash.h"
#include "lib/rules/source.h"
#include "policy.h"

/* Rules with a path lie under another hash, so that no look-up of a host ever touches them. */
#define PATH_MARK UINT32_C(0x9e3779b9)

/* A host name has at most this many labels: each takes two bytes.  No more of other text is looked at. */
enum { LABELS_MOST = NAME_MAX_TEXT / 2 };

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
	bool is_markup;             /* it begins as HTML does */
	size_t words; /* rules for a name without a dot, the first of them and its line */
	unsigned first_word;
	char word[NAME_LABEL + 1];
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
	char *target; /* has_paths: POLICY_TARGET bytes for the reading that is being judged */
	struct source_window window;
};

/* --- hashes: of an address or range, of what a rule is about, of a name and its parents --- */

uint32_t policy_hash_range(const struct policy *p, const struct net_range *r);
uint32_t policy_hash_rule(const struct policy *p, const struct list_rule *r);
void policy_hash_names(const struct policy *p, const char *host, uint32_t hashes[LABELS_MOST]);

/* --- which lists count, a bit each --- */

/* Those within their hours; of these, those for this client and those for everyone. */
uint64_t policy_lists_on(const struct policy *p, int64_t now);
void policy_sort_lists(const struct policy *p, const struct policy_client *client, uint64_t *own,
	uint64_t *everyones);

/* --- finding --- */

/* A rule that matches. */
struct match {
	struct policy_list *list; /* NULL: none yet */
	uint32_t at;              /* in its file */
	enum config_action action;
	size_t path_len;
	unsigned depth; /* the step of the walk that found it: less is stronger */
	bool unread;    /* by its hash alone: the file has changed */
};

/* A search, and the strongest match that it found. */
struct query {
	struct policy *p;
	const char *host;             /* a name; counts when address.base.family is 0 */
	uint32_t hashes[LABELS_MOST]; /* of host, its parent, its parent's parent ... */
	struct net_range address;     /* an address; bits are set by policy_run_query */
	const char *path;             /* a reading (path.h); NULL: host rules only */
	size_t path_len;
	uint64_t lists; /* those that count in this walk */
	unsigned depth;
	struct match best;
	struct match *all; /* NULL, or room for all_room matches: go on after the best */
	size_t all_room, all_count;
};

/* The subject of a query: a name or an address in text; a reading of the target path[0..len), len at most
 * POLICY_TARGET, of a policy that has_paths. */
void policy_set_host(struct query *q, const char *host);
void policy_set_path(struct query *q, const char *path, size_t len, enum path_reading reading);

/* Walks the lists that count for the client; policy_walk: these lists, after that. */
void policy_run_query(struct query *q, const struct policy_client *client);
void policy_walk(struct query *q, uint64_t lists);

/* The verdict of a match (none: m->list is NULL). */
void policy_describe(struct policy *p, const struct match *m, struct verdict *out);

/* policy_judge_url for a policy that has_paths and a path of at most POLICY_TARGET bytes.  Returns the reading
 * that decided. */
enum path_reading policy_judge_readings(struct policy *p, const struct policy_client *client,
	const char *host, const char *path, size_t path_len, struct verdict *out);

#endif
