/*
 * What the policy costs.  Used by test/bench/policy.sh:
 *
 *     policy make COUNT FILE      writes a block list of a real list's shape: plain names, one a line
 *     policy load FILE            loads it: seconds, bytes a name, memory while loading against after
 *     policy ask FILE COUNT KIND  loads it, then judges COUNT hosts; KIND: miss, hit, none (only loads)
 *
 * Under an instruction counter the difference between two counts is the price of one look-up.
 */
#include "policy.h"
#include "lib/base/log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { MEMORY_KIB = 1 << 20, HOSTS = 65536, ROUND = 8192 };

static uint32_t
draw(uint32_t most)
{
	static uint64_t state = 88172645463325252u;

	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (uint32_t)(state >> 11) % most;
}

/* A label of 3 to 5 syllables, sometimes with a number. */
static size_t
put_label(char *out, size_t cap)
{
	static const char consonants[] = "bcdfghklmnprstvz", vowels[] = "aeiou";
	size_t len = 0, syllables = 3 + draw(3);

	for (size_t i = 0; i < syllables && len + 8 < cap; i++) {
		out[len++] = consonants[draw(sizeof consonants - 1)];
		out[len++] = vowels[draw(sizeof vowels - 1)];
	}
	if (draw(4) == 0)
		len += (size_t)snprintf(out + len, cap - len, "%u", draw(100));
	out[len] = '\0';
	return len;
}

/* Of names in real lists half have two labels, most others three; half of all end in .com. */
static void
make_name(char *out, size_t cap)
{
	static const char *const tops[] = { "com", "com", "com", "com", "net", "org", "ru", "de",
		"xyz", "info", "co.uk" };
	uint32_t dice = draw(100);
	size_t len = 0, labels = dice < 50 ? 1 : dice < 88 ? 2 : dice < 97 ? 3 : 4;

	for (; labels > 0; labels--) {
		len += put_label(out + len, cap - len);
		out[len++] = '.';
	}
	snprintf(out + len, cap - len, "%s", tops[draw(sizeof tops / sizeof *tops)]);
}

static int
make_list(size_t count, const char *file)
{
	FILE *f = fopen(file, "w");
	char name[256];

	if (f == NULL) {
		perror(file);
		return 2;
	}
	fprintf(f, "# %lu names, made by test/bench/policy.c\n", (unsigned long)count);
	for (size_t i = 0; i < count; i++) {
		make_name(name, sizeof name);
		fprintf(f, "%s\n", name);
	}
	return fclose(f) == 0 ? 0 : 2;
}

