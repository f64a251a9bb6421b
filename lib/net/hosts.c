/*
 * hosts: the names of /etc/hosts.  See hosts.h.
 *
 * Each read is bounded and goes from the beginning to the end of the file, line by line; a file that is changed
 * meanwhile gives what is in it, and is read again at the next check.
 */
#include "lib/net/hosts.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

enum { BITS_LEAST = 1 << 10 };

/* Lines of a file, one after the other. */
struct lines {
	int fd;
	size_t at, filled, total;
	bool cut; /* the last line was only the beginning of one */
	char data[HOSTS_LINE];
};

/* The next line without its newline and comment, or false: the end. */
static bool
next_line(struct lines *l, const char **line, size_t *len)
{
	for (;;) {
		const char *end = memchr(l->data + l->at, '\n', l->filled - l->at);
		bool cut = l->cut;
		ssize_t n;

		if (end == NULL && (l->at > 0 || l->filled < sizeof l->data)) {
			memmove(l->data, l->data + l->at, l->filled - l->at);
			l->filled -= l->at;
			l->at = 0;
			n = l->total < HOSTS_FILE_MOST
				    ? read(l->fd, l->data + l->filled, sizeof l->data - l->filled)
				    : 0;
			if (n > 0) {
				l->filled += (size_t)n;
				l->total += (size_t)n;
				continue;
			}
			if (l->filled == 0)
				return false;
		}
		*line = l->data + l->at;
		*len = end != NULL ? (size_t)(end - *line) : l->filled - l->at;
		l->at += *len + (end != NULL);
		l->cut = end == NULL;
		if (cut) /* the rest of a long line is none */
			continue;
		end = memchr(*line, '#', *len);
		*len = end != NULL ? (size_t)(end - *line) : *len;
		return true;
	}
}

/* The next word, which moves off the line; 0: none. */
static size_t
next_word(const char **line, size_t *len, const char **word)
{
	size_t n = 0;

	while (*len > 0 && memchr(" \t\r", **line, 3) != NULL)
		(*line)++, (*len)--;
	*word = *line;
	while (n < *len && memchr(" \t\r", (*line)[n], 3) == NULL)
		n++;
	*line += n;
	*len -= n;
	return n > 0 && (*word)[n - 1] == '.' ? n - 1 : n;
}

/* FNV-1a of the name in lower case.  A writer of /etc/hosts needs no collisions to do harm. */
static uint32_t
hash_word(const char *word, size_t len)
{
	uint32_t h = 2166136261u;

	for (size_t i = 0; i < len; i++)
		h = (h ^ (uint8_t)(word[i] >= 'A' && word[i] <= 'Z' ? word[i] + 32 : word[i])) *
		    16777619u;
	return h ^ h >> 15;
}

static int
open_file(const struct hosts *h)
{
	return open(h->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
}

static void
forget(struct hosts *h)
{
	free(h->bits);
	h->bits = NULL;
	h->dev = 0;
	h->ino = 0;
	h->size = 0;
	h->mtime = h->ctime = 0;
	h->mtime_ns = h->ctime_ns = 0;
}

/* Sets the bit of every name. */
static void
load(struct hosts *h, const struct stat *st)
{
	struct lines l = { .fd = open_file(h) };
	uint32_t count = BITS_LEAST;
	const char *line, *word;
	size_t len, n;

	forget(h);
	h->dev = st->st_dev;
	h->ino = st->st_ino;
	h->size = st->st_size;
	h->mtime = st->st_mtim.tv_sec;
	h->mtime_ns = st->st_mtim.tv_nsec;
	h->ctime = st->st_ctim.tv_sec;
	h->ctime_ns = st->st_ctim.tv_nsec;
	/* A line of a blocklist has some 25 bytes: then one bit of 25 to 50 is set. */
	while (count < (uint32_t)HOSTS_FILE_MOST && (off_t)count < st->st_size)
		count *= 2;
	h->bits = l.fd >= 0 && S_ISREG(st->st_mode) ? calloc(count / 8, 1) : NULL;
	h->mask = count - 1;
	while (h->bits != NULL && next_line(&l, &line, &len)) {
		(void)next_word(&line, &len, &word); /* the address */
		while ((n = next_word(&line, &len, &word)) > 0) {
			uint32_t bit = hash_word(word, n) & h->mask;

			h->bits[bit / 8] |= (uint8_t)(1 << bit % 8);
		}
	}
	if (l.fd >= 0)
		close(l.fd);
}

static void
check(struct hosts *h, int64_t now)
{
	struct stat st;

	if (now < h->check_at)
		return;
	h->check_at = now + HOSTS_CHECK_MS;
	if (stat(h->path, &st) != 0)
		forget(h);
	else if (st.st_dev != h->dev || st.st_ino != h->ino || st.st_size != h->size ||
		 st.st_mtim.tv_sec != h->mtime || st.st_mtim.tv_nsec != h->mtime_ns ||
		 st.st_ctim.tv_sec != h->ctime || st.st_ctim.tv_nsec != h->ctime_ns)
		load(h, &st);
}

static bool
names(const char *line, size_t len, const char *name, size_t name_len)
{
	const char *word;
	size_t n;

	while ((n = next_word(&line, &len, &word)) > 0)
		if (n == name_len && strncasecmp(word, name, n) == 0)
			return true;
	return false;
}

/* The addresses found go to both ends of out[max]: IPv6 from the front, IPv4 from the middle on. */
struct found {
	struct net_addr *out;
	size_t half, six, four;
};

static void
take(struct found *f, const struct net_addr *a)
{
	if (a->family == 6 && f->six < f->half)
		f->out[f->six++] = *a;
	else if (a->family == 4 && f->four < f->half)
		f->out[f->half + f->four++] = *a;
}

static size_t
finish(const struct found *f)
{
	memmove(f->out + f->six, f->out + f->half, f->four * sizeof *f->out);
	return f->six + f->four;
}

static bool
is_localhost(const char *name, size_t len)
{
	static const char text[] = "localhost";
	size_t n = sizeof text - 1;

	return len >= n && memcmp(name + len - n, text, n) == 0 &&
	       (len == n || name[len - n - 1] == '.');
}

void
hosts_init(struct hosts *h, const char *path)
{
	memset(h, 0, sizeof *h);
	h->path = path;
	h->check_at = INT64_MIN;
}

void
hosts_free(struct hosts *h)
{
	forget(h);
}

size_t
hosts_find(struct hosts *h, const char *name, int64_t now, struct net_addr *out, size_t max)
{
	struct found f = { .out = out, .half = max / 2 };
	size_t name_len = strlen(name), len, n;
	struct lines l = { .fd = -1 };
	const char *line, *word;
	struct net_addr a;
	uint32_t bit;

	if (is_localhost(name, name_len)) {
		take(&f, &(struct net_addr){ .family = 6, .ip = { [15] = 1 } });
		take(&f, &(struct net_addr){ .family = 4, .ip = { 127, 0, 0, 1 } });
		return finish(&f);
	}
	check(h, now);
	bit = hash_word(name, name_len) & h->mask;
	if (h->bits == NULL || (h->bits[bit / 8] >> bit % 8 & 1) == 0)
		return 0;
	l.fd = open_file(h);
	while (l.fd >= 0 && next_line(&l, &line, &len)) {
		n = next_word(&line, &len, &word);
		if (names(line, len, name, name_len) && net_addr_parse(&a, word, n) == 0)
			take(&f, &a);
	}
	if (l.fd >= 0)
		close(l.fd);
	return finish(&f);
}
