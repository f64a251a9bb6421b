/*
 * store: a bounded cache of records in RAM whose useful part survives on flash.  See store.h.
 *
 * A record on flash, all numbers big-endian:
 *
 *     0  "SLC1"
 *     4  bytes of data
 *     8  sequence: grows with every record written; the order of age after a restart
 *    12  key
 *    28  check: HMAC-SHA-256(secret, the 28 bytes above || data), cut to 16 bytes
 *    44  data
 *
 * Invariants of the index: sorted by offset; 0 <= offset[i], offset[i] + blocks[i] <= offset[i + 1],
 * offset[last] + blocks[last] <= block_count; no key twice; count <= index_max.
 *
 * Why nothing synced is lost: a record's place is overwritten only after the index has forgotten it, and a
 * place that is written holds no other record of the index.  Why nothing wrong is found: the check.
 */
#include "lib/x509/store.h"
#include "lib/base/pool.h"

#include <bearssl.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	AT_LENGTH = 4,
	AT_SEQUENCE = 8,
	AT_KEY = 12,
	AT_CHECK = 28,
	CHECK_BYTES = 16,
	DAY_MS = 24 * 60 * 60 * 1000,
	RETRY_BATCHES = 6, /* after a failure the next try waits that many intervals */
	BLOCKS_PER_RECORD =
		4, /* the index has room for records of this mean size, which is half a leaf's */
	/* A record that was used twice is kept as if used this many times its share of the store later.  A
	 * simulated day of browsing (test/bench/wear.c): with 0, plain least-recently-used, 800 records are
	 * written; with 2 a block, 70, and 12% more hits. */
	KEEP_PER_BLOCK = 2,
	HASH_FACTOR = 4 /* loading hashes at most this many times the file's size */
};

static const unsigned char magic[4] = "SLC1";

struct record {
	unsigned char key[STORE_KEY];
	uint32_t offset, blocks; /* in blocks */
	uint32_t len;            /* bytes of data */
	uint32_t sequence;       /* as written; meaningless before */
	uint64_t used;           /* the store's clock at its last use */
	bool again;              /* used at least twice */
	bool saved;              /* on flash as it is here */
};

struct store {
	unsigned char secret[STORE_SECRET];
	struct store_limits limits;
	unsigned char *image; /* block_count blocks */
	struct record *index;
	size_t block_count, index_max, count;
	uint64_t clock;    /* counts uses */
	uint32_t sequence; /* of the next record written */

	int fd;             /* -1: RAM only */
	bool writing;       /* within a batch */
	size_t cursor;      /* block: the batch has written what lies before it */
	uint32_t batch;     /* the first sequence of the batch */
	int64_t next_ms;    /* no batch before this */
	int64_t day_ms;     /* when this day began; -1: not yet */
	uint64_t last_page; /* the page written last in this batch, plus one; 0: none */

	bool failed;    /* the file can't be written */
	bool complains; /* and that, or the end of it, is still to be said */
	char complaint[STORE_ERROR];
	struct store_counters counters;
};

