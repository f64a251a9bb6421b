/*
 * store: what is remembered, what is forgotten, what is written when, and above all what is found after a power
 * cut: every write sequence here is cut at every byte, with the writes since the last fsync reordered and dropped.
 *
 * The store's file is a buffer here: its calls are replaced by the ones below, which log what is written.
 */
#include "check.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/file.h>
#include <sys/stat.h>

enum { DISK = 1 << 17, OPS = 4096 };

/* The disk, and what was done to it. op.len 0: an fsync. */
static struct op {
	size_t at, len, data;
} ops[OPS];
static unsigned char disk[DISK], written[1 << 21];
static size_t disk_len, op_count, written_len;
static bool faking, is_read_only, removed;
static int write_error, sync_error;
static size_t short_write; /* a pwrite takes at most this much; 0: all */

static ssize_t
fake_pread(int fd, void *out, size_t len, off_t at)
{
	if (!faking)
		return pread(fd, out, len, at);
	if ((size_t)at >= disk_len)
		return 0;
	len = len < disk_len - (size_t)at ? len : disk_len - (size_t)at;
	if (len > 100 && at == 0)
		len = 100; /* a short read is no end */
	memcpy(out, disk + at, len);
	return (ssize_t)len;
}

static ssize_t
fake_pwrite(int fd, const void *data, size_t len, off_t at)
{
	if (!faking)
		return pwrite(fd, data, len, at);
	if (write_error != 0) {
		errno = write_error;
		return -1;
	}
	if (short_write > 0 && len > short_write)
		len = short_write;
	ops[op_count++] = (struct op){ (size_t)at, len, written_len };
	memcpy(written + written_len, data, len);
	written_len += len;
	memcpy(disk + at, data, len);
	if (disk_len < (size_t)at + len)
		disk_len = (size_t)at + len;
	return (ssize_t)len;
}

static int
fake_fsync(int fd)
{
	if (!faking)
		return fsync(fd);
	if (sync_error != 0) {
		errno = sync_error;
		return -1;
	}
	ops[op_count++] = (struct op){ 0 };
	return 0;
}

static int
fake_open(const char *path, int flags, ...)
{
	if (!faking)
		return open(path, flags, 0600);
	if (is_read_only && (flags & O_RDWR) != 0) {
		errno = EROFS;
		return -1;
	}
	return open("/dev/null", O_RDONLY | O_CLOEXEC);
}

static int
fake_fstat(int fd, struct stat *st)
{
	if (!faking)
		return fstat(fd, st);
	*st = (struct stat){ .st_mode = S_IFREG, .st_nlink = removed ? 0 : 1 };
	return 0;
}

static int
fake_ftruncate(int fd, off_t len)
{
	if (!faking)
		return ftruncate(fd, len);
	disk_len = (size_t)len;
	return 0;
}

static int
fake_flock(int fd, int how)
{
	return faking ? 0 : flock(fd, how);
}

#define pread     fake_pread
#define pwrite    fake_pwrite
#define fsync     fake_fsync
#define open      fake_open
#define fstat     fake_fstat
#define ftruncate fake_ftruncate
#define flock     fake_flock
#include "../../lib/x509/store.c"
#undef pread
#undef pwrite
#undef fsync
#undef open
#undef fstat
#undef ftruncate
#undef flock

static const unsigned char secret[STORE_SECRET] = "a secret", other_secret[STORE_SECRET] = "b";
static const struct store_limits limits = { 1000, 1 << 20 };
static uint32_t dice = 1;

static uint32_t
roll(uint32_t n)
{
	dice = dice * 1664525 + 1013904223;
	return (uint32_t)((uint64_t)dice * n >> 32);
}

static bool
all(const void *arg, const unsigned char *data, size_t len)
{
	(void)arg;
	(void)data;
	return len > 0;
}

/* Record n: its key, its data, its length, all from n. */
static size_t
fill(unsigned n, unsigned char key[STORE_KEY], unsigned char *data)
{
	size_t len = 60 + n * 37 % 400;

	memset(key, 0, STORE_KEY);
	key[0] = (unsigned char)n;
	key[1] = (unsigned char)(n >> 8);
	for (size_t i = 0; i < len; i++)
		data[i] = (unsigned char)(n * 31 + i * i);
	return len;
}

