/*
 * policy: the table of test/policy/table.txt, and what a table can't say: files that change under the
 * running proxy, sizes that don't fit, loading in slices, `why` and the warnings.
 */
#include "check.h"
#include "policy.h"

#include "lib/base/log.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>
#include <utime.h>

static char dir[] = "/tmp/sluice-policy-XXXXXX";
static char err[512];
static struct config c;

static FILE *
open_file(const char *name, const char *mode)
{
	char path[128];
	FILE *f;

	snprintf(path, sizeof path, "%s/%s", dir, name);
	f = fopen(path, mode);
	if (f == NULL) {
		perror(path);
		exit(2);
	}
	return f;
}

static void
write_file(const char *name, const char *text)
{
	FILE *f = open_file(name, "w");

	fputs(text, f);
	fclose(f);
}

/* Reads the configuration file "conf" and loads its policy. */
static struct policy *
load(void)
{
	char path[128];
	struct policy *p;

	snprintf(path, sizeof path, "%s/conf", dir);
	if (config_read(&c, path, err) != 0)
		return NULL;
	p = policy_load(&c, err, sizeof err);
	return p;
}

static struct policy *
must_load(void)
{
	struct policy *p = load();

	if (p == NULL) {
		fprintf(stderr, "%s\n", err);
		exit(2);
	}
	return p;
}

/* --- the table ------------------------------------------------------------------------------------ */

static FILE *conf, *list;
static struct policy *table_policy;

static void
end_list(void)
{
	if (list != NULL)
		fclose(list);
	list = NULL;
}

static void
begin_group(void)
{
	end_list();
	if (conf != NULL)
		fclose(conf);
	policy_free(table_policy);
	table_policy = NULL;
	conf = open_file("conf", "w");
	fputs("config sluice\n", conf);
}

/* "a,b" as several values of `list key`. */
static void
put_values(const char *key, char *values)
{
	for (char *v = strtok_r(values, ",", &values); v != NULL; v = strtok_r(NULL, ",", &values))
		fprintf(conf, "\tlist %s '%s'\n", key, v);
}

/* list NAME ACTION [client=A,B] [hours=H], file NAME ACTION PATH */
static void
begin_list(char *line, bool is_file)
{
	char *save, *name, *action, *word;

	end_list();
	strtok_r(line, " ", &save);
	name = strtok_r(NULL, " ", &save);
	action = strtok_r(NULL, " ", &save);
	fprintf(conf, "config list '%s'\n\toption action '%s'\n", name, action);
	if (is_file)
		fprintf(conf, "\toption file '%s'\n", strtok_r(NULL, " ", &save));
	else
		fprintf(conf, "\toption file '%s/%s'\n", dir, name);
	while (!is_file && (word = strtok_r(NULL, " ", &save)) != NULL) {
		if (strncmp(word, "client=", 7) == 0) {
			put_values("client", word + 7);
		} else {
			if (strchr(word, '_') != NULL)
				*strchr(word, '_') = ' ';
			fprintf(conf, "\tlist hours '%s'\n", word + 6);
		}
	}
	if (!is_file)
		list = open_file(name, "w");
}

static int64_t
parse_time(const char *text)
{
	struct tm tm = { .tm_isdst = -1 };

	if (text[0] == '@')
		return strtoll(text + 1, NULL, 10);
	if (text[0] == '-')
		return 1795000000;
	sscanf(text, "%d-%d-%dT%d:%d", &tm.tm_year, &tm.tm_mon, &tm.tm_mday, &tm.tm_hour,
		&tm.tm_min);
	tm.tm_year -= 1900;
	tm.tm_mon--;
	return mktime(&tm);
}

static struct policy_client
parse_client(const char *client, const char *when)
{
	struct policy_client who = { .now = parse_time(when) };

	if (client[0] != '-')
		net_addr_parse(&who.addr, client, strlen(client));
	return who;
}

