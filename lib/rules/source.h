/*
 * source: a list file, held open from load to the end: its lines in turn, a line at a place, the number
 * of a line, and whether the file is still the one that was loaded.
 *
 * Owns the descriptor and a few marks (8 bytes for each 16 KiB of the file).  Reads with pread, never
 * mmap: a file that is truncated under us would be SIGBUS.  Knows nothing of what lines mean.
 */
#ifndef SOURCE_H
#define SOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum {
	SOURCE_CHUNK = 8192,    /* bytes read at once when all lines are read */
	SOURCE_FIRST = 256,     /* bytes read at first for one line: most are shorter */
	SOURCE_LINE = 2048,     /* bytes of a line that source_line gives at most */
	SOURCE_MARK_SHIFT = 14, /* a line number is remembered for each 16 KiB: little is counted */
	SOURCE_MAX = INT32_MAX  /* bytes of a file: places are 32 bits over all files together */
};

enum source_state {
	SOURCE_SAME, /* nothing happened to it */
	SOURCE_GONE, /* it has no name any more (replaced or deleted), but what we hold is intact */
	SOURCE_CHANGED /* its size or its times differ: places mean nothing any more */
};

struct source {
	int fd; /* -1: none */
	uint32_t size;
	dev_t dev;
	ino_t ino;
	int64_t mtime, ctime;
	long mtime_ns, ctime_ns;
	struct source_mark {
		uint32_t at, line; /* of the first line that begins in these 16 KiB or after */
	} * marks;
	size_t mark_count;
};

/* Opens a regular file.  Returns 0, or -1 with errno (EFBIG, EINVAL: no regular file; else the system's). */
int source_open(struct source *s, const char *path);
void source_close(struct source *s);

/* One fstat. */
enum source_state source_check(const struct source *s);

/* Memory that the marks take. */
size_t source_bytes(const struct source *s);

/* Reading all lines in turn.  The first reading of a source makes its marks. */
struct source_reader {
	struct source *source;
	uint32_t at;   /* where the next line begins */
	unsigned line; /* its number */
	size_t used, filled;
	bool cut; /* the last line was only the beginning of a long one */
	char data[SOURCE_CHUNK];
};

void source_rewind(struct source_reader *r, struct source *s);

/*
 * 1: the line text[0..len) without its newline, which begins at *at and has number *line; of a line longer
 * than SOURCE_CHUNK only its beginning.  0: the end.  -1: errno, EIO also when the file became shorter.
 * The text lives until the next call.
 */
int source_next(
	struct source_reader *r, const char **text, size_t *len, uint32_t *at, unsigned *line);

/* Some bytes of a source, kept for the next question. */
struct source_window {
	const struct source *source; /* NULL: nothing is kept */
	uint32_t at;
	size_t len;
	char data[SOURCE_LINE];
};

/* The line that begins at `at`, at most SOURCE_LINE bytes of it, or NULL: it can't be read.  Ask
 * source_check first: a window does not notice changes. */
const char *source_line(struct source_window *w, const struct source *s, uint32_t at, size_t *len);

/* The number of the line that begins at `at`, from 1; 0: it can't be read. */
unsigned source_line_number(const struct source *s, uint32_t at);

#endif