static double
seconds(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

/* VmRSS or VmHWM of this process in bytes, 0 where there is no /proc. */
static size_t
memory(const char *which)
{
	FILE *f = fopen("/proc/self/status", "r");
	char line[128];
	size_t kib = 0;

	while (f != NULL && fgets(line, sizeof line, f) != NULL)
		if (strncmp(line, which, strlen(which)) == 0)
			kib = strtoul(line + strlen(which), NULL, 10);
	if (f != NULL)
		fclose(f);
	return kib * 1024;
}

/* Loads in the smallest steps; *longest: seconds of the longest one. */
static struct policy *
load(const char *file, double *longest)
{
	static struct config c;
	static char err[512];
	struct policy_build *b;
	struct policy *p = NULL;
	double before, now;
	int got = 0;

	c.inspect = true;
	c.memory_kib = MEMORY_KIB;
	c.list_count = 1;
	snprintf(c.lists[0].name, sizeof c.lists[0].name, "bench");
	snprintf(c.lists[0].file, sizeof c.lists[0].file, "%s", file);
	b = policy_build_start(&c, 0, err, sizeof err);
	*longest = 0;
	for (before = seconds(); b != NULL && got == 0; before = now) {
		got = policy_build_step(b, 0, &p, err, sizeof err);
		now = seconds();
		if (now - before > *longest)
			*longest = now - before;
	}
	if (p == NULL) {
		fprintf(stderr, "%s\n", err);
		exit(2);
	}
	return p;
}

static size_t
count_names(const char *file)
{
	FILE *f = fopen(file, "r");
	char line[300];
	size_t count = 0;

	while (f != NULL && fgets(line, sizeof line, f) != NULL)
		count += line[0] != '#';
	if (f != NULL)
		fclose(f);
	return count;
}

static int
bench_load(const char *file)
{
	size_t names = count_names(file), before = memory("VmRSS:"), after, peak;
	double begin = seconds(), took, longest;
	struct policy *p = load(file, &longest);

	took = seconds() - begin;
	after = memory("VmRSS:") - before;
	peak = memory("VmHWM:") - before;
	printf("%lu names: loaded in %.3f s (%.0f names/s), %.2f bytes a name, "
	       "memory %lu KiB after, %lu KiB at most, longest step %.1f ms\n",
		(unsigned long)names, took, (double)names / took,
		(double)policy_bytes(p) / (double)names, (unsigned long)after / 1024,
		(unsigned long)peak / 1024, longest * 1e3);
	policy_free(p);
	return 0;
}

/* Hosts that are not in the list, of five labels; or hosts that are. */
static size_t
make_hosts(char hosts[HOSTS][256], const char *file, bool hit)
{
	FILE *f = hit ? fopen(file, "r") : NULL;
	char name[200];
	size_t n = 0;

	if (!hit) {
		for (n = 0; n < HOSTS; n++) {
			put_label(name, sizeof name);
			snprintf(hosts[n], sizeof hosts[n], "img.cdn%u.eu.not-%s.example",
				draw(1000), name);
		}
		return n;
	}
	while (f != NULL && n < HOSTS && fgets(name, sizeof name, f) != NULL) {
		name[strcspn(name, "\n")] = '\0';
		if (name[0] != '#')
			snprintf(hosts[n++], sizeof hosts[0], "www.%s", name);
		for (uint32_t skip = draw(20); skip > 0 && fgets(name, sizeof name, f) != NULL;
			skip--)
			;
	}
	if (f != NULL)
		fclose(f);
	return n;
}

static int
bench_ask(const char *file, size_t count, const char *kind)
{
	static char hosts[HOSTS][256];
	struct policy_client client = { .addr = { .family = 4, .ip = { 192, 168, 1, 2 } } };
	size_t n = make_hosts(hosts, file, strcmp(kind, "hit") == 0), blocked = 0;
	double longest;
	struct policy *p = load(file, &longest);
	struct verdict v;
	size_t round = count < ROUND ? count : ROUND;
	double begin, took, best = 1e9, all = 0;

	/* In rounds: the best one is what the machine can do, whatever else runs on it. */
	for (size_t i = 0; i + round <= count && count > 0; i += round) {
		begin = seconds();
		for (size_t k = i; k < i + round; k++) {
			policy_judge_host(p, &client, hosts[k % n], &v);
			blocked += v.block;
		}
		took = seconds() - begin;
		all += took;
		if (took < best)
			best = took;
	}
	if (count > 0)
		printf("%s: %.0f ns a look-up (mean %.0f), %.0f/s, %lu of %lu blocked\n", kind,
			best / (double)round * 1e9, all / (double)count * 1e9, (double)round / best,
			(unsigned long)blocked, (unsigned long)count);
	policy_free(p);
	return 0;
}

int
main(int argc, char **argv)
{
	log_open(false, LOG_LEVEL_ERROR);
	if (argc == 4 && strcmp(argv[1], "make") == 0)
		return make_list(strtoul(argv[2], NULL, 10), argv[3]);
	if (argc == 3 && strcmp(argv[1], "load") == 0)
		return bench_load(argv[2]);
	if (argc == 5 && strcmp(argv[1], "ask") == 0)
		return bench_ask(argv[2], strtoul(argv[3], NULL, 10), argv[4]);
	fprintf(stderr,
		"usage: policy make COUNT FILE | load FILE | ask FILE COUNT miss|hit|none\n");
	return 2;
}
