/*
 * verify: the chain check as a command.  See verify.h.
 */
#include "lib/x509/verify.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "lib/x509/anchors.h"
#include "lib/x509/chain.h"
#include "lib/x509/pem.h"

enum { CHUNK = 4096 }; /* bytes of a file read at once */

static int
complain(const char *what, const char *why)
{
	fprintf(stderr, "sluice verify: %s: %s\n", what, why);
	return 2;
}

/* A certificate over a bound is no fault of the file: the check refuses the chain by name. */
static int
take_object(struct chain *c, const struct pem *p, int event)
{
	if (event == 1 && pem_is_certificate(p))
		(void)chain_add(c, p->out, p->len);
	return event;
}

static const char *
read_objects(struct chain *c, FILE *f, struct pem *p)
{
	char chunk[CHUNK];
	size_t got, at, used;

	while ((got = fread(chunk, 1, sizeof chunk, f)) > 0)
		for (at = 0; at < got; at += used)
			if (take_object(c, p, pem_push(p, chunk + at, got - at, &used)) < 0)
				return "a certificate in it can't be decoded";
	if (take_object(c, p, pem_end(p)) < 0)
		return "its last certificate can't be decoded";
	return ferror(f) ? strerror(errno) : c->count == 0 ? "no certificate in it" : NULL;
}

static int
read_chain(struct chain *c, const char *path)
{
	FILE *f = fopen(path, "re");
	unsigned char *room = malloc(CHAIN_BYTES);
	const char *why = f && room ? NULL : strerror(errno);
	struct pem p;

	if (!why) {
		pem_init(&p, room, CHAIN_BYTES);
		why = read_objects(c, f, &p);
	}
	if (f)
		fclose(f);
	free(room);
	return why ? complain(path, why) : 0;
}

/* To what chain_check_start wants: lower case, no trailing dot.  Returns 0, or -1: no name at all. */
static int
normalize(const char *name, char out[256])
{
	size_t len = strlen(name), i;

	if (len > 1 && name[len - 1] == '.')
		len--;
	if (len == 0 || len > 255)
		return -1;
	for (i = 0; i < len; i++)
		out[i] = name[i] >= 'A' && name[i] <= 'Z' ? (char)(name[i] + ('a' - 'A')) : name[i];
	out[len] = '\0';
	return 0;
}

static int
parse_time(const char *text, int64_t *out)
{
	char *end;

	errno = 0;
	*out = strtoll(text, &end, 10);
	return errno != 0 || end == text || *end != '\0' || strchr(" \t\n+", text[0]) ? -1 : 0;
}

static int
print_verdict(const struct chain *c)
{
	char text[CHAIN_TEXT], shown[CHAIN_TEXT];
	size_t i, n = 0;

	if (chain_check_error(c) == CHAIN_OK) {
		puts("OK");
		return 0;
	}
	/* the sentence is for a terminal here: a peer's control bytes and UTF-8 stay out of it */
	chain_check_text(c, text);
	for (i = 0; text[i]; i++)
		shown[n++] = text[i] >= 0x20 && text[i] < 0x7f ? text[i] : '?';
	shown[n] = '\0';
	printf("ERR %s: %s\n", chain_error_code(chain_check_error(c)), shown);
	return 1;
}

int
verify_command(const char *trusted, const char *chain, const char *name, const char *time)
{
	struct anchors *anchors;
	struct chain *c;
	char err[ANCHORS_ERROR], host[256];
	bool named = strcmp(name, "-") != 0;
	int64_t now;
	int status;

	if (named && normalize(name, host) != 0)
		return complain(name, "not a host name");
	if (parse_time(time, &now) != 0)
		return complain(time, "not a time in unix seconds");
	anchors = anchors_read(trusted, NULL, NULL, 0, NULL, NULL, err);
	c = malloc(sizeof *c);
	if (!anchors || !c) {
		fprintf(stderr, "sluice verify: %s\n", anchors ? "out of memory" : err);
		anchors_release(anchors);
		free(c);
		return 2;
	}
	chain_init(c);
	status = read_chain(c, chain);
	if (status == 0) {
		chain_check_start(c, anchors, NULL, named ? host : NULL, now);
		while (!chain_check_step(c))
			;
		status = print_verdict(c);
	}
	chain_check_reset(c);
	anchors_release(anchors);
	free(c);
	return status;
}
