/*
 * policy against a slow, obvious matcher, over random lists: every rule is tried on every question, nothing
 * is hashed, folded or sorted.  Names are made of few labels, so that rules meet; each is written in one of
 * the forms that lists come in.  `policy_random SEED ROUNDS` repeats a run.
 */
#include "check.h"
#include "policy.h"

#include "lib/base/log.h"

enum { LISTS = 5, RULES = 14, QUESTIONS = 40 };

static char dir[] = "/tmp/sluice-random-XXXXXX";
static uint64_t state = 88172645463325252u;

static unsigned
draw(unsigned most)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (unsigned)(state >> 20) % most;
}

/* --- rules as the reference has them --------------------------------------------------------------- */

struct rule {
	bool is_address, except, prefix;
	char host[64];
	unsigned char ip[4];
	int bits;
	char path[16]; /* "": none */
	int line;      /* lines hold one rule, or two of hosts(5) */
};

struct list {
	enum config_action action;
	bool has_client; /* 10.0.0.0/8 */
	struct rule rules[RULES];
	int count;
};

static struct list lists[LISTS];
static int list_count;

static void
make_host(char out[64])
{
	static const char *const labels[] = { "a.", "b.", "c.", "a-b.", "_d." };
	size_t len = 0;

	for (unsigned n = draw(5); n > 0; n--)
		len += (size_t)snprintf(out + len, 64 - len, "%s", labels[draw(5)]);
	snprintf(out + len, 64 - len, "%s", draw(8) > 0 ? "x" : "y");
}

static const char *const paths[] = { "/", "/p", "/p/q", "/pq", "/p?r", "/p/q?r", "/z" };

static void
make_address(unsigned char ip[4])
{
	ip[0] = 192;
	ip[1] = 0;
	ip[2] = (unsigned char)draw(3);
	ip[3] = (unsigned char)(draw(4) * 64 + draw(2));
}

static void
make_rule(struct rule *r)
{
	memset(r, 0, sizeof *r);
	r->is_address = draw(6) == 0;
	if (r->is_address) {
		static const int bits[] = { 32, 32, 32, 26, 24, 23, 16, 0 };

		make_address(r->ip);
		r->bits = bits[draw(8)];
	} else {
		make_host(r->host);
	}
	r->except = draw(8) == 0 && (!r->is_address || r->bits == 32);
	if (draw(4) == 0 && (!r->is_address || r->bits == 32)) {
		snprintf(r->path, sizeof r->path, "%s", paths[1 + draw(6)]);
		r->prefix = r->except || draw(2) == 0;
	}
}

/* --- the reference --------------------------------------------------------------------------------- */

static bool
ref_host_matches(const struct rule *r, const char *host, const unsigned char *ip)
{
	size_t n = strlen(r->host), len = strlen(host);

	if (r->is_address != (ip != NULL))
		return false;
	if (!r->is_address)
		return len >= n && strcmp(host + len - n, r->host) == 0 &&
		       (len == n || host[len - n - 1] == '.');
	for (int i = 0; i < r->bits; i++)
		if (((r->ip[i / 8] ^ ip[i / 8]) >> (7 - i % 8) & 1) != 0)
			return false;
	return true;
}

static bool
ref_matches(const struct rule *r, const char *host, const unsigned char *ip, const char *path)
{
	size_t n = strlen(r->path);

	if (!ref_host_matches(r, host, ip))
		return false;
	if (n == 0)
		return true;
	if (path == NULL || strncmp(path, r->path, n) != 0)
		return false;
	return r->prefix || path[n] == '\0' || (path[n] == '?' && strchr(r->path, '?') == NULL);
}

static enum config_action
ref_action(const struct list *l, const struct rule *r)
{
	return r->except ? CONFIG_ALLOW : l->action;
}

/* Labels or bits, then the length of the path with its star, then the action. */
static int
ref_strength(const struct list *l, const struct rule *r)
{
	int labels = r->is_address ? r->bits : 1,
	    star = r->prefix && !r->except && r->path[0] != '\0';

	for (const char *h = r->host; *h != '\0'; h++)
		labels += *h == '.';
	return ((l->has_client * 64 + labels) * 64 + (int)strlen(r->path) + star) * 4 +
	       ref_action(l, r);
}