static void
put(struct store *s, unsigned n)
{
	unsigned char key[STORE_KEY], data[512];
	size_t len = fill(n, key, data);

	store_put(s, key, data, len);
}

/* 1: there and right; 0: not there; -1: there and wrong. */
static int
get(struct store *s, unsigned n)
{
	unsigned char key[STORE_KEY], want[512];
	size_t want_len = fill(n, key, want), len;
	const unsigned char *data = store_get(s, key, &len);

	if (data == NULL)
		return 0;
	return len == want_len && memcmp(data, want, len) == 0 ? 1 : -1;
}

static void
fresh_disk(void)
{
	memset(disk, 0, sizeof disk);
	disk_len = op_count = written_len = 0;
	write_error = sync_error = 0;
	short_write = 0;
	is_read_only = removed = false;
	faking = true;
}

static struct store *
open_store(size_t capacity, const unsigned char *with)
{
	struct store *s = store_new(capacity, with, &limits);
	char err[STORE_ERROR] = "";

	CHECK_INT(store_attach(s, "/x", all, NULL, err), 0);
	CHECK_STR(err, "");
	return s;
}

/* Ticks until the batch that is due is over. */
static int64_t
batch(struct store *s, int64_t now)
{
	now += 1000;
	do
		store_tick(s, now);
	while (store_want(s) <= now);
	return now;
}

static struct store_counters
counters(const struct store *s)
{
	struct store_counters c;

	store_count(s, &c);
	return c;
}

static void
check_invariants(const struct store *s)
{
	size_t end = 0, wrong = 0;

	for (size_t i = 0; i < s->count; i++) {
		wrong += s->index[i].offset < end;
		wrong += s->index[i].blocks != blocks_for(s->index[i].len);
		end = s->index[i].offset + s->index[i].blocks;
		for (size_t j = 0; j < i; j++)
			wrong += memcmp(s->index[i].key, s->index[j].key, STORE_KEY) == 0;
	}
	wrong += end > s->block_count;
	wrong += s->count > s->index_max;
	CHECK_INT(wrong, 0);
}

static void
test_memory(void)
{
	struct store *s = store_new(8192, secret, &limits);
	unsigned char key[STORE_KEY] = { 0 }, *big = calloc(1, 8192);
	unsigned i;

	CHECK_INT(get(s, 1), 0);
	put(s, 1);
	CHECK_INT(get(s, 1), 1);
	CHECK_INT(get(s, 2), 0);
	put(s, 1); /* again: not twice */
	CHECK_INT(s->count, 1);
	store_put(s, key, big, 0);
	store_put(s, key, big, 2048 - STORE_HEADER + 1); /* more than a quarter */
	CHECK_INT(s->count, 1);
	store_put(s, key, big, 2048 - STORE_HEADER);
	CHECK_INT(s->count, 2);
	for (i = 0; i < 5000; i++) {
		put(s, roll(60));
		get(s, roll(60));
		if (i % 50 == 0)
			check_invariants(s);
	}
	for (i = 0; i < 60; i++)
		CHECK(get(s, i) >= 0);
	CHECK_INT(store_want(s), INT64_MAX);
	store_tick(s, 1 << 30); /* without a file nothing happens */
	CHECK_INT(counters(s).flash, 0);
	store_close(s);
	store_close(NULL);
	free(big);
}

/* What was used least recently goes; and what was used once goes before what was used twice. */
static void
test_forgetting(void)
{
	unsigned char key[STORE_KEY] = { 0 }, data[468] = { 0 };
	struct store *s = store_new(4096, secret, &limits); /* eight of these */
	size_t len;

	for (key[0] = 1; key[0] <= 8; key[0]++)
		store_put(s, key, data, sizeof data);
	CHECK_INT(s->count, 8);
	key[0] = 1; /* now 2 is the oldest, and 1 has been used twice */
	CHECK(store_get(s, key, &len) != NULL);
	for (key[0] = 9; key[0] <= 15; key[0]++)
		store_put(s, key, data, sizeof data);
	for (key[0] = 2; key[0] <= 8; key[0]++)
		CHECK(store_get(s, key, &len) == NULL);
	key[0] = 1;
	CHECK(store_get(s, key, &len) != NULL);
	for (key[0] = 9; key[0] <= 15; key[0]++)
		CHECK(store_get(s, key, &len) != NULL);
	store_close(s);
}

