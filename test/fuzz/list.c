/* list: any lines; hosts come out in normal form, paths lie in their line, nothing runs on; and what a path
 * pattern matches stays bounded. */
#include "lib/rules/list.h"

#include <stdlib.h>
#include <string.h>

static void
want(bool cond)
{
	if (!cond)
		abort();
}

static void
check_rule(const struct list_rule *r, const char *line, size_t len)
{
	static const char path[] = "/ads/%41-banner.js?x=1&y=%2f";
	char again[NAME_MAX_TEXT];

	want(r->is_address == (r->host[0] == '\0'));
	if (r->is_address) {
		want(r->range.base.family == 4 || r->range.base.family == 6);
		want(net_range_has(&r->range, &r->range.base));
	} else {
		want(name_normalise(again, r->host, strlen(r->host)) > 0);
		want(strcmp(again, r->host) == 0);
	}
	if (r->path_len == 0)
		return;
	want(r->path_len <= LIST_PATH);
	list_matches_path(r, path, sizeof path - 1);
	list_matches_path(r, line, len);
	list_matches_path(r, path, 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	const char *at = (const char *)data, *end = at + len;

	while (at < end) {
		const char *newline = memchr(at, '\n', (size_t)(end - at));
		size_t n = (size_t)((newline != NULL ? newline : end) - at), rounds = 0;
		char *line = malloc(n); /* its own block, so that a byte too far is seen */
		struct list_line l;
		struct list_rule r;
		enum list_kind kind;

		want(line != NULL || n == 0);
		if (n > 0)
			memcpy(line, at, n);
		list_init(&l, line, n);
		while ((kind = list_next(&l, &r)) != LIST_END) {
			want(rounds++ <= n && kind < LIST_KINDS);
			want(list_kind_text(kind) != NULL);
			if (kind == LIST_RULE)
				check_rule(&r, line, n);
		}
		free(line);
		at += n + (newline != NULL);
	}
	return 0;
}