static void
tell(const struct verdict *v, char out[128])
{
	static const char *const actions[] = { "block", "inspect", "tunnel", "allow" };

	if (v->decided)
		snprintf(out, 128, "%s %s:%u", actions[v->action], v->list, v->line);
	else
		snprintf(out, 128, "none");
}

static void
judge(struct policy *p, const char *client, const char *when, const char *url, char out[128])
{
	struct policy_client who = parse_client(client, when);
	size_t len = strcspn(url, "/");
	char host[256];
	struct verdict v;

	snprintf(host, sizeof host, "%.*s", (int)len, url);
	if (url[len] == '/')
		policy_judge_url(p, &who, host, url + len, strlen(url + len), &v);
	else
		policy_judge_host(p, &who, host, &v);
	tell(&v, out);
	CHECK_INT(v.block, v.decided && v.action == CONFIG_BLOCK);
	if (v.decided && (v.action == CONFIG_INSPECT || v.action == CONFIG_TUNNEL))
		CHECK_INT(v.inspect, v.action == CONFIG_INSPECT);
	else
		CHECK_INT(v.inspect, c.inspect);
}

static void
load_table(void)
{
	if (table_policy != NULL)
		return;
	end_list();
	fflush(conf);
	table_policy = must_load();
}

/* resolve CLIENT TIME HOST A,B LEFT VERDICT */
static void
resolve(char *line, unsigned number)
{
	char client[64], when[64], host[256], text[256], want[256], got[256] = "", *addr, *rest;
	struct policy_client who;
	struct net_addr addrs[8];
	size_t count = 0, len = 0;
	struct verdict v;
	int n = 0;

	load_table();
	sscanf(line, "resolve %63s %63s %255s %255s %n", client, when, host, text, &n);
	snprintf(want, sizeof want, "%s", line + n);
	rest = text;
	while ((addr = strtok_r(rest, ",", &rest)) != NULL)
		net_addr_parse(&addrs[count++], addr, strlen(addr));
	who = parse_client(client, when);
	policy_judge_host(table_policy, &who, host, &v);
	count = policy_judge_addresses(table_policy, &who, &v, addrs, count);
	for (size_t i = 0; i < count; i++)
		len += (size_t)snprintf(got + len, sizeof got - len, "%s%s", i > 0 ? "," : "",
			net_addr_format(text, &addrs[i], false));
	len += (size_t)snprintf(got + len, sizeof got - len, "%s ", count == 0 ? "-" : "");
	tell(&v, got + len);
	CHECK_INT(v.block, count == 0);
	if (strcmp(got, want) != 0)
		fprintf(stderr, "table.txt:%u:\n", number);
	CHECK_STR(got, want);
}

static void
ask(char *line, unsigned number)
{
	char client[64], when[64], url[256], got[128], want[128] = "", *rest;
	int n = 0;

	load_table();
	sscanf(line, "ask %63s %63s %255s %n", client, when, url, &n);
	rest = line + n;
	snprintf(want, sizeof want, "%s", rest);
	judge(table_policy, client, when, url, got);
	if (strcmp(got, want) != 0)
		fprintf(stderr, "table.txt:%u:\n", number);
	CHECK_STR(got, want);
}

static void
test_table(void)
{
	FILE *f = fopen("test/policy/table.txt", "r");
	char line[512];
	unsigned number = 0;

	if (f == NULL) {
		perror("test/policy/table.txt");
		exit(2);
	}
	while (fgets(line, sizeof line, f) != NULL) {
		line[strcspn(line, "\n")] = '\0';
		number++;
		if (line[0] == '\t')
			fprintf(list, "%s\n", line + 1);
		else if (strncmp(line, "==", 2) == 0)
			begin_group();
		else if (strncmp(line, "inspect ", 8) == 0)
			fprintf(conf, "\toption inspect '%s'\n", line + 8);
		else if (strncmp(line, "list ", 5) == 0)
			begin_list(line, false);
		else if (strncmp(line, "file ", 5) == 0)
			begin_list(line, true);
		else if (strncmp(line, "ask ", 4) == 0)
			ask(line, number);
		else if (strncmp(line, "resolve ", 8) == 0)
			resolve(line, number);
	}
	fclose(f);
	begin_group();
	fclose(conf);
	conf = NULL;
}

