/*
 * store: a bounded cache of records in RAM whose useful part survives on flash, in one file.
 *
 * The RAM is an image of the file: a record has the same place in both, and is written there, in place, once
 * it has been used twice.  An entry that is used once is never written.  Writes come in batches, bounded in bytes a
 * day; a batch ends with fsync.  Every record on flash carries a keyed checksum over all of itself, so that
 * after a power cut at any byte a record is either whole or not there; and its room is free again.
 * The descriptor is kept open: nothing is made, renamed or opened after store_attach, so a daemon that has
 * dropped its privileges still can write.  Without a file, or when writing fails, it goes on from RAM.
 * Knows nothing of what is in a record but its key, and a key always means the same data.
 */
#ifndef STORE_H
#define STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	STORE_KEY = 16,    /* bytes of a record's key: a cut hash, so 128 bits */
	STORE_SECRET = 32, /* bytes of the checksums' key */
	STORE_BLOCK = 64,  /* records begin at multiples of this */
	STORE_HEADER = 44, /* bytes before a record's data */
	STORE_PAGE = 4096, /* what flash file systems write at least, and what is counted */
	STORE_ERROR = 384
};

struct store_limits {
	int64_t interval_ms; /* between batches */
	uint64_t day_bytes;  /* written in a day at most */
};

struct store;

/*
 * An empty store in RAM; `capacity` bounds its bytes, headers included, in RAM and in the file (at least
 * one page).  The checksums are keyed with `secret`, since parts of a record may be a peer's choice: without
 * the key nobody can make the inside of a record look like one.  NULL when memory is short.
 */
struct store *store_new(size_t capacity, const unsigned char secret[STORE_SECRET],
	const struct store_limits *limits);

/*
 * Opens the file, or makes it (0600), locks it against a second process, and takes its good records for which
 * `wants` says true; the room of all others is free.  Returns 0, or -1 with a sentence in err: the store then
 * lives in RAM only.
 */
int store_attach(struct store *s, const char *path,
	bool (*wants)(const void *arg, const unsigned char *data, size_t len), const void *arg,
	char err[STORE_ERROR]);

/* Forgets everything and takes another secret: the records belonged to someone who is no more. */
void store_rekey(struct store *s, const unsigned char secret[STORE_SECRET]);

/* Forgets everything; what is to be on flash was written with store_flush.  NULL is allowed. */
void store_close(struct store *s);

/* A record's data, or NULL.  The pointer holds until the next store_put.  Counts as a use. */
const unsigned char *store_get(struct store *s, const unsigned char key[STORE_KEY], size_t *len);

/* Remembers a record.  Makes room by forgetting what was used least recently, where a record that was used
 * only once counts as not used for long.  A leaf of more than a quarter of the store is not remembered. */
void store_put(
	struct store *s, const unsigned char key[STORE_KEY], const unsigned char *data, size_t len);

/* When store_tick wants to be called (monotonic ms); INT64_MAX: never, as things are. */
int64_t store_want(const struct store *s);

/* One step of a batch, if it is time: at most one write of a page, or one fsync. */
void store_tick(struct store *s, int64_t now_ms);

/* A whole batch at once, for the end of the program. */
void store_flush(struct store *s);

/* A sentence about the file, once for each time that it began or ceased to fail; else NULL.  Holds
 * until the next call of this store. */
const char *store_complaint(struct store *s);

struct store_counters {
	size_t records, bytes; /* in RAM now, headers and padding included */
	size_t loaded,
		skipped; /* at store_attach: good ones, and those that looked like one and were not */
	uint64_t written;            /* records since the start */
	uint64_t flash, flash_today; /* bytes, as whole pages */
};
void store_count(const struct store *s, struct store_counters *out);

#endif
