/* hello: what is read does not depend on how it was cut into segments and records, and a full buffer is an answer. */
#include "lib/tls/hello.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* Into a block of its own: one byte too far is found. */
static int
parse(struct hello *h, const uint8_t *data, size_t len)
{
	uint8_t *copy = malloc(len > 0 ? len : 1);
	int got;

	memcpy(copy, data, len);
	got = hello_parse(h, copy, len);
	free(copy);
	return got;
}

static bool
same(const struct hello *a, const struct hello *b)
{
	return strcmp(a->sni, b->sni) == 0 && a->has_alpn == b->has_alpn &&
	       a->alpn_http11 == b->alpn_http11 && a->tls12 == b->tls12 && a->suite == b->suite &&
	       a->group == b->group && a->point == b->point && a->signature == b->signature &&
	       a->session_id_len == b->session_id_len &&
	       memcmp(a->session_id, b->session_id, sizeof a->session_id) == 0;
}

/* The payload of these records in records of `size` bytes.  Returns the length, 0 if it is too long. */
static size_t
repack(uint8_t *out, const uint8_t *data, size_t len, size_t size)
{
	size_t in_left = 0, made = 0, head = 0;

	while (len > 0) {
		if (in_left == 0) {
			in_left = (size_t)data[3] << 8 | data[4];
			data += 5;
			len -= 5;
		}
		if (made + 6 > HELLO_WIRE_MAX)
			return 0;
		if (made == 0 || made - head == size + 5) {
			head = made;
			memcpy(out + made, "\x16\x03\x01\0\0", 5);
			made += 5;
		}
		out[made++] = *data++;
		out[head + 3] = (uint8_t)((made - head - 5) >> 8);
		out[head + 4] = (uint8_t)(made - head - 5);
		in_left--;
		len--;
	}
	return made;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static uint8_t packed[HELLO_WIRE_MAX];
	struct hello h, again;
	int got = parse(&h, data, len);

	if ((got < 0) != (h.error != HELLO_OK) || got > HELLO_WIRE_MAX ||
		(got == 0 && len >= HELLO_WIRE_MAX))
		abort();
	if (got <= 0) {
		if (h.sni[0] != '\0' || h.tls12 || h.has_alpn || hello_is_speakable(&h))
			abort();
		return 0;
	}
	if ((size_t)got > len || parse(&again, data, (size_t)got - 1) != 0)
		abort();
	for (size_t size = 1; size < 300; size += size < 8 ? 1 : 97) {
		size_t made = repack(packed, data, (size_t)got, size);

		if (made > 0 && (parse(&again, packed, made) != (int)made || !same(&h, &again)))
			abort();
	}
	return 0;
}