/* --- what a table can't say ----------------------------------------------------------------------- */

static const char conf_head[] = "config sluice\n\toption memory_kib '1024'\n";

/* One list "ads" of this action in the file "list". */
static void
write_conf(const char *action)
{
	FILE *f = open_file("conf", "w");

	fprintf(f, "%sconfig list 'ads'\n\toption action '%s'\n\toption file '%s/list'\n",
		conf_head, action, dir);
	fclose(f);
}

static const char *
judge_simply(struct policy *p, const char *url)
{
	static char out[128];

	judge(p, "-", "-", url, out);
	return out;
}

static void
test_changed_block(void)
{
	struct verdict v;
	struct policy_client client = { .now = 0 };
	char text[POLICY_TEXT], path[128];
	struct policy *p;

	snprintf(path, sizeof path, "%s/list", dir);
	write_conf("block");
	write_file("list", "a.example\nb.example\nc.example/p\n");
	p = must_load();
	usleep(20000);
	CHECK_STR(judge_simply(p, "a.example"), "block ads:1");
	CHECK(!policy_wants_reload(p));
	write_file("list", "x.example\ny.example\n\n\n\n");
	CHECK_STR(judge_simply(p, "z.example"), "none"); /* a miss looks at no file */
	CHECK(!policy_wants_reload(p));
	CHECK_STR(judge_simply(p, "a.example"), "block ads:0");
	CHECK(policy_wants_reload(p));
	CHECK(!policy_wants_reload(p)); /* once */
	CHECK_STR(judge_simply(p, "q.b.example"), "block ads:0");
	CHECK_STR(judge_simply(p, "c.example/other"), "block ads:0");
	CHECK(!policy_wants_reload(p));
	policy_judge_host(p, &client, "a.example", &v);
	CHECK(strstr(policy_verdict_text(&v, text), "has changed since it was loaded") != NULL);
	CHECK_INT(truncate(path, 0), 0);
	CHECK_STR(judge_simply(p, "a.example"), "block ads:0");
	policy_free(p);
}

static void
test_changed_other(const char *action)
{
	char path[128];
	struct policy *p;

	snprintf(path, sizeof path, "%s/list", dir);
	write_conf(action);
	write_file("list", "a.example\n");
	p = must_load();
	usleep(20000);
	CHECK_INT(truncate(path, 3), 0);
	CHECK_STR(judge_simply(p, "a.example"), "none");
	CHECK(policy_wants_reload(p));
	policy_free(p);
}

/* Downloads replace files by rename: what was loaded goes on to count, exactly. */
static void
test_replaced(void)
{
	char path[128], other[128];
	struct policy *p;

	snprintf(path, sizeof path, "%s/list", dir);
	snprintf(other, sizeof other, "%s/list.new", dir);
	write_conf("tunnel");
	write_file("list", "a.example\n");
	p = must_load();
	usleep(20000);
	write_file("list.new", "b.example\n");
	CHECK_INT(rename(other, path), 0);
	CHECK_STR(judge_simply(p, "a.example"), "tunnel ads:1");
	CHECK(policy_wants_reload(p));
	CHECK(!policy_wants_reload(p));
	CHECK_STR(judge_simply(p, "b.example"), "none");
	CHECK_INT(unlink(path), 0);
	CHECK_STR(judge_simply(p, "x.a.example"), "tunnel ads:1");
	CHECK(!policy_wants_reload(p));
	policy_free(p);
}

static void
test_refused(void)
{
	char want[256];

	write_conf("block");
	CHECK(load() == NULL);
	snprintf(want, sizeof want, "%s/conf:5: list 'ads': %s/list: No such file or directory",
		dir, dir);
	CHECK_STR(err, want);
}