/* Many small records: the index has a bound of its own. */
static void
test_small(void)
{
	struct store *s = store_new(8192, secret, &limits);
	unsigned char key[STORE_KEY] = { 0 }, data = 7;

	for (unsigned i = 0; i < 300; i++) {
		key[0] = (unsigned char)i;
		key[1] = (unsigned char)(i >> 8);
		store_put(s, key, &data, 1);
	}
	check_invariants(s);
	CHECK_INT(s->count, 8192 / STORE_BLOCK / BLOCKS_PER_RECORD);
	store_close(s);
}

static void
test_writing(void)
{
	struct store *s;
	int64_t now = 0;

	fresh_disk();
	s = open_store(8192, secret);
	put(s, 1);
	put(s, 2);
	get(s, 2);
	now = batch(s, now);
	CHECK_INT(counters(s).written, 1); /* what was used once is not written */
	CHECK_INT(counters(s).flash, STORE_PAGE);
	CHECK_INT(op_count, 2);
	CHECK_INT(ops[1].len, 0); /* and then the fsync */
	get(s, 2);
	now = batch(s, now);
	CHECK_INT(op_count, 2); /* nothing new, nothing written */
	get(s, 1);
	CHECK_INT(op_count, 2);
	store_tick(s, now + 1); /* not before the interval has passed */
	CHECK_INT(op_count, 2);
	store_flush(s); /* but at the end */
	CHECK_INT(op_count, 4);
	CHECK(store_complaint(s) == NULL);
	store_close(s);

	s = open_store(8192, secret);
	CHECK_INT(counters(s).loaded, 2);
	CHECK_INT(get(s, 1), 1);
	CHECK_INT(get(s, 2), 1);
	store_flush(s); /* what came from flash needs no writing */
	CHECK_INT(op_count, 4);
	store_close(s);

	s = open_store(8192, other_secret); /* another's */
	CHECK_INT(counters(s).loaded, 0);
	CHECK_INT(counters(s).skipped, 2);
	CHECK_INT(get(s, 1), 0);
	store_close(s);
}

static bool
none(const void *arg, const unsigned char *data, size_t len)
{
	(void)arg;
	(void)data;
	(void)len;
	return false;
}

/* Good records that nobody wants, a larger file than allowed, a new secret. */
static void
test_unwanted(void)
{
	struct store *s;
	char err[STORE_ERROR];

	fresh_disk();
	s = open_store(16384, secret);
	for (unsigned i = 0; i < 30; i++) {
		put(s, i);
		get(s, i);
	}
	store_flush(s);
	store_rekey(s, other_secret);
	CHECK_INT(get(s, 1), 0);
	store_close(s);
	CHECK(disk_len > 8192);

	s = store_new(8192, secret, &limits);
	CHECK_INT(store_attach(s, "/x", none, NULL, err), 0);
	CHECK_INT(counters(s).records, 0);
	CHECK_INT(disk_len, 8192);
	store_close(s);
	s = open_store(8192, secret);
	CHECK(counters(s).loaded > 10);
	CHECK_INT(get(s, 0), 1);
	store_close(s);
}

static void
test_budget(void)
{
	struct store_limits tight = { 1000, 3 * STORE_PAGE };
	struct store *s;
	char err[STORE_ERROR];
	int64_t now = 0;

	fresh_disk();
	s = store_new(65536, secret, &tight);
	CHECK_INT(store_attach(s, "/x", all, NULL, err), 0);
	for (unsigned i = 0; i < 150; i++) {
		put(s, i);
		get(s, i);
	}
	for (int i = 0; i < 50; i++)
		now = batch(s, now);
	CHECK_INT(counters(s).flash, 3 * STORE_PAGE);
	CHECK_INT(written_len <= 3 * STORE_PAGE, 1);
	CHECK(counters(s).written > 20);
	now += DAY_MS; /* tomorrow goes on */
	now = batch(s, now);
	CHECK_INT(counters(s).flash, 6 * STORE_PAGE);
	CHECK_INT(counters(s).flash_today, 3 * STORE_PAGE);
	CHECK(store_complaint(s) == NULL);
	store_flush(s); /* the end of the program has no more than the rest of the day */
	CHECK_INT(counters(s).flash, 6 * STORE_PAGE);
	store_close(s);
}