/* The strongest rule, the earliest of equals; *best is NULL if none matches. */
static int
ref_judge(bool own, const char *host, const unsigned char *ip, const char *path,
	const struct rule **best)
{
	int list = -1, most = -1;

	*best = NULL;
	for (int i = 0; i < list_count; i++) {
		if (lists[i].has_client && !own)
			continue;
		for (int k = 0; k < lists[i].count; k++) {
			const struct rule *r = &lists[i].rules[k];

			if (!ref_matches(r, host, ip, path) || ref_strength(&lists[i], r) <= most)
				continue;
			most = ref_strength(&lists[i], r);
			list = i;
			*best = r;
		}
	}
	return list;
}

/* --- writing lists as text ------------------------------------------------------------------------- */

static void
write_rule(FILE *f, const struct rule *r)
{
	char host[80];

	if (r->is_address)
		snprintf(host, sizeof host, "%d.%d.%d.%d", r->ip[0], r->ip[1], r->ip[2], r->ip[3]);
	else
		snprintf(host, sizeof host, "%s", r->host);
	if (r->is_address && r->bits < 32)
		fprintf(f, "%s/%d\n", host, r->bits);
	else if (r->except)
		fprintf(f, r->path[0] != '\0' ? "@@||%s%s\n" : "@@||%s^%s\n", host, r->path);
	else if (r->path[0] != '\0')
		fprintf(f, "%s%s%s%s\n", draw(2) ? "https://" : "", host, r->path,
			r->prefix ? "*" : "");
	else if (r->is_address)
		fprintf(f, draw(2) ? "%s\n" : "||%s^ \r\n", host);
	else
		switch (draw(strchr(host, '.') != NULL ? 8 : 7)) {
		case 0: fprintf(f, "||%s^\n", host); break;
		case 1: fprintf(f, "address=/%s/0.0.0.0\n", host); break;
		case 2: fprintf(f, "*.%s # %s\n", host, host); break;
		case 3: fprintf(f, "  %s.\r\n", host); break;
		case 4: fprintf(f, "%s:443\n", host); break;
		case 7: fprintf(f, "0.0.0.0 %s\n", host); break;
		default: fprintf(f, "%s\n", host); break;
		}
}

static void
write_lists(void)
{
	char path[128];
	FILE *conf, *f;

	snprintf(path, sizeof path, "%s/conf", dir);
	conf = fopen(path, "w");
	if (conf == NULL)
		exit(2);
	fputs("config sluice\n", conf);
	for (int i = 0; i < list_count; i++) {
		static const char *const actions[] = { "block", "inspect", "tunnel", "allow" };

		snprintf(path, sizeof path, "%s/%d", dir, i);
		f = fopen(path, "w");
		if (f == NULL)
			exit(2);
		for (int k = 0; k < lists[i].count; k++) {
			for (int junk = (int)draw(6); junk > 4; junk--)
				fputs("# junk\n", f);
			lists[i].rules[k].line = -1; /* set below, from what was written */
			write_rule(f, &lists[i].rules[k]);
		}
		fclose(f);
		fprintf(conf, "config list 'l%d'\n\toption action '%s'\n\toption file '%s'\n", i,
			actions[lists[i].action], path);
		if (lists[i].has_client)
			fputs("\tlist client '10.0.0.0/8'\n", conf);
	}
	fclose(conf);
}

/* Numbers the rules: all lines but comments are one rule each. */
static void
number_rules(void)
{
	char path[128], line[256];
	FILE *f;

	for (int i = 0; i < list_count; i++) {
		int number = 0, k = 0;

		snprintf(path, sizeof path, "%s/%d", dir, i);
		f = fopen(path, "r");
		while (f != NULL && fgets(line, sizeof line, f) != NULL) {
			number++;
			if (line[0] != '#')
				lists[i].rules[k++].line = number;
		}
		if (f != NULL)
			fclose(f);
	}
}

/* --- the comparison -------------------------------------------------------------------------------- */

/* Does the line that the verdict names hold a rule that matches, with that action?  After folding it may be
 * a parent of the reference's rule. */
static bool
is_plausible(const struct verdict *v, int list, const char *host, const unsigned char *ip,
	const char *path)
{
	for (int k = 0; k < lists[list].count; k++) {
		const struct rule *r = &lists[list].rules[k];

		if ((unsigned)r->line == v->line)
			return ref_matches(r, host, ip, path) &&
			       ref_action(&lists[list], r) == v->action;
	}
	return false;
}