/* A quarter of 1,024 KiB holds 32,768 rules. */
static void
test_size(void)
{
	char want[256];
	struct policy_build *b;
	struct policy *p;
	FILE *f;

	write_conf("block");
	f = open_file("list", "w");
	for (int i = 0; i < 32768; i++)
		fprintf(f, "host%d.example\n", i);
	fclose(f);
	p = must_load();
	CHECK_STR(judge_simply(p, "host32767.example"), "block ads:32768");
	CHECK_STR(judge_simply(p, "a.host0.example"), "block ads:1");
	CHECK_STR(judge_simply(p, "host32768.example"), "none");
	CHECK(policy_bytes(p) > 32768 * 8 && policy_bytes(p) < 32768 * 8 + 16384);

	f = open_file("list", "a");
	fprintf(f, "more.example\nmore.example\n");
	fclose(f);
	CHECK(load() == NULL);
	snprintf(want, sizeof want,
		"%s/conf:5: list 'ads': too large: 32770 rules in all lists need memory_kib 1025, "
		"and it "
		"is 1024",
		dir);
	CHECK_STR(err, want);
	/* what serves is untouched by the attempt */
	CHECK_STR(judge_simply(p, "host5.example"), "block ads:0");

	/* an old policy that holds more than its share, since memory_kib became smaller, leaves less */
	b = policy_build_start(&c, 2 * 262144 - 8, err, sizeof err);
	policy_free(p);
	p = NULL;
	while (policy_build_step(b, 1, &p, err, sizeof err) == 0)
		;
	CHECK(p == NULL);
	CHECK(strstr(err, ": too large") != NULL);
}

static void
test_slices(void)
{
	struct policy_build *b;
	struct policy *p = NULL;
	uint32_t before;
	int steps = 0, got;
	FILE *f;

	write_conf("block");
	f = open_file("list", "w");
	for (int i = 0; i < 20000; i++)
		fprintf(f, "host%d.example\n", i);
	fclose(f);
	p = must_load();
	before = policy_generation(p);
	policy_free(p);
	b = policy_build_start(&c, 0, err, sizeof err);
	CHECK(b != NULL);
	p = NULL;
	while ((got = policy_build_step(b, 0, &p, err, sizeof err)) == 0)
		steps++;
	CHECK_INT(got, 1);
	CHECK(steps > 1000);
	CHECK(policy_generation(p) != before);
	CHECK_STR(judge_simply(p, "host19999.example"), "block ads:20000");
	policy_free(p);
	/* given up half way */
	b = policy_build_start(&c, 0, err, sizeof err);
	for (int i = 0; i < 1000; i++)
		policy_build_step(b, 0, &p, err, sizeof err);
	policy_build_cancel(b);
	policy_build_cancel(NULL);
	/* the file changes in between */
	b = policy_build_start(&c, 0, err, sizeof err);
	policy_build_step(b, 0, &p, err, sizeof err);
	usleep(20000);
	f = open_file("list", "a");
	fputs("x\n", f);
	fclose(f);
	while ((got = policy_build_step(b, 10, &p, err, sizeof err)) == 0)
		;
	CHECK_INT(got, -1);
	CHECK(strstr(err, "changed while it was read") != NULL);
}

/* Repeated and covered rules take no memory. */
static void
test_folding(void)
{
	struct policy *p;
	size_t few, many;

	write_conf("block");
	write_file("list", "a.example\n");
	p = must_load();
	few = policy_bytes(p);
	policy_free(p);
	write_file("list", "x.a.example\na.example\n0.0.0.0 A.Example y.x.a.example\n||a.example^\n"
			   "a.example\nx.a.example\na.example b.a.example\n*.a.example\n");
	p = must_load();
	many = policy_bytes(p);
	CHECK_INT(many - few, 0);
	CHECK_STR(judge_simply(p, "y.x.a.example"), "block ads:2");
	policy_free(p);
	write_file("list", "a.example\n10.0.0.1\n10.0.0.1/32\n");
	p = must_load();
	CHECK_INT(policy_bytes(p) - few, 8);
	policy_free(p);
}