static void
test_failures(void)
{
	static const struct {
		int write, sync;
		bool removed;
		const char *text;
	} cases[] = {
		{ ENOSPC, 0, false,
			"the cache on flash can't be written, so it lives in memory only: No space "
			"left on device" },
		/* which all C libraries call the same */
		{ 0, EROFS, false,
			"the cache on flash can't be written, so it lives in memory only: "
			"Read-only file system" },
		{ 0, 0, true,
			"the cache on flash can't be written, so it lives in memory only: its file "
			"was removed" },
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct store *s;
		const char *text;
		int64_t now = 0;

		fresh_disk();
		s = open_store(8192, secret);
		write_error = cases[i].write;
		sync_error = cases[i].sync;
		removed = cases[i].removed;
		put(s, 1);
		get(s, 1);
		now = batch(s, now);
		text = store_complaint(s);
		CHECK_STR(text == NULL ? "nothing" : text, cases[i].text);
		CHECK_INT(get(s, 1), 1); /* from RAM */
		now = batch(s, now);
		now = batch(s, now + 10000);
		CHECK(store_complaint(s) == NULL); /* once */
		write_error = sync_error = 0;
		removed = false;
		batch(s, now + 10000);
		text = store_complaint(s);
		CHECK_STR(text == NULL ? "nothing" : text, "the cache on flash is written again");
		store_close(s);
		s = open_store(8192, secret);
		CHECK_INT(get(s, 1), 1);
		store_close(s);
	}
}

static void
test_read_only(void)
{
	struct store *s;
	char err[STORE_ERROR];

	fresh_disk();
	s = open_store(8192, secret);
	put(s, 1);
	get(s, 1);
	store_flush(s);
	store_close(s);
	is_read_only = true;
	s = store_new(8192, secret, &limits);
	CHECK_INT(store_attach(s, "/x", all, NULL, err), -1);
	CHECK_STR(err, "/x: it can't be written; the cache is in memory only");
	CHECK_INT(get(s, 1), 1); /* what it has is used */
	CHECK_INT(store_want(s), INT64_MAX);
	store_close(s);
}

/* Every bit of a file with three records flipped: that record is gone or unharmed, the others are there. */
static void
test_flips(void)
{
	struct store *s;
	size_t end;
	unsigned wrong = 0, lost = 0;

	fresh_disk();
	s = open_store(4096, secret);
	for (unsigned i = 1; i <= 3; i++) {
		put(s, i);
		get(s, i);
	}
	store_flush(s);
	store_close(s);
	end = disk_len;
	for (size_t bit = 0; bit < end * 8; bit++) {
		unsigned found = 0;

		disk[bit / 8] ^= (unsigned char)(1 << bit % 8);
		s = store_new(4096, secret, &limits);
		char err[STORE_ERROR];
		store_attach(s, "/x", all, NULL, err);
		for (unsigned i = 1; i <= 3; i++) {
			int got = get(s, i);

			wrong += got < 0;
			found += got > 0;
		}
		wrong += found < 2;
		lost += found == 2;
		store_close(s);
		disk[bit / 8] ^= (unsigned char)(1 << bit % 8);
	}
	CHECK_INT(wrong, 0);
	CHECK(lost > 3 * 60 * 8);
}

/* A peer that knows where in a record its bytes will be puts a record into it: without the secret it can't be
 * one, and a file full of such beginnings does not take for ever. */
