/*
 * store: whatever a file holds, it loads without harm, and what the index then says is so.
 *
 * Checksums are made good first where the input has a record's beginning: else no input but the corpus would ever
 * get past them.
 */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include "../../lib/x509/store.c"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static bool
odd(const void *arg, const unsigned char *data, size_t len)
{
	(void)arg;
	return len % 2 == 1 || data[0] != 0;
}

static void
make_good(const struct store *s, unsigned char *file, size_t len)
{
	for (size_t at = 0; at + STORE_HEADER < len; at += STORE_BLOCK) {
		size_t n = read32(file + at + AT_LENGTH);

		if (memcmp(file + at, magic, sizeof magic) == 0 && n <= len - at - STORE_HEADER &&
			file[at + AT_CHECK] % 4 != 0)
			compute_check(s, file + at, n, file + at + AT_CHECK);
	}
}

static void
check_index(const struct store *s)
{
	size_t end = 0;

	for (size_t i = 0; i < s->count; i++) {
		const struct record *r = &s->index[i];

		if (r->offset < end || r->blocks != blocks_for(r->len) || r->len > longest(s))
			abort();
		end = r->offset + r->blocks;
		for (size_t j = 0; j < i; j++)
			if (memcmp(s->index[j].key, r->key, STORE_KEY) == 0)
				abort();
	}
	if (end > s->block_count || s->count > s->index_max)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static const unsigned char secret[STORE_SECRET] = "fuzz";
	static const struct store_limits limits = { 0, 1 << 20 };
	struct store *s = store_new(8192, secret, &limits);
	unsigned char *file = malloc(len + 1), key[STORE_KEY] = { 1 };
	int fd = memfd_create("store", MFD_CLOEXEC);
	size_t got;

	if (s == NULL || file == NULL || fd < 0)
		abort();
	if (len > 0)
		memcpy(file, data, len);
	make_good(s, file, len);
	if (write(fd, file, len) != (ssize_t)len)
		abort();
	free(file);
	s->fd = fd;
	if (read_file(s, &got) != 0)
		abort();
	scan(s, got, odd, NULL);
	check_index(s);
	for (unsigned i = 0; i < 20; i++) {
		key[1] = (unsigned char)i;
		store_put(s, key, secret, 1 + i * 7 % 31);
		store_get(s, key, &got);
	}
	check_index(s);
	store_flush(s);
	store_close(s);
	return 0;
}
