/*
 * source: every read is a pread at a place that is computed, so that nothing depends on where an earlier
 * read stopped, and a short or failed one is an answer, not a crash.
 */
#include "lib/rules/source.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static ssize_t
read_at(const struct source *s, void *out, size_t len, uint32_t at)
{
	ssize_t n;

	do
		n = pread(s->fd, out, len, (off_t)at);
	while (n < 0 && errno == EINTR);
	return n;
}

static void
take_stat(struct source *s, const struct stat *st)
{
	s->size = (uint32_t)st->st_size;
	s->dev = st->st_dev;
	s->ino = st->st_ino;
	s->mtime = st->st_mtim.tv_sec;
	s->mtime_ns = st->st_mtim.tv_nsec;
	s->ctime = st->st_ctim.tv_sec;
	s->ctime_ns = st->st_ctim.tv_nsec;
}

int
source_open(struct source *s, const char *path)
{
	struct stat st;
	int error = 0;

	memset(s, 0, sizeof *s);
	/* O_NONBLOCK: a FIFO must not hold the loop. */
	s->fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (s->fd < 0)
		return -1;
	if (fstat(s->fd, &st) != 0)
		error = errno;
	else if (!S_ISREG(st.st_mode))
		error = EINVAL;
	else if (st.st_size > SOURCE_MAX)
		error = EFBIG;
	if (error == 0) {
		take_stat(s, &st);
		s->marks = calloc((s->size >> SOURCE_MARK_SHIFT) + 1, sizeof *s->marks);
		error = s->marks == NULL ? ENOMEM : 0;
	}
	if (error != 0) {
		source_close(s);
		errno = error;
		return -1;
	}
	return 0;
}

void
source_close(struct source *s)
{
	if (s->fd >= 0)
		close(s->fd);
	free(s->marks);
	memset(s, 0, sizeof *s);
	s->fd = -1;
}

enum source_state
source_check(const struct source *s)
{
	struct source now;
	struct stat st;

	if (fstat(s->fd, &st) != 0)
		return SOURCE_CHANGED;
	take_stat(&now, &st);
	if (st.st_size != (off_t)s->size || now.mtime != s->mtime || now.mtime_ns != s->mtime_ns)
		return SOURCE_CHANGED;
	/* Taking a file's last name away changes its ctime and nothing else. */
	if (st.st_nlink == 0)
		return SOURCE_GONE;
	return now.ctime == s->ctime && now.ctime_ns == s->ctime_ns ? SOURCE_SAME : SOURCE_CHANGED;
}

size_t
source_bytes(const struct source *s)
{
	return ((s->size >> SOURCE_MARK_SHIFT) + 1) * sizeof *s->marks;
}

/* --- all lines in turn --- */

void
source_rewind(struct source_reader *r, struct source *s)
{
	r->source = s;
	r->at = 0;
	r->line = 1;
	r->used = r->filled = 0;
	r->cut = false;
}

/* Fills the buffer from `at` on.  Returns what it holds, or -1. */
static ssize_t
refill(struct source_reader *r)
{
	size_t left = r->source->size - r->at;
	ssize_t n = read_at(
		r->source, r->data, left < sizeof r->data ? left : sizeof r->data, r->at);

	r->used = 0;
	r->filled = n > 0 ? (size_t)n : 0;
	if (n == 0 && left > 0) {
		errno = EIO;
		return -1;
	}
	return n;
}

static void
mark_line(struct source_reader *r)
{
	struct source *s = r->source;

	while (s->mark_count <= r->at >> SOURCE_MARK_SHIFT) {
		s->marks[s->mark_count].at = r->at;
		s->marks[s->mark_count++].line = r->line;
	}
}

/* Moves past the rest of a line of which the beginning was given out. */
static int
skip_rest(struct source_reader *r)
{
	while (r->cut && r->at < r->source->size) {
		if (refill(r) < 0)
			return -1;
		const char *end = memchr(r->data, '\n', r->filled);

		r->used = end != NULL ? (size_t)(end - r->data) + 1 : r->filled;
		r->at += (uint32_t)r->used;
		r->cut = end == NULL;
	}
	r->cut = false;
	return 0;
}

int
source_next(struct source_reader *r, const char **text, size_t *len, uint32_t *at, unsigned *line)
{
	const char *end;
	size_t n;

	if (r->cut && skip_rest(r) != 0)
		return -1;
	if (r->at >= r->source->size)
		return 0;
	end = memchr(r->data + r->used, '\n', r->filled - r->used);
	if (end == NULL && r->at + (r->filled - r->used) < r->source->size) {
		if (refill(r) < 0)
			return -1;
		end = memchr(r->data, '\n', r->filled);
	}
	n = end != NULL ? (size_t)(end - (r->data + r->used)) : r->filled - r->used;
	mark_line(r);
	*text = r->data + r->used;
	*len = n;
	*at = r->at;
	*line = r->line++;
	r->cut = end == NULL && r->at + n < r->source->size;
	n += end != NULL;
	r->used += n;
	r->at += (uint32_t)n;
	return 1;
}

/* --- one line --- */

/* Is the line at `at` among the bytes that are kept, whole or as much as is given out of one? */
static bool
holds_line(const struct source_window *w, const struct source *s, uint32_t at, size_t *len)
{
	const char *end;
	size_t most;

	if (w->source != s || at < w->at || at - w->at >= w->len)
		return false;
	most = w->len - (at - w->at);
	end = memchr(w->data + (at - w->at), '\n', most);
	*len = end != NULL ? (size_t)(end - w->data) - (at - w->at) : most;
	return end != NULL || most == sizeof w->data || at + most == s->size;
}

const char *
source_line(struct source_window *w, const struct source *s, uint32_t at, size_t *len)
{
	static const size_t sizes[] = { SOURCE_FIRST, SOURCE_LINE };
	bool held = holds_line(w, s, at, len);

	for (int i = 0; i < 2 && !held && at < s->size; i++) {
		size_t left = s->size - at;
		ssize_t n = read_at(s, w->data, left < sizes[i] ? left : sizes[i], at);

		w->source = s;
		w->at = at;
		w->len = n > 0 ? (size_t)n : 0;
		held = holds_line(w, s, at, len);
	}
	return held ? w->data + (at - w->at) : NULL;
}

unsigned
source_line_number(const struct source *s, uint32_t at)
{
	size_t i = at >> SOURCE_MARK_SHIFT;
	char data[1024];
	uint32_t pos;
	unsigned line;

	if (s->mark_count == 0)
		return 0;
	if (i >= s->mark_count)
		i = s->mark_count - 1;
	while (i > 0 && s->marks[i].at > at)
		i--;
	pos = s->marks[i].at;
	line = s->marks[i].line;
	while (pos < at) {
		size_t want = at - pos < sizeof data ? at - pos : sizeof data;
		ssize_t n = read_at(s, data, want, pos);

		if (n <= 0)
			return 0;
		for (ssize_t k = 0; k < n; k++)
			line += data[k] == '\n';
		pos += (uint32_t)n;
	}
	return line;
}