static void
test_poison(void)
{
	static unsigned char data[1 << 14];
	struct store *s;
	unsigned char key[STORE_KEY] = { 9 };

	fresh_disk();
	s = open_store(1 << 16, other_secret);
	put(s, 1);
	get(s, 1);
	store_flush(s);
	for (size_t at = STORE_BLOCK - STORE_HEADER; at + STORE_BLOCK <= sizeof data / 2;
		at += STORE_BLOCK)
		memcpy(data + at, disk, STORE_HEADER); /* good under the other secret */
	store_close(s);
	fresh_disk();
	s = open_store(1 << 16, secret);
	store_put(s, key, data, sizeof data / 2);
	size_t len;
	CHECK(store_get(s, key, &len) != NULL);
	store_flush(s);
	store_close(s);
	memset(disk, 0, STORE_HEADER); /* the outer header is lost */
	s = open_store(1 << 16, secret);
	CHECK_INT(counters(s).loaded, 0);
	CHECK(counters(s).skipped > 50);
	CHECK_INT(get(s, 1), 0);
	store_close(s);

	/* Magic and a long length in every block. */
	for (size_t at = 0; at + STORE_BLOCK <= 1 << 16; at += STORE_BLOCK) {
		memcpy(disk + at, magic, 4);
		write32(disk + at + AT_LENGTH, 16000);
	}
	disk_len = 1 << 16;
	s = open_store(1 << 16, secret);
	CHECK_INT(counters(s).loaded, 0);
	CHECK(counters(s).skipped < 20); /* it stopped looking */
	store_close(s);
}

/* The same key in two places: the one written later counts. */
static void
test_twins(void)
{
	unsigned char key[STORE_KEY] = { 5 }, old[100] = "old", new[100] = "new";
	struct store *s;
	size_t len;
	const unsigned char *data;
	unsigned char image[4096];

	for (int turned = 0; turned < 2; turned++) {
		fresh_disk();
		s = open_store(4096, secret);
		store_put(s, key, turned ? new : old, sizeof old);
		store_get(s, key, &len);
		if (turned) /* the later sequence comes first in the file */
			s->sequence = 9;
		store_flush(s);
		memcpy(image, disk, disk_len);
		size_t first = disk_len;
		store_put(s, key, turned ? old : new, sizeof old);
		store_get(s, key, &len);
		if (turned)
			s->sequence = 3;
		s->index[0].saved = false;
		store_flush(s);
		memcpy(image + first, disk, first);
		memcpy(disk, image, 2 * first);
		disk_len = 2 * first;
		store_close(s);
		s = open_store(4096, secret);
		CHECK_INT(counters(s).records, 1);
		data = store_get(s, key, &len);
		CHECK_STR(data == NULL ? "none" : (const char *)data, "new");
		store_close(s);
	}
}

/* --- power cuts --- */

enum { UNIVERSE = 60 };

struct moment {
	size_t ops;          /* done so far */
	bool must[UNIVERSE]; /* synced, and not forgotten since */
};

static void
note_must(const struct store *s, struct moment *m, uint32_t synced_before)
{
	memset(m->must, 0, sizeof m->must);
	for (size_t i = 0; i < s->count; i++)
		if (s->index[i].saved && s->index[i].sequence < synced_before)
			m->must[s->index[i].key[0]] = true;
	m->ops = op_count;
}

static unsigned cuts;

/* A start after the cut.  Returns how much is wrong. */
static unsigned
boot(const struct moment *m)
{
	struct store *s = store_new(8192, secret, &limits);
	char err[STORE_ERROR];
	unsigned wrong = 0;

	store_attach(s, "/x", all, NULL, err);
	for (unsigned n = 0; n < UNIVERSE; n++) {
		int got = get(s, n);

		wrong += got < 0;
		wrong += got == 0 && m->must[n];
	}
	store_close(s);
	cuts++;
	return wrong;
}

static void
apply(const struct op *op, size_t bytes)
{
	memcpy(disk + op->at, written + op->data, bytes);
	if (disk_len < op->at + bytes)
		disk_len = op->at + bytes;
}

/* The cut comes while op `last` is done; what was written since the fsync before may be on flash or not, in
 * any order, and torn. */
static unsigned
cut_during(size_t last, const struct moment *m, const unsigned char *synced, size_t synced_len,
	size_t first)
{
	unsigned wrong = 0;
	size_t bytes;

	for (bytes = 0; bytes <= ops[last].len; bytes++) { /* in order, at every byte */
		memcpy(disk, synced, 8192);
		disk_len = synced_len;
		for (size_t i = first; i < last; i++)
			apply(&ops[i], ops[i].len);
		apply(&ops[last], bytes);
		wrong += boot(m);
	}
	for (int round = 0; round < 40; round++) { /* out of order, some never, some torn */
		memcpy(disk, synced, 8192);
		disk_len = synced_len;
		for (size_t i = first; i <= last; i++) {
			const struct op *op = &ops[first + roll((uint32_t)(last - first + 1))];

			apply(op, roll(3) > 0 ? op->len : roll((uint32_t)op->len + 1));
		}
		wrong += boot(m);
	}
	return wrong;
}

