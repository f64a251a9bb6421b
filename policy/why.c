/*
 * why: what `sluice -t` warns of, and what `sluice why` answers: the verdict, the rule that decides, those that
 * do not and why, and what follows from it at each stage.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include "policy/parts.h"

enum { WARN_MOST = 8, MATCHES_MOST = 64 };

static const char *const action_texts[] = { "block", "inspect", "tunnel", "allow" };

/* Warns of a rule with a path whose host is not inspected.  Returns 1 if it did. */
static int
warn_host(struct policy *p, const struct policy_list *l, const struct list_rule *r, unsigned line,
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

/* Warns of a rule that is for one URL alone where more is meant, most likely. */
static int
warn_exact(const struct policy_list *l, const struct list_rule *r, unsigned line, bool silent)
{
	const char *query = memchr(r->path, '?', r->path_len);
	bool is_root = r->path_len == 1 && r->end == LIST_END_QUERY;
	int path = query != NULL ? (int)(query - r->path) : 0;

	if (r->adblock || r->path[r->path_len - 1] == '*' || (query == NULL && !is_root))
		return 0;
	if (!silent && is_root)
		fprintf(stderr,
			"%s:%u: this is for the front page alone; without its '/' the rule is "
			"for the whole host\n",
			l->config.file, line);
	else if (!silent)
		fprintf(stderr,
			"%s:%u: this is for this one query alone: not for '%.*s&more=1', not for "
			"'%.*s?more=1&%.*s'; '%.*s*%.*s*' is for them too\n",
			l->config.file, line, (int)r->path_len, r->path, path, r->path,
			(int)r->path_len - path - 1, query + 1, path, r->path,
			(int)r->path_len - path - 1, query + 1);
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
			if (kind == LIST_RULE && r.path_len > 0 &&
				(warn_host(p, l, &r, number, warned >= WARN_MOST) ||
					warn_exact(l, &r, number, warned >= WARN_MOST)))
				warned++;
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

/* The question that `sluice why` was asked. */
struct question {
	char host[NAME_MAX_TEXT];
	const char *path; /* NULL: none was given */
	size_t path_len;
	bool plain;    /* http:// */
	uint16_t port; /* 0: none was named, and one that is allowed is meant */
};

static int
parse_port(uint16_t *port, const char *text, size_t len)
{
	unsigned long n = 0;

	for (size_t i = 0; i < len && n <= UINT16_MAX; i++) {
		if (text[i] < '0' || text[i] > '9')
			return -1;
		n = n * 10 + (unsigned long)(text[i] - '0');
	}
	if (n == 0 || n > UINT16_MAX)
		return -1;
	*port = (uint16_t)n;
	return 0;
}

/* [http[s]://]host[:port][/path].  Returns 0 or -1. */
static int
parse_question(struct question *u, const char *url)
{
	struct net_addr a = { 0 };
	char text[NET_ADDR_TEXT];
	size_t len, colon;

	u->plain = strncasecmp(url, "http://", 7) == 0;
	u->port = u->plain ? 80 : 0;
	if (u->plain) {
		url += 7;
	} else if (strncasecmp(url, "https://", 8) == 0) {
		url += 8;
		u->port = 443;
	}
	len = strcspn(url, "/?#");
	u->path = url[len] == '/' ? url + len : NULL;
	u->path_len = strcspn(url + len, "#");
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
		if (parse_port(&u->port, url + colon + 1, len - colon - 1) != 0)
			return -1;
		len = colon;
	}
	return name_normalise(u->host, url, len) > 0 ? 0 : -1;
}

/* Why the client gets no further whatever the rules say, or "".  Only what is known without asking for the name. */
static const char *
tell_refused_host(const struct config *c, const char *host)
{
	size_t len = strlen(host);
	struct net_addr a = { 0 };

	if (c->private_upstream)
		return "";
	if (net_addr_parse(&a, host, len) != 0)
		return len >= 9 && strcmp(host + len - 9, "localhost") == 0 &&
				       (len == 9 || host[len - 10] == '.')
			       ? "it is this machine itself"
			       : "";
	if (net_is_private(&a))
		return "it is a private address";
	if (net_is_own(&a))
		return "it is an address of this machine";
	return net_is_on_link(&a) ? "it is on this machine's own network" : "";
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

	policy_describe(p, m, &v);
	printf("  %-12s %s (%s%s%s)\n", label, policy_verdict_text(&v, text),
		action_texts[m->action], note != NULL ? "; " : "", note != NULL ? note : "");
}

/* Prints a reading of a path for a terminal: bytes beyond ASCII as the escapes that browsers send. */
static void
print_path(const char *label, const char *path, size_t len)
{
	printf("  %-12s ", label);
	for (size_t i = 0; i < len; i++)
		printf(path[i] > ' ' && path[i] <= '~' ? "%c" : "%%%02X", (unsigned char)path[i]);
	printf("\n");
}

/* Tells what URL rules were compared with, where that is not what was asked. */
static void
print_readings(struct policy *p, const struct question *u, enum path_reading reading)
{
	struct query q = { .p = p };

	policy_set_path(&q, u->path, u->path_len, PATH_CANONICAL);
	if (q.path_len != u->path_len || memcmp(q.path, u->path, q.path_len) != 0)
		print_path("read as", q.path, q.path_len);
	if (reading == PATH_CANONICAL)
		return;
	policy_set_path(&q, u->path, u->path_len, reading);
	print_path("by others as", q.path, q.path_len);
}

static bool
is_for(const struct config_list *l, const struct net_addr *client)
{
	for (size_t i = 0; i < l->client_count; i++)
		if (net_range_has(&l->clients[i], client))
			return true;
	return l->client_count == 0;
}

/* Prints everything that speaks about this host or URL, the deciding rule first; u->path NULL: about the host. */
static void
print_matches(struct policy *p, const struct policy_client *client, const struct question *u,
	enum path_reading reading, const char *label)
{
	struct match all[MATCHES_MOST], best;
	struct query q = { .p = p, .all = all, .all_room = MATCHES_MOST };
	uint64_t own, everyones;
	size_t counted;

	policy_set_host(&q, u->host);
	if (u->path != NULL && p->has_paths)
		policy_set_path(&q, u->path, u->path_len, reading);

	policy_run_query(&q, client);
	best = q.best;
	counted = q.all_count;
	policy_sort_lists(p, client, &own, &everyones);
	if (p->index.count > 0)
		policy_walk(&q, ~(own | everyones));
	if (best.list != NULL)
		print_match(p, label, &best, NULL);
	else
		printf("  %-12s no rule; option inspect '%d'\n", label, p->inspect);
	for (size_t i = 0; i < q.all_count; i++) {
		bool is_best = all[i].list == best.list && all[i].at == best.at && i < counted &&
			       all[i].depth == best.depth;

		if (i < counted && !is_best)
			print_match(p, "lost", &all[i], tell_loss(&all[i], &best));
		else if (i >= counted)
			print_match(p, "not counted", &all[i],
				is_for(&all[i].list->config, &client->addr) ? "outside its hours"
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
		printf("  %-12s accepted; then the origin is connected\n"
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

/* Refused before any rule is asked, to this client or on this port.  True: told. */
static bool
tell_refused(const struct config *c, const struct policy_client *client, const struct question *u)
{
	const char *path = u->path != NULL ? u->path : "";
	int len = u->path != NULL ? (int)u->path_len : 0;
	bool port = u->plain ? has_port(c->http_ports, c->http_port_count, u->port)
			     : has_port(c->connect_ports, c->connect_port_count, u->port);

	if (client->addr.family != 0 && !config_allows_client(c, &client->addr))
		printf("%s%.*s: refused\n  %-12s list client: this client may not use the proxy at "
		       "all\n"
		       "  %-12s not asked\n",
			u->host, len, path, "decided by", "rules");
	else if (u->port != 0 && !port)
		printf("%s:%u%.*s: refused\n  %-12s list %s, which does not have port %u\n"
		       "  %-12s not asked\n",
			u->host, u->port, len, path, "decided by",
			u->plain ? "http_port" : "connect_port", u->port, "rules");
	else
		return false;
	return true;
}

int
policy_why(struct policy *p, const struct config *c, const struct policy_client *client,
	const char *url)
{
	struct question u, asked;
	struct verdict host, request;
	enum path_reading reading = PATH_CANONICAL;
	const char *refused;
	bool by_path;

	if (parse_question(&u, url) != 0 || u.path_len > POLICY_TARGET) {
		fprintf(stderr, "sluice: %s: expected HOST, HOST/PATH or a URL\n", url);
		return 2;
	}
	if (tell_refused(c, client, &u))
		return 0;
	policy_judge_host(p, client, u.host, &host);
	/* Over TLS the host is judged first, and what is blocked or tunnelled then has no path. */
	by_path = p->has_paths && (u.plain || (u.path != NULL && !host.block && host.inspect));
	asked = u;
	if (!by_path) {
		request = host;
		asked.path = NULL;
	} else {
		if (u.path == NULL) {
			asked.path = "/";
			asked.path_len = 1;
		}
		reading = policy_judge_readings(
			p, client, u.host, asked.path, asked.path_len, &request);
	}
	refused = host.block ? "" : tell_refused_host(c, u.host);
	printf("%s%.*s: %s\n", u.host, u.path != NULL ? (int)u.path_len : 0,
		u.path != NULL ? u.path : "",
		*refused != '\0' ? "refused" : verdict_word(&request, u.plain));
	if (*refused != '\0')
		printf("  %-12s option private_upstream '0': %s\n", "decided by", refused);
	if (by_path)
		print_readings(p, &asked, reading);
	print_matches(p, client, &asked, reading, *refused != '\0' ? "rules" : "decided by");
	if (*refused == '\0')
		print_stages(c, &u, &host, &request);
	return 0;
}
