/*
 * bench: what the chain check costs.  Prints figures, judges nothing: a timed test lies on a busy machine.
 *
 *     bench BUNDLE CHAIN.pem NAME TIME
 *
 * The least of many runs is shown, which is what the work costs when nothing else runs.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "lib/x509/anchors.h"
#include "lib/x509/chain.h"
#include "lib/x509/pem.h"

enum { RUNS = 200 };

static double
now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static void
say(void *ctx, const char *line)
{
	(void)ctx;
	fprintf(stderr, "%s\n", line);
}

static void
read_chain(struct chain *c, const char *path)
{
	static unsigned char room[CHAIN_BYTES];
	static char text[1 << 20];
	FILE *f = fopen(path, "r");
	size_t len = f ? fread(text, 1, sizeof text, f) : 0, at, used;
	struct pem p;

	if (f)
		fclose(f);
	pem_init(&p, room, sizeof room);
	for (at = 0; at < len; at += used)
		if (pem_push(&p, text + at, len - at, &used) == 1)
			(void)chain_add(c, p.out, p.len);
	if (pem_end(&p) == 1)
		(void)chain_add(c, p.out, p.len);
}

static double
time_check(struct chain *c, struct anchors *a, struct chain_signatures *s, const char *name,
	int64_t when, unsigned *steps, double *longest)
{
	double least = 1e12, start, one, all;
	int i;

	for (i = 0; i < RUNS; i++) {
		int done = 0;

		all = *longest = 0;
		*steps = 0;
		start = now_us();
		chain_check_start(c, a, s, strcmp(name, "-") == 0 ? NULL : name, when);
		all = now_us() - start;
		while (!done) {
			start = now_us();
			done = chain_check_step(c);
			one = now_us() - start;
			all += one;
			*longest = one > *longest ? one : *longest;
			++*steps;
		}
		least = all < least ? all : least;
	}
	return least;
}

int
main(int argc, char **argv)
{
	char err[ANCHORS_ERROR], text[CHAIN_TEXT];
	struct anchors *a = NULL;
	struct chain *c = malloc(sizeof *c);
	struct chain_signatures *s = chain_signatures_new(256);
	double least = 1e12, start, longest;
	unsigned steps;
	int i;

	if (argc != 5 || !c || !s)
		return 2;
	for (i = 0; i < 20; i++) {
		anchors_release(a);
		start = now_us();
		a = anchors_load(argv[1], NULL, NULL, 0, i == 0 ? say : NULL, NULL, err);
		if (!a) {
			fprintf(stderr, "%s\n", err);
			return 2;
		}
		least = now_us() - start < least ? now_us() - start : least;
	}
	printf("anchors: %zu in %.2f ms and %zu bytes\n", anchors_count(a), least / 1e3,
		anchors_bytes(a));
	printf("struct chain: %zu bytes\n", sizeof *c);
	chain_init(c);
	read_chain(c, argv[2]);
	least = time_check(c, a, NULL, argv[3], strtoll(argv[4], NULL, 10), &steps, &longest);
	printf("check: %zu certificates, %.3f ms in %u steps, the longest %.3f ms: %s\n", c->count,
		least / 1e3, steps, longest / 1e3, chain_check_text(c, text));
	least = time_check(c, a, s, argv[3], strtoll(argv[4], NULL, 10), &steps, &longest);
	printf("check, signatures remembered: %.3f ms\n", least / 1e3);
	chain_check_reset(c);
	anchors_release(a);
	chain_signatures_free(s);
	free(c);
	return 0;
}