/* The same URL, written in a way that every server reads alike. */
static void
judge_disguised(struct policy *p, const struct policy_client *client, const char *host,
	const char *path, struct verdict *v)
{
	char text[64];
	size_t n = 0;
	bool query = false;

	for (; *path != '\0'; path++) {
		query = query || *path == '?';
		if (*path != '?' && draw(4) == 0) {
			snprintf(text + n, sizeof text - n, draw(2) ? "%%%02x" : "%%%02X", *path);
			n += 3;
		} else {
			bool back = *path == '/' && !query && n > 0 && draw(4) == 0;

			text[n++] = back ? '\\' : *path;
		}
		if (*path == '/' && !query && draw(4) == 0)
			text[n++] = '/';
	}
	policy_judge_url(p, client, host, text, n, v);
}

static bool
ask(struct policy *p)
{
	struct policy_client client = { .addr = { .family = 4, .ip = { 10, 1, 2, 3 } } };
	bool own = draw(2) == 0, is_address = draw(5) == 0;
	const char *path = draw(2) ? paths[draw(7)] : NULL;
	const struct rule *best;
	unsigned char ip[4];
	struct verdict v;
	char host[64], name[8];
	int list;

	if (!own)
		client.addr.ip[0] = 11;
	make_host(host);
	if (is_address) {
		make_address(ip);
		snprintf(host, sizeof host, "%d.%d.%d.%d", ip[0], ip[1], ip[2], ip[3]);
	}
	if (path != NULL)
		judge_disguised(p, &client, host, path, &v);
	else
		policy_judge_host(p, &client, host, &v);
	list = ref_judge(own, host, is_address ? ip : NULL, path, &best);
	snprintf(name, sizeof name, "l%d", list);
	if (list < 0 ? !v.decided
		     : v.decided && v.action == ref_action(&lists[list], best) &&
				strcmp(v.list, name) == 0 &&
				is_plausible(&v, list, host, is_address ? ip : NULL, path))
		return true;
	fprintf(stderr, "%s%s (own %d): got %d %s:%u %s, want %s:%d\n", host,
		path != NULL ? path : "", own, v.decided ? (int)v.action : -1,
		v.decided ? v.list : "-", v.line, v.rule, name, best != NULL ? best->line : 0);
	return false;
}

static void
run_round(void)
{
	static struct config c;
	char path[128], err[512];
	struct policy *p;
	unsigned wrong = 0;

	list_count = 1 + (int)draw(LISTS);
	for (int i = 0; i < list_count; i++) {
		lists[i].action = (enum config_action)draw(4);
		lists[i].has_client = draw(4) == 0;
		lists[i].count = (int)draw(RULES + 1);
		for (int k = 0; k < lists[i].count; k++) {
			make_rule(&lists[i].rules[k]);
			if (k > 0 && draw(6) == 0) /* twice */
				lists[i].rules[k] = lists[i].rules[draw((unsigned)k)];
		}
	}
	write_lists();
	number_rules();
	snprintf(path, sizeof path, "%s/conf", dir);
	p = config_read(&c, path, err) == 0 ? policy_load(&c, err, sizeof err) : NULL;
	if (p == NULL) {
		fprintf(stderr, "%s\n", err);
		exit(2);
	}
	for (int i = 0; i < QUESTIONS; i++)
		wrong += !ask(p);
	CHECK_INT(wrong, 0);
	policy_free(p);
}

static void
remove_files(void)
{
	char path[128];

	for (int i = 0; i < LISTS; i++) {
		snprintf(path, sizeof path, "%s/%d", dir, i);
		unlink(path);
	}
	snprintf(path, sizeof path, "%s/conf", dir);
	unlink(path);
	rmdir(dir);
}

int
main(int argc, char **argv)
{
	unsigned long rounds = argc > 2 ? strtoul(argv[2], NULL, 10) : 1000;

	if (argc > 1)
		state += strtoul(argv[1], NULL, 10);
	if (mkdtemp(dir) == NULL)
		return 2;
	log_open(false, LOG_LEVEL_ERROR);
	for (unsigned long i = 0; i < rounds && check_failed == 0; i++)
		run_round();
	if (check_failed == 0)
		remove_files();
	else
		fprintf(stderr, "the lists are in %s\n", dir);
	return check_done("policy_random");
}