static void
test_no_lists(void)
{
	struct policy_client client = { .now = 0 };
	struct verdict v, w = { .inspect = true }, x = { .block = true, .decided = true };
	char text[POLICY_TEXT];
	struct policy *p;

	write_file("conf", conf_head);
	p = must_load();
	policy_judge_host(p, &client, "a.example", &v);
	CHECK(!v.decided && !v.block && v.inspect);
	CHECK_STR(policy_verdict_text(&v, text), "no rule");
	v.inspect = false;
	CHECK(policy_stricter(&v, &w) == &w && policy_stricter(&w, &v) == &w);
	CHECK(policy_stricter(&x, &w) == &x && policy_stricter(&w, &x) == &x);
	CHECK(policy_stricter(&x, &x) == &x);
	policy_free(p);
	policy_free(NULL);
	CHECK_INT(policy_bytes(NULL), 0);
}

static void
test_hours_turned(void)
{
	struct policy *p;
	FILE *f = open_file("conf", "w");

	fprintf(f,
		"%sconfig list 'a'\n\toption action block\n\toption file '%s/list'\n"
		"\toption hours '21:00-07:00'\n",
		conf_head, dir);
	fclose(f);
	p = must_load();
	policy_hours_turned(p, parse_time("2026-11-23T20:00"));
	CHECK(!policy_hours_turned(p, parse_time("2026-11-23T20:59")));
	CHECK(policy_hours_turned(p, parse_time("2026-11-23T21:00")));
	CHECK(!policy_hours_turned(p, parse_time("2026-11-24T06:59")));
	CHECK(policy_hours_turned(p, parse_time("2026-11-24T07:00")));
	policy_free(p);
}

/* Runs `call` with descriptor `fd` going to a file, and returns what was written. */
static const char *
capture(int fd, struct policy *p, const char *url, const char *client)
{
	static char out[8192];
	struct policy_client who = { .now = parse_time("2026-11-23T12:00") };
	FILE *f = open_file("out", "w+");
	int saved = dup(fd);
	size_t n;

	net_addr_parse(&who.addr, client, strlen(client));
	fflush(NULL);
	dup2(fileno(f), fd);
	if (url != NULL)
		CHECK_INT(policy_why(p, &c, &who, url), fd == 2 ? 2 : 0);
	else
		policy_warn(p);
	fflush(NULL);
	dup2(saved, fd);
	close(saved);
	rewind(f);
	n = fread(out, 1, sizeof out - 1, f);
	out[n] = '\0';
	fclose(f);
	/* the directory's name differs from run to run */
	for (char *at; (at = strstr(out, dir)) != NULL;)
		memmove(at, at + strlen(dir), strlen(at + strlen(dir)) + 1);
	return out;
}

static void
load_for_why(struct policy **p)
{
	FILE *f = open_file("conf", "w");

	fprintf(f,
		"%sconfig list 'ads'\n\toption action block\n\toption file '%s/ads'\n"
		"config list 'ok'\n\toption action allow\n\toption file '%s/ok'\n"
		"config list 'bank'\n\toption action tunnel\n\toption file '%s/bank'\n"
		"config list 'kid'\n\toption action block\n\toption file '%s/kid'\n"
		"\tlist client 192.168.1.50\n"
		"config list 'night'\n\toption action block\n\toption file '%s/night'\n"
		"\tlist hours '21:00-07:00'\n"
		"config list 'other'\n\toption action block\n\toption file '%s/other'\n"
		"\tlist hours '21:00-07:00'\n\tlist client 192.168.1.51\n",
		conf_head, dir, dir, dir, dir, dir, dir);
	fclose(f);
	write_file("ads", "a.example\t# why\nbank.example/p\nx.a.example/p*\n");
	write_file("ok", "x.a.example\n");
	write_file("bank", "bank.example\n");
	write_file("kid", "example\n");
	write_file("night", "x.a.example\n");
	write_file("other", "a.example\n");
	*p = must_load();
}

