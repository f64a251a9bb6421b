/*
 * list: one line of a flat list file, in whichever of the common forms it is written, as rules.
 *
 * Pure: a line in, rules out, no memory of other lines.  A meaning that a line can't have here gets a kind, so that
 * the caller can count it; nothing is guessed.
 *
 *     host, *.host, .host, host:port        the host and all below it; the port is passed over
 *     1.2.3.4, 10.0.0.0/8, 2001:db8::/32    hosts that are addresses; [2001:db8::1]:443 as well
 *     0.0.0.0 host host                     hosts(5) with a null address: 0/8, 127/8, ::, ::1, "0", "127.1"
 *     ||host^  @@||host^  ||10.0.0.0/8^     Adblock; the second is an exception; $important, $all may follow
 *     address=/host/host/  local=/host/     dnsmasq, with a null address or none
 *     host/path*  https://host/path         one path and any query of it; '*' is any run of characters
 *     ||host/path  ||host^path  ...|        a path that begins so; with '|' ends so; '^' a separator or the end
 *     # text  ! text  [text]                comments
 *
 * Paths are compared in canonical form (path.h), however they are written in the list; letters of other
 * forms than Adblock's mean their case.  Blanks beyond ASCII count as blanks, invisible characters at the ends
 * of a line as nothing.
 */
#ifndef LIST_H
#define LIST_H

#include <stdbool.h>
#include <stddef.h>
#include "lib/rules/name.h"
#include "lib/net/net.h"

enum {
	LIST_LINE =
		2048,   /* bytes of a line; what is longer is LIST_LONG: no host or URL needs it */
	LIST_PATH = 256 /* bytes of a canonical path pattern: bounds the work of matching one */
};

enum list_kind {
	LIST_RULE,     /* a rule */
	LIST_END,      /* nothing more in this line; comments and blank lines have nothing at all */
	LIST_COSMETIC, /* example.com##.banner */
	LIST_REGEXP,   /* a regular expression between slashes */
	LIST_OPTIONS,  /* ||example.com^$third-party */
	LIST_PATTERN,  /* a wildcard or no anchor where the host is: ad*.example.com, ||example */
	LIST_REDIRECT, /* an address that is not null: 192.0.2.1 example.com */
	LIST_SPAN,     /* 192.0.2.40-192.0.2.50, which is written as ranges here */
	LIST_LOCAL,    /* a name without a dot in hosts(5): localhost */
	LIST_LONG,     /* a line or a path pattern past the bounds */
	LIST_RANGE,    /* 10.0.0.0/33, 10.0.0.0/024, 10.0.0.0/255.0.0.0 */
	LIST_LETTERS, /* a host name with what a browser would turn into something else, or refuse */
	LIST_UNKNOWN, /* no host name, no known form */
	LIST_KINDS
};

/* Where a path pattern ends. */
enum list_end {
	LIST_END_EXACT, /* at the end of path and query: ||host/path| */
	LIST_END_QUERY, /* at the end of the path: host/path, also host/path?x */
	LIST_END_OPEN   /* anywhere: ||host/path */
};

struct list_rule {
	bool except;              /* @@: allowed, whatever the list's action is */
	bool is_address;          /* range says which; else host does */
	char host[NAME_MAX_TEXT]; /* normal form; "" if is_address */
	struct net_range range;
	size_t path_len;      /* 0: the whole host */
	char path[LIST_PATH]; /* canonical (path.h), not NUL-ended */
	enum list_end end;
	bool adblock; /* the path is Adblock's: any case, '^' is a separator */
};

/* A line that is being read. */
struct list_line {
	const char *at;
	size_t left;
	enum list_kind bad;               /* LIST_RULE, or what the whole line is */
	bool except, plain, named, hosts; /* its form */
};

/* `text` without its newline; it must outlive l. */
void list_init(struct list_line *l, const char *text, size_t len);

/* LIST_RULE: *r is the next rule; LIST_END: no more; another kind: count it and call again. */
enum list_kind list_next(struct list_line *l, struct list_rule *r);

/* Does a reading (path.h) of a request target, path[0..len) with its query, match a rule with a path? */
bool list_matches_path(const struct list_rule *r, const char *path, size_t len);

/* "cosmetic filters", for the report. */
const char *list_kind_text(enum list_kind kind);

#endif
