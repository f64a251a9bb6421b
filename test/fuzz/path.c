/* path: no reading is longer than the text, none differs when made in place, what is canonical stays so and has no
 * dot segment; and readings that agree in length, as sent and for servlets, agree in all. */
#include "lib/rules/path.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static void
want(bool cond)
{
	if (!cond)
		abort();
}

/* In a block of its own of no more bytes than the text has. */
static char *
read_copy(const char *text, size_t len, enum path_reading reading, size_t *n)
{
	char *out = malloc(len > 0 ? len : 1), *place = malloc(len > 0 ? len : 1);

	want(out != NULL && place != NULL);
	*n = path_read(out, text, len, reading);
	want(*n <= len);
	if (len > 0)
		memcpy(place, text, len);
	want(path_read(place, place, len, reading) == *n && memcmp(place, out, *n) == 0);
	free(place);
	return out;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	const char *text = (const char *)data;
	char *out[PATH_READINGS], *again;
	size_t n[PATH_READINGS], m;

	for (unsigned i = 0; i < PATH_READINGS; i++)
		out[i] = read_copy(text, len, (enum path_reading)i, &n[i]);
	again = read_copy(out[PATH_CANONICAL], n[PATH_CANONICAL], PATH_CANONICAL, &m);
	want(m == n[PATH_CANONICAL] && memcmp(again, out[PATH_CANONICAL], m) == 0);
	free(again);
	again = read_copy(out[PATH_CANONICAL], n[PATH_CANONICAL], PATH_AS_SENT, &m);
	want(m == n[PATH_CANONICAL]); /* nothing was left to resolve */
	free(again);
	again = malloc(len > 0 ? len : 1);
	want(again != NULL && path_read_pattern(again, text, len) <= len);
	free(again);
	for (unsigned i = 0; i < PATH_READINGS; i++) {
		if (n[PATH_AS_SENT] == n[PATH_AS_SERVLETS])
			want(n[i] == n[PATH_AS_SENT] &&
				memcmp(out[i], out[PATH_AS_SENT], n[i]) == 0);
		want(n[i] <= n[PATH_AS_SENT]);
	}
	for (unsigned i = 0; i < PATH_READINGS; i++)
		free(out[i]);
	return 0;
}