/* Lives a life of puts and gets in batches, then cuts it everywhere. */
static void
test_power_cuts(void)
{
	enum { BATCHES = 70 };
	static struct moment moments[OPS];
	static unsigned char synced[8192];
	struct store *s;
	size_t moment_count = 0, synced_len = 0, first = 0, m = 0;
	unsigned wrong = 0;
	int64_t now = 0;

	fresh_disk();
	s = open_store(8192, secret);
	for (int b = 0; b < BATCHES; b++) {
		for (int i = 0; i < 12; i++) {
			unsigned n = roll(UNIVERSE);

			if (get(s, n) == 0)
				put(s, n);
		}
		/* A put may fall between two steps of a batch, as in life. */
		now += 1000;
		do {
			uint32_t before = s->writing ? s->batch : s->sequence;

			note_must(s, &moments[moment_count++], before);
			store_tick(s, now);
			if (s->writing && roll(3) == 0)
				put(s, roll(UNIVERSE));
		} while (s->writing);
	}
	store_close(s);
	CHECK(op_count > 50);

	memset(disk, 0, sizeof disk);
	for (size_t i = 0; i < op_count; i++) {
		while (m + 1 < moment_count && moments[m + 1].ops <= i)
			m++;
		if (ops[i].len > 0) {
			wrong += cut_during(i, &moments[m], synced, synced_len, first);
			continue;
		}
		memcpy(disk, synced, sizeof synced);
		disk_len = synced_len;
		for (size_t j = first; j < i; j++)
			apply(&ops[j], ops[j].len);
		memcpy(synced, disk, sizeof synced);
		synced_len = disk_len;
		first = i + 1;
	}
	CHECK_INT(wrong, 0);
	CHECK(cuts > 10000);
	printf("store: %zu writes and fsyncs, %u power cuts\n", op_count, cuts);
}

/* A real file, for what the fake one can't tell. */
static void
test_file(void)
{
	char dir[] = "/tmp/sluice-store-XXXXXX", path[64], err[STORE_ERROR];
	struct store *s = store_new(8192, secret, &limits), *t = store_new(8192, secret, &limits);
	struct stat st;

	faking = false;
	CHECK(mkdtemp(dir) != NULL);
	snprintf(path, sizeof path, "%s/cache", dir);
	CHECK_INT(store_attach(s, path, all, NULL, err), 0);
	CHECK_INT(stat(path, &st), 0);
	CHECK_INT(st.st_mode & 07777, 0600);
	CHECK_INT(store_attach(t, path, all, NULL, err), -1);
	CHECK(strstr(err, "another process uses it; the cache is in memory only") != NULL);
	put(s, 1);
	get(s, 1);
	store_flush(s);
	unlink(path); /* vanished under our hands */
	put(s, 2);
	get(s, 2);
	store_flush(s);
	CHECK(store_complaint(s) != NULL);
	CHECK_INT(get(s, 1), 1);
	store_close(s);
	CHECK_INT(symlink("/dev/null", path), 0);
	CHECK_INT(store_attach(t, path, all, NULL, err), -1);
	unlink(path);
	CHECK_INT(mkdir(path, 0700), 0);
	CHECK_INT(store_attach(t, path, all, NULL, err), -1);
	rmdir(path);
	rmdir(dir);
	CHECK_INT(store_attach(t, path, all, NULL, err), -1);
	CHECK(strstr(err, "No such file or directory; the cache is in memory only") != NULL);
	put(t, 3);
	CHECK_INT(get(t, 3), 1);
	store_close(t);
}

int
main(void)
{
	test_memory();
	test_forgetting();
	test_small();
	test_writing();
	test_unwanted();
	test_budget();
	test_failures();
	test_read_only();
	test_flips();
	test_poison();
	test_twins();
	test_power_cuts();
	test_file();
	return check_done("store");
}