static void
test_why(void)
{
	struct policy *p;

	load_for_why(&p);
	CHECK_STR(capture(1, p, "a.example", "192.168.1.1"),
		"a.example: blocked\n"
		"  decided by   list 'ads', /ads:1: a.example # why (block)\n"
		"  not counted  list 'other', /other:1: a.example (block; for other clients)\n"
		"  not counted  list 'kid', /kid:1: example (block; for other clients)\n"
		"  CONNECT      accepted; the block page follows inside TLS\n"
		"  certificate  one of this router's; the origin is not asked\n"
		"  request      answered with the block page\n");
	CHECK_STR(capture(1, p, "https://X.A.Example./page", "192.168.1.50"),
		"x.a.example/page: blocked\n"
		"  decided by   list 'kid', /kid:1: example (block)\n"
		"  lost         list 'ok', /ok:1: x.a.example (allow; a list that names the client "
		"goes first)\n"
		"  lost         list 'ads', /ads:1: a.example # why (block; a list that names the "
		"client goes first)\n"
		"  not counted  list 'night', /night:1: x.a.example (block; outside its hours)\n"
		"  not counted  list 'other', /other:1: a.example (block; for other clients)\n"
		"  CONNECT      accepted; the block page follows inside TLS\n"
		"  certificate  one of this router's; the origin is not asked\n"
		"  request      answered with the block page\n");
	CHECK_STR(capture(1, p, "x.a.example/page", "8.8.8.8"),
		"x.a.example/page: refused\n"
		"  decided by   list client: this client may not use the proxy at all\n"
		"  rules        not asked\n");
	CHECK_STR(capture(1, p, "x.a.example/page", "192.168.1.1"),
		"x.a.example/page: blocked\n"
		"  decided by   list 'ads', /ads:3: x.a.example/p* (block)\n"
		"  lost         list 'ok', /ok:1: x.a.example (allow; a shorter match)\n"
		"  lost         list 'ads', /ads:1: a.example # why (block; a shorter match)\n"
		"  not counted  list 'night', /night:1: x.a.example (block; outside its hours)\n"
		"  not counted  list 'other', /other:1: a.example (block; for other clients)\n"
		"  not counted  list 'kid', /kid:1: example (block; for other clients)\n"
		"  CONNECT      accepted; then the origin is connected\n"
		"  certificate  the origin's is checked; good: a copy signed by this router; "
		"bad: a page that names the reason\n"
		"  request      answered with the block page\n");
	CHECK_STR(capture(1, p, "bank.example:8443/p", "::1"),
		"bank.example:8443/p: refused\n"
		"  decided by   list connect_port, which does not have port 8443\n"
		"  rules        not asked\n");
	CHECK_STR(capture(1, p, "http://bank.example:443/p", "::1"),
		"bank.example:443/p: refused\n"
		"  decided by   list http_port, which does not have port 443\n"
		"  rules        not asked\n");
	CHECK_STR(capture(1, p, "https://192.168.1.1/", "::1"),
		"192.168.1.1/: refused\n"
		"  decided by   option private_upstream '0': it is a private address\n"
		"  rules        no rule; option inspect '1'\n");
	CHECK_STR(capture(1, p, "a.localhost", "::1"),
		"a.localhost: refused\n"
		"  decided by   option private_upstream '0': it is this machine itself\n"
		"  rules        no rule; option inspect '1'\n");
	CHECK_STR(capture(1, p, "bank.example/p", "::1"),
		"bank.example/p: allowed, not inspected\n"
		"  decided by   list 'bank', /bank:1: bank.example (tunnel)\n"
		"  not counted  list 'kid', /kid:1: example (block; for other clients)\n"
		"  CONNECT      accepted and passed through unopened\n"
		"  certificate  the origin's, checked by the client alone\n"
		"  request      not seen; rules with a path can't apply\n");
	CHECK_STR(capture(1, p, "http://[2600::1]/", "::1"),
		"2600::1/: allowed\n"
		"  decided by   no rule; option inspect '1'\n"
		"  CONNECT      not used by http\n"
		"  certificate  none\n"
		"  request      passed on\n");
	CHECK_STR(capture(2, p, "a.example:99999/", "::1"),
		"sluice: a.example:99999/: expected HOST, HOST/PATH or a URL\n");
	CHECK_STR(capture(2, p, "not a host", "::1"),
		"sluice: not a host: expected HOST, HOST/PATH or a URL\n");
	CHECK_STR(capture(2, p, NULL, "::1") + 0,
		"/ads:2: a rule with a path needs inspection, and bank.example is not inspected "
		"(list 'bank', /bank:1: bank.example)\n");
	policy_free(p);
}

