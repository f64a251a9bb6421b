/*
 * policy: may this client go there, and is it inspected?
 *
 * Owns the lists of one configuration, loaded: an index in memory, the list files held open.  A loaded
 * policy never changes; a reload builds a new one beside it and then replaces it.  No sockets, no TLS.
 *
 * Which rule decides: first the lists that name this client, then everyone's.  Within each the longest
 * match: more labels of the host (or more bits of an address), then a longer path.  At equal length allow
 * goes before tunnel before inspect before block, then the earlier list and line.
 *
 * Memory: 8 bytes a host and a few KiB.  The lists may take a quarter of memory_kib, so that old and new
 * together stay within half of it during a reload: 8192 KiB hold 260,000 hosts, a million need 32768.
 */
#ifndef POLICY_H
#define POLICY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "lib/base/config.h"
#include "lib/net/net.h"

struct policy;

/* The client that asks, and when. */
struct policy_client {
	struct net_addr addr;
	int64_t now; /* unix seconds, for `hours` (local time) */
};

enum {
	POLICY_RULE = 256,
	POLICY_TEXT = 1024,
	POLICY_TARGET = 32768 /* bytes of path and query: as much as a request's head may have */
};

struct verdict {
	bool block;
	bool inspect;              /* when not blocked: inspection; false: a tunnel */
	bool decided;              /* by a rule; false: by the defaults, and the rest is empty */
	bool own;                  /* by a list that names the client */
	enum config_action action; /* of the rule */
	const char *list;          /* its name; lives as long as the policy */
	const char *file;
	unsigned line;
	char rule[POLICY_RULE]; /* the text of the line, cut */
};

/*
 * Loads the lists of `c` in one go (at start).  Returns NULL with a sentence in err.  The policy
 * keeps no pointer to c.  Lines that mean nothing here are counted and logged once per list.
 */
struct policy *policy_load(const struct config *c, char *err, size_t errcap);

/* The same in slices while another policy serves: start, then step until it says so.  `held`: the
 * policy_bytes of the one that serves, 0 for none. */
struct policy_build;
struct policy_build *policy_build_start(
	const struct config *c, size_t held, char *err, size_t errcap);
/* At most `ms` milliseconds of work.  1: *out is the new policy and the build is gone; 0: call again;
 * -1: refused, err says why and the build is gone. */
int policy_build_step(
	struct policy_build *b, int ms, struct policy **out, char *err, size_t errcap);
void policy_build_cancel(struct policy_build *b);

void policy_free(struct policy *p);

/* Bytes of memory that it holds. */
size_t policy_bytes(const struct policy *p);

/* A number that differs between any two policies of one process: part of TLS session keys. */
uint32_t policy_generation(const struct policy *p);

/* True once after a list file was found changed under the running proxy: time for a reload. */
bool policy_wants_reload(struct policy *p);

/* True when a list's hours began or ended since the last call: open tunnels should be judged again. */
bool policy_hours_turned(struct policy *p, int64_t now);

/*
 * Judges a host: a normal lower-case name, or an address in text as net_addr_format prints it.  Host
 * rules only.
 */
void policy_judge_host(struct policy *p, const struct policy_client *client, const char *host,
	struct verdict *out);

/*
 * Judges one request: host rules and URL rules; `path` is the origin-form target (path and query) of
 * path_len bytes, as the client sent it.  out->block is what counts here: inspection is decided per host.
 *
 * URL rules are compared with the canonical form, "/secret" for "//x/..%2f%73ecret", and are canonical themselves
 * (lib/rules/path.h; letters keep their case).  Where servers read a target in several ways, as with dot
 * segments, one reading that is blocked blocks it.  One longer than POLICY_TARGET is blocked, by no rule.
 */
void policy_judge_url(struct policy *p, const struct policy_client *client, const char *host,
	const char *path, size_t path_len, struct verdict *out);

/* True if a list in force for this client has a URL rule for the host or a domain above it: what is asked of it has to be
 * seen to be judged.  May be true of a host without any, once in millions: it goes by a hash. */
bool policy_has_url_rules(
	const struct policy *p, const struct policy_client *client, const char *host);

/*
 * Judges what a host resolved to, before it is dialled; `v` is the host's verdict, or for plain HTTP the URL's.
 * Moves the addresses that may be dialled to the front and returns how many they are; 0 if *v blocks.
 *
 * An address that a rule blocks is left out, unless a rule with action allow names the host: the name goes
 * before the address, but a list that names this client before one for everyone.  When none is left, *v becomes
 * the block, with the first such rule.  Where no rule decided the host and an address that is left is under an
 * inspect rule, *v becomes that.  Nothing else about addresses counts for names: a `tunnel` or `allow` for an
 * address loosens nothing, since whoever owns a name may point it there.
 */
size_t policy_judge_addresses(struct policy *p, const struct policy_client *client,
	struct verdict *v, struct net_addr *addrs, size_t count);

/* The stricter of two: block, then inspect, then tunnel. */
const struct verdict *policy_stricter(const struct verdict *a, const struct verdict *b);

/* "list 'ads', /etc/sluice/ads.txt:12: ||ads.example^" or "no rule". Returns out. */
char *policy_verdict_text(const struct verdict *v, char out[POLICY_TEXT]);

/* `sluice -t`: prints to stderr what the lists say that can't take effect, URL rules for hosts that are not
 * inspected, and what has less effect than it seems to: URL rules for one query or the front page alone. */
void policy_warn(struct policy *p);

/* `sluice why`: prints to stdout; returns the exit status (0, or 2 for bad usage). */
int policy_why(struct policy *p, const struct config *c, const struct policy_client *client,
	const char *url);

#endif