static uint32_t
read32(const unsigned char *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static void
write32(unsigned char *p, uint32_t v)
{
	p[0] = (unsigned char)(v >> 24);
	p[1] = (unsigned char)(v >> 16);
	p[2] = (unsigned char)(v >> 8);
	p[3] = (unsigned char)v;
}

static size_t
blocks_for(size_t len)
{
	return (STORE_HEADER + len + STORE_BLOCK - 1) / STORE_BLOCK;
}

static unsigned char *
place(const struct store *s, const struct record *r)
{
	return s->image + (size_t)r->offset * STORE_BLOCK;
}

/* The longest data that is remembered. */
static size_t
longest(const struct store *s)
{
	return s->block_count / 4 * STORE_BLOCK - STORE_HEADER;
}

static void
compute_check(const struct store *s, const unsigned char *record, size_t len,
	unsigned char out[CHECK_BYTES])
{
	br_hmac_key_context key;
	br_hmac_context ctx;

	br_hmac_key_init(&key, &br_sha256_vtable, s->secret, sizeof s->secret);
	br_hmac_init(&ctx, &key, CHECK_BYTES);
	br_hmac_update(&ctx, record, AT_CHECK);
	br_hmac_update(&ctx, record + STORE_HEADER, len);
	br_hmac_out(&ctx, out);
}

/* --- the index --- */

static struct record *
find(struct store *s, const unsigned char key[STORE_KEY])
{
	size_t i;

	for (i = 0; i < s->count; i++)
		if (memcmp(s->index[i].key, key, STORE_KEY) == 0)
			return &s->index[i];
	return NULL;
}

static void
forget(struct store *s, size_t from, size_t to)
{
	memmove(s->index + from, s->index + to, (s->count - to) * sizeof s->index[0]);
	s->count -= to - from;
}

static struct record *
insert(struct store *s, size_t at, const struct record *r)
{
	memmove(s->index + at + 1, s->index + at, (s->count - at) * sizeof s->index[0]);
	s->index[at] = *r;
	s->count++;
	return &s->index[at];
}

/* The lower, the sooner forgotten. */
static uint64_t
rank(const struct store *s, const struct record *r)
{
	return r->used + (r->again ? (uint64_t)s->block_count * KEEP_PER_BLOCK : 0);
}

static size_t
end_of(const struct store *s, size_t i)
{
	return s->index[i].offset + s->index[i].blocks;
}

/*
 * Looks for `blocks` blocks in a row: of all places that begin where a record ends, the one whose best record
 * is the worst.  index[*from..*to) are in the way there.  Returns the block.
 */
static size_t
choose_place(const struct store *s, size_t blocks, size_t *from, size_t *to)
{
	size_t best = 0, i, j;
	uint64_t best_cost = UINT64_MAX;

	for (i = 0; i <= s->count && best_cost > 0; i++) {
		size_t start = i == 0 ? 0 : end_of(s, i - 1);
		uint64_t cost = 0;

		if (start + blocks > s->block_count)
			break;
		for (j = i; j < s->count && s->index[j].offset < start + blocks; j++)
			if (rank(s, &s->index[j]) > cost)
				cost = rank(s, &s->index[j]);
		if (cost >= best_cost)
			continue;
		best_cost = cost;
		best = start;
		*from = i;
		*to = j;
	}
	return best;
}

/* The index is full of small records: one goes, wherever it is. */
static void
forget_worst(struct store *s)
{
	size_t worst = 0, i;

	for (i = 1; i < s->count; i++)
		if (rank(s, &s->index[i]) < rank(s, &s->index[worst]))
			worst = i;
	forget(s, worst, worst + 1);
}

const unsigned char *
store_get(struct store *s, const unsigned char key[STORE_KEY], size_t *len)
{
	struct record *r = find(s, key);

	if (r == NULL)
		return NULL;
	r->used = ++s->clock;
	r->again = true;
	*len = r->len;
	return place(s, r) + STORE_HEADER;
}

void
store_put(
	struct store *s, const unsigned char key[STORE_KEY], const unsigned char *data, size_t len)
{
	struct record *r = find(s, key), fresh = { .len = (uint32_t)len };
	size_t from = 0, to = 0;

	if (len == 0 || len > longest(s))
		return;
	if (r != NULL)
		forget(s, (size_t)(r - s->index), (size_t)(r - s->index) + 1);
	if (s->count == s->index_max)
		forget_worst(s);
	fresh.blocks = (uint32_t)blocks_for(len);
	fresh.offset = (uint32_t)choose_place(s, fresh.blocks, &from, &to);
	fresh.used = ++s->clock;
	memcpy(fresh.key, key, STORE_KEY);
	forget(s, from, to);
	r = insert(s, from, &fresh);
	memset(place(s, r), 0, (size_t)r->blocks * STORE_BLOCK);
	memcpy(place(s, r) + STORE_HEADER, data, len);
}

/* --- reading --- */

/* Is there a good record at this block of `end` read bytes?  `hashed` grows by what it cost to know. */
static bool
read_record(const struct store *s, size_t block, size_t end, struct record *r, size_t *hashed)
{
	const unsigned char *p = s->image + block * STORE_BLOCK;
	size_t room = end - block * STORE_BLOCK;
	unsigned char check[CHECK_BYTES];

	*r = (struct record){ .offset = (uint32_t)block, .again = true, .saved = true };
	if (room < STORE_HEADER || memcmp(p, magic, sizeof magic) != 0)
		return false;
	r->len = read32(p + AT_LENGTH);
	if (r->len == 0 || r->len > room - STORE_HEADER || r->len > longest(s))
		return false;
	*hashed += STORE_HEADER + r->len;
	compute_check(s, p, r->len, check);
	if (memcmp(check, p + AT_CHECK, sizeof check) != 0)
		return false;
	r->blocks = (uint32_t)blocks_for(r->len);
	r->sequence = read32(p + AT_SEQUENCE);
	r->used = r->sequence;
	memcpy(r->key, p + AT_KEY, STORE_KEY);
	return true;
}

/* Of two records with one key the one written later counts.  False: r is not the one, or there is no room. */
static bool
is_newest(struct store *s, const struct record *r)
{
	struct record *other = find(s, r->key);

	if (other != NULL && other->sequence > r->sequence)
		return false;
	if (other != NULL)
		forget(s, (size_t)(other - s->index), (size_t)(other - s->index) + 1);
	return s->count < s->index_max;
}

/*
 * Finds the records among the first `end` bytes of the image.  A place that holds none is passed by one block,
 * since a torn record may have whole ones inside its old extent.  A file made to look full of records would
 * have us hash it over and over: after HASH_FACTOR times its size the rest is taken as free.
 */
static void
scan(struct store *s, size_t end, bool (*wants)(const void *, const unsigned char *, size_t),
	const void *arg)
{
	size_t block = 0, hashed = 0;
	struct record r;

	while (block * STORE_BLOCK + STORE_HEADER <= end && hashed <= end * HASH_FACTOR) {
		if (!read_record(s, block, end, &r, &hashed)) {
			s->counters.skipped += memcmp(s->image + block * STORE_BLOCK, magic,
						       sizeof magic) == 0;
			block++;
			continue;
		}
		block += r.blocks;
		if (r.sequence >= s->sequence)
			s->sequence = r.sequence + 1;
		if (!wants(arg, place(s, &r) + STORE_HEADER, r.len))
			s->counters.skipped++;
		else if (is_newest(s, &r))
			insert(s, s->count, &r);
	}
	s->counters.loaded = s->count;
	s->clock = s->sequence;
}

static int
read_file(struct store *s, size_t *end)
{
	size_t capacity = s->block_count * STORE_BLOCK;
	ssize_t n;

	*end = 0;
	while (*end < capacity) {
		n = pread(s->fd, s->image + *end, capacity - *end, (off_t)*end);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		if (n == 0)
			break;
		*end += (size_t)n;
	}
	return 0;
}

/* Writable if it can be; a read-only file still gives what it has.  Returns the descriptor or -1. */
static int
open_file(const char *path, bool *read_only)
{
	const int flags = O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK;
	int fd = open(path, O_RDWR | O_CREAT | flags, 0600);

	*read_only = false;
	if (fd < 0 && (errno == EROFS || errno == EACCES || errno == EPERM)) {
		int error = errno;

		fd = open(path, O_RDONLY | flags);
		*read_only = true;
		errno = error;
	}
	return fd;
}

/* Returns NULL, or what is wrong with the file. */
static const char *
find_fault(const struct store *s)
{
	struct stat st;

	if (fstat(s->fd, &st) != 0)
		return strerror(errno);
	if (!S_ISREG(st.st_mode))
		return "it is not a regular file";
	if (flock(s->fd, LOCK_EX | LOCK_NB) != 0)
		return errno == EWOULDBLOCK ? "another process uses it" : strerror(errno);
	return NULL;
}

static void
detach(struct store *s)
{
	if (s->fd >= 0)
		close(s->fd);
	s->fd = -1;
	s->writing = false;
}

int
store_attach(struct store *s, const char *path,
	bool (*wants)(const void *arg, const unsigned char *data, size_t len), const void *arg,
	char err[STORE_ERROR])
{
	const char *fault;
	bool read_only;
	size_t end = 0;

	detach(s);
	s->fd = open_file(path, &read_only);
	fault = s->fd < 0 ? strerror(errno) : find_fault(s);
	if (fault == NULL && read_file(s, &end) != 0)
		fault = strerror(errno);
	if (fault == NULL) {
		s->count = 0;
		scan(s, end, wants, arg);
		/* The rest of an earlier, larger configuration is out of reach: give it back. */
		if (read_only || ftruncate(s->fd, (off_t)end) != 0)
			fault = "it can't be written";
	}
	if (fault == NULL)
		return 0;
	snprintf(err, STORE_ERROR, "%s: %s; the cache is in memory only", path, fault);
	detach(s);
	return -1;
}

/* --- writing --- */

static bool
is_wanted(const struct record *r)
{
	return r->again && !r->saved;
}

static struct record *
next_wanted(const struct store *s)
{
	size_t i;

	for (i = 0; i < s->count; i++)
		if (s->index[i].offset >= s->cursor && is_wanted(&s->index[i]))
			return &s->index[i];
	return NULL;
}

static void
seal(struct store *s, struct record *r)
{
	unsigned char *p = place(s, r);

	r->sequence = s->sequence++;
	memcpy(p, magic, sizeof magic);
	write32(p + AT_LENGTH, r->len);
	write32(p + AT_SEQUENCE, r->sequence);
	memcpy(p + AT_KEY, r->key, STORE_KEY);
	compute_check(s, p, r->len, p + AT_CHECK);
}

/* Bytes of flash that writing blocks [from, to) costs, in whole pages; a page counts once in a batch. */
static uint64_t
cost(const struct store *s, size_t from, size_t to)
{
	uint64_t first = from * STORE_BLOCK / STORE_PAGE;
	uint64_t last = (to * STORE_BLOCK - 1) / STORE_PAGE;

	if (first + 1 == s->last_page)
		first++;
	return (last + 1 - first) * STORE_PAGE;
}

static bool
has_budget(const struct store *s, uint64_t bytes)
{
	return s->counters.flash_today + bytes <= s->limits.day_bytes;
}

static void
complain(struct store *s, const char *what, const char *why)
{
	snprintf(s->complaint, sizeof s->complaint, "the cache on flash %s%s", what, why);
	s->complains = true;
}

/* A batch ends because of an error: nothing of it counts as saved. */
static void
fail(struct store *s, const char *why)
{
	size_t i;

	for (i = 0; i < s->count; i++)
		if (s->index[i].saved && s->index[i].sequence >= s->batch)
			s->index[i].saved = false;
	if (!s->failed)
		complain(s, "can't be written, so it lives in memory only: ", why);
	s->failed = true;
	s->writing = false;
}

static int
write_all(int fd, const unsigned char *data, size_t len, off_t at)
{
	while (len > 0) {
		ssize_t n = pwrite(fd, data, len, at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n == 0)
			errno = EIO;
		if (n <= 0)
			return -1;
		data += n;
		at += n;
		len -= (size_t)n;
	}
	return 0;
}

/* Writes the next record that is to be, and with it those that follow at once, up to a page: on JFFS2 every
 * write is a node of its own.  Returns 0, or -1: it failed, or the day's bytes are used up. */
static int
write_run(struct store *s, struct record *r)
{
	struct record *end = r, *stop = s->index + s->count;
	size_t from = r->offset, to = from;

	do
		to = end->offset + end->blocks;
	while (++end < stop && end->offset == to && is_wanted(end) &&
		end->offset + end->blocks - from <= STORE_PAGE / STORE_BLOCK);
	if (!has_budget(s, cost(s, from, to)))
		return -1;
	s->counters.flash_today += cost(s, from, to);
	s->counters.flash += cost(s, from, to);
	s->last_page = (to * STORE_BLOCK - 1) / STORE_PAGE + 1;
	s->cursor = to;
	for (; r < end; r++) {
		seal(s, r);
		r->saved = true;
		s->counters.written++;
	}
	return write_all(s->fd, s->image + from * STORE_BLOCK, (to - from) * STORE_BLOCK,
		(off_t)(from * STORE_BLOCK));
}

static void
finish_batch(struct store *s)
{
	if (s->sequence != s->batch && fsync(s->fd) != 0) {
		fail(s, strerror(errno));
		return;
	}
	if (s->failed)
		complain(s, "is written again", "");
	s->failed = false;
	s->writing = false;
}

static void
start_batch(struct store *s)
{
	struct stat st;

	s->batch = s->sequence;
	s->cursor = 0;
	s->last_page = 0;
	s->writing = true;
	/* Writing on to an unlinked file would wear the flash for nobody. */
	if (fstat(s->fd, &st) == 0 && st.st_nlink == 0)
		fail(s, "its file was removed");
}

/* One write, or the fsync that ends the batch. */
static void
step_batch(struct store *s)
{
	struct record *r = next_wanted(s);

	errno = 0;
	if (r == NULL)
		finish_batch(s);
	else if (write_run(s, r) != 0 && errno == 0)
		finish_batch(s); /* the rest waits for tomorrow */
	else if (errno != 0)
		fail(s, strerror(errno));
}

int64_t
store_want(const struct store *s)
{
	if (s->fd < 0)
		return INT64_MAX;
	return s->writing ? 0 : s->next_ms;
}

void
store_tick(struct store *s, int64_t now_ms)
{
	if (s->fd < 0 || now_ms < store_want(s))
		return;
	if (s->day_ms < 0 || now_ms - s->day_ms >= DAY_MS) {
		s->day_ms = now_ms;
		s->counters.flash_today = 0;
	}
	if (!s->writing) {
		s->next_ms = now_ms + s->limits.interval_ms;
		s->cursor = 0;
		if (next_wanted(s) == NULL)
			return;
		start_batch(s);
	}
	if (s->writing)
		step_batch(s);
	if (s->failed && !s->writing)
		s->next_ms = now_ms + s->limits.interval_ms * RETRY_BATCHES;
}

void
store_flush(struct store *s)
{
	if (s->fd < 0)
		return;
	if (!s->writing)
		start_batch(s);
	while (s->writing)
		step_batch(s);
}

const char *
store_complaint(struct store *s)
{
	bool complains = s->complains;

	s->complains = false;
	return complains ? s->complaint : NULL;
}

void
store_count(const struct store *s, struct store_counters *out)
{
	size_t i;

	*out = s->counters;
	out->records = s->count;
	out->bytes = 0;
	for (i = 0; i < s->count; i++)
		out->bytes += (size_t)s->index[i].blocks * STORE_BLOCK;
}

/* --- beginning and end --- */

struct store *
store_new(size_t capacity, const unsigned char secret[STORE_SECRET],
	const struct store_limits *limits)
{
	struct store *s = calloc(1, sizeof *s);

	if (s == NULL)
		return NULL;
	if (capacity < STORE_PAGE)
		capacity = STORE_PAGE;
	s->fd = -1;
	s->day_ms = -1;
	s->limits = *limits;
	memcpy(s->secret, secret, sizeof s->secret);
	s->block_count = capacity / STORE_BLOCK;
	s->index_max = s->block_count / BLOCKS_PER_RECORD;
	s->image = malloc(s->block_count * STORE_BLOCK);
	s->index = malloc((s->index_max + 1) * sizeof s->index[0]);
	if (s->image != NULL && s->index != NULL)
		return s;
	store_close(s);
	return NULL;
}

void
store_rekey(struct store *s, const unsigned char secret[STORE_SECRET])
{
	memcpy(s->secret, secret, sizeof s->secret);
	s->count = 0;
}

void
store_close(struct store *s)
{
	if (s == NULL)
		return;
	detach(s);
	free(s->image);
	free(s->index);
	pool_wipe(s, sizeof *s);
	free(s);
}
