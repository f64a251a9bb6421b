/*
 * policy: the table of test/policy/table.txt, and what a table can't say: files that change under the
 * running proxy, sizes that don't fit, loading in slices, `why` and the warnings.
 */
#include "check.h"
#include "policy.h"

#include "log.h"

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

static void
judge(struct policy *p, const char *client, const char *when, const char *url, char out[128])
{
	static const char *const actions[] = { "block", "inspect", "tunnel", "allow" };
	struct policy_client who = { .now = parse_time(when) };
	size_t len = strcspn(url, "/");
	char host[256];
	struct verdict v;

	if (client[0] != '-')
		net_addr_parse(&who.addr, client, strlen(client));
	snprintf(host, sizeof host, "%.*s", (int)len, url);
	if (url[len] == '/')
		policy_judge_url(p, &who, host, url + len, strlen(url + len), &v);
	else
		policy_judge_host(p, &who, host, &v);
	if (v.decided)
		snprintf(out, 128, "%s %s:%u", actions[v.action], v.list, v.line);
	else
		snprintf(out, 128, "none");
	CHECK_INT(v.block, v.decided && v.action == CONFIG_BLOCK);
	if (v.decided && (v.action == CONFIG_INSPECT || v.action == CONFIG_TUNNEL))
		CHECK_INT(v.inspect, v.action == CONFIG_INSPECT);
	else
		CHECK_INT(v.inspect, c.inspect);
}

static void
ask(char *line, unsigned number)
{
	char client[64], when[64], url[256], got[128], want[128] = "", *rest;
	int n = 0;

	if (table_policy == NULL) {
		end_list();
		fflush(conf);
		table_policy = must_load();
	}
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
	}
	fclose(f);
	begin_group();
	fclose(conf);
	conf = NULL;
}

int
main(void)
{
	if (mkdtemp(dir) == NULL)
		return 2;
	setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3", 1);
	log_open(false, LOG_LEVEL_ERROR);
	test_table();
	return check_done("policy");
}
