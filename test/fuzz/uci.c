/* uci: any bytes; what is read, quoted as `uci export` quotes it, reads back as the same. */
#include "lib/base/uci.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static void
want(bool cond)
{
	if (!cond)
		abort();
}

/* option NAME 'VALUE', with ' as '\'' */
static size_t
quote(char *out, const char *name, const char *value)
{
	size_t n = 0;

	for (const char *p = "option '"; *p != '\0'; p++)
		out[n++] = *p;
	for (int part = 0; part < 2; part++) {
		for (const char *p = part == 0 ? name : value; *p != '\0'; p++) {
			if (*p == '\'') {
				memcpy(out + n, "'\\''", 4);
				n += 4;
			} else {
				out[n++] = *p;
			}
		}
		memcpy(out + n, part == 0 ? "' '" : "'\n ", 3);
		n += part == 0 ? 3 : 2;
	}
	return n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	char text[4 * (UCI_NAME + UCI_VALUE) + 16];
	struct uci u, again;
	unsigned line = 1;
	size_t n;
	int got;

	uci_init(&u, (const char *)data, len);
	while ((got = uci_next(&u)) > 0) {
		want(strlen(u.name) < UCI_NAME && strlen(u.value) < UCI_VALUE && u.name[0] != '\0');
		want(u.line >= line);
		line = u.line;
		n = quote(text, u.name, u.value);
		uci_init(&again, text, n);
		want(uci_next(&again) == 1);
		want(strcmp(again.name, u.name) == 0 && strcmp(again.value, u.value) == 0);
		want(uci_next(&again) == 0);
	}
	want(got == 0 || u.error != NULL);
	return 0;
}
