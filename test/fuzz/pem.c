/* pem: the same objects come out however the text is cut, and never more than the room. */
#include "lib/x509/pem.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

enum { ROOM = 256 };

/* A running sum over everything that was found. */
static uint32_t
sum(const char *text, size_t len, size_t piece)
{
	unsigned char *room = malloc(ROOM);
	struct pem p;
	size_t at, used, i;
	uint32_t h = 0;
	int event;

	pem_init(&p, room, ROOM);
	for (at = 0;; at += used) {
		used = 0;
		event = at < len ? pem_push(&p, text + at, len - at < piece ? len - at : piece,
					   &used)
				 : pem_end(&p);
		if (p.len > ROOM || strlen(p.label) >= PEM_LABEL || used > piece ||
			(at < len && used == 0))
			abort();
		if (event != 0)
			h = h * 31 + (uint32_t)(event + 2);
		for (i = 0; event > 0 && i < p.len; i++)
			h = h * 31 + room[i];
		if (at >= len)
			break;
	}
	free(room);
	return h;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	const char *text = (const char *)data;

	if (sum(text, len, len + 1) != sum(text, len, 1) || sum(text, len, 7) != sum(text, len, 1))
		abort();
	return 0;
}