/* What `why` and -t say about the form of URLs. */
static void
test_forms(void)
{
	const char *text;
	struct verdict v;
	struct policy_client client = { .now = 0 };
	static char path[POLICY_TARGET + 1];
	struct policy *p;

	write_conf("block");
	write_file("list", "a.example/secret*\nb.example/watch?v=abc\nb.example/watch?v=abc*\n"
			   "c.example/\n||c.example/x?y\nc.example/b\xc3\xbc\n");
	p = must_load();
	text = capture(1, p, "a.example//x/..%2fsecret#top", "::1");
	CHECK(strstr(text,
		      "a.example//x/..%2fsecret: blocked\n"
		      "  read as      /secret\n"
		      "  decided by   list 'ads', /list:1: a.example/secret* (block)\n") == text);
	text = capture(1, p, "http://a.example/secret/../open", "::1");
	CHECK(strstr(text,
		      "a.example/secret/../open: blocked\n"
		      "  read as      /open\n"
		      "  by others as /secret/../open\n"
		      "  decided by   list 'ads', /list:1: a.example/secret* (block)\n") == text);
	text = capture(1, p, "https://c.example//b%c3%bc", "::1");
	CHECK(strstr(text,
		      "blocked\n  read as      /b%C3%BC\n  decided by   list 'ads', /list:6:") !=
		NULL);
	CHECK(strstr(capture(1, p, "a.example/secret", "::1"), "read as") == NULL);
	CHECK_STR(capture(2, p, NULL, "::1"),
		"/list:2: this is for this one query alone: not for '/watch?v=abc&more=1', not for "
		"'/watch?more=1&v=abc'; '/watch*v=abc*' is for them too\n"
		"/list:4: this is for the front page alone; without its '/' the rule is for the "
		"whole host\n");
	/* as long as a head can be, and longer */
	memset(path, 'a', sizeof path);
	path[0] = '/';
	policy_judge_url(p, &client, "a.example", path, POLICY_TARGET, &v);
	CHECK(!v.block && !v.decided);
	policy_judge_url(p, &client, "a.example", path, POLICY_TARGET + 1, &v);
	CHECK(v.block && !v.decided);
	policy_free(p);
}

static void
remove_files(void)
{
	static const char *const names[] = { "conf", "list", "ads", "ok", "bank", "kid", "night",
		"other", "out" };
	char command[256];

	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		snprintf(command, sizeof command, "%s/%s", dir, names[i]);
		unlink(command);
	}
	/* the table's lists */
	static const char *const more[] = { "ads", "ok", "l1", "l2", "l3", "l4", "one", "two",
		"all", "tv", "kid", "free", "night", "lunch", "weekend", "look", "site", "bad",
		"quiet", "mine" };
	for (size_t i = 0; i < sizeof more / sizeof *more; i++) {
		snprintf(command, sizeof command, "%s/%s", dir, more[i]);
		unlink(command);
	}
	if (rmdir(dir) != 0)
		perror(dir);
}

int
main(void)
{
	if (mkdtemp(dir) == NULL)
		return 2;
	setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3", 1);
	log_open(false, LOG_LEVEL_ERROR);
	test_table();
	test_refused();
	test_changed_block();
	test_changed_other("tunnel");
	test_changed_other("allow");
	test_changed_other("inspect");
	test_replaced();
	test_size();
	test_slices();
	test_folding();
	test_no_lists();
	test_hours_turned();
	test_why();
	test_forms();
	remove_files();
	return check_done("policy");
}
