/* source: lines and their numbers over every length, and what happens when the file changes. */
#include "check.h"
#include "lib/rules/source.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

static char dir[] = "/tmp/sluice-source-XXXXXX";
static char path[64];

static void
write_bytes(const char *data, size_t len)
{
	FILE *f = fopen(path, "w");

	if (f == NULL || fwrite(data, 1, len, f) != len || fclose(f) != 0) {
		perror(path);
		exit(2);
	}
}

/* Reads all lines and checks each against the data, and against the two ways to ask again. */
static void
check_lines(const char *data, size_t len)
{
	static struct source_window w;
	struct source_reader r;
	struct source s;
	const char *text, *again;
	size_t n, m, pos = 0;
	uint32_t at;
	unsigned line, number = 1, wrong = 0;

	w.source = NULL;
	write_bytes(data, len);
	CHECK_INT(source_open(&s, path), 0);
	for (int pass = 0; pass < 2; pass++) {
		source_rewind(&r, &s);
		pos = 0;
		number = 1;
		while (source_next(&r, &text, &n, &at, &line) > 0) {
			const char *end = memchr(data + pos, '\n', len - pos);
			size_t want = end != NULL ? (size_t)(end - data) - pos : len - pos;

			wrong += at != pos || line != number++;
			wrong += n != (want > SOURCE_CHUNK ? SOURCE_CHUNK : want);
			wrong += memcmp(text, data + pos, n) != 0;
			again = source_line(&w, &s, at, &m);
			wrong += again == NULL || m != (want > SOURCE_LINE ? SOURCE_LINE : want) ||
				 memcmp(again, data + pos, m) != 0;
			wrong += pass > 0 && source_line_number(&s, at) != line;
			pos += want + (end != NULL);
		}
		CHECK_INT(pos, len);
	}
	CHECK_INT(wrong, 0);
	source_close(&s);
}

static void
test_lines(void)
{
	static char data[300000];

	check_lines("", 0);
	check_lines("a", 1);
	check_lines("\n", 1);
	check_lines("a\nb", 3);
	check_lines("a\n\nb\n", 5);
	/* one line around the sizes of the buffers, with neighbours */
	for (size_t n = SOURCE_CHUNK - 3; n < SOURCE_CHUNK + 3; n++) {
		memset(data, 'x', n);
		check_lines(data, n);
		memcpy(data + n, "\nend\n", 5);
		check_lines(data, n + 5);
	}
	/* over several marks: lines of many lengths, one of 100,000 bytes */
	for (size_t i = 0; i < sizeof data; i++)
		data[i] = (i < 100000 || i >= 200000) && i * i % 97 == 1 ? '\n' : 'y';
	check_lines(data, sizeof data);
}

static void
open_fresh(struct source *s, const char *text)
{
	write_bytes(text, strlen(text));
	CHECK_INT(source_open(s, path), 0);
	CHECK_INT(source_check(s), SOURCE_SAME);
	usleep(20000); /* the file system's clock ticks every 10 ms at most */
}

static void
test_changes(void)
{
	struct source s;
	char other[80];

	snprintf(other, sizeof other, "%s.new", path);
	open_fresh(&s, "one\ntwo\n");
	write_bytes("ONE\ntwo\n", 8);
	CHECK_INT(source_check(&s), SOURCE_CHANGED);
	source_close(&s);

	open_fresh(&s, "one\n");
	CHECK_INT(truncate(path, 0), 0);
	CHECK_INT(source_check(&s), SOURCE_CHANGED);
	source_close(&s);

	open_fresh(&s, "one\n");
	CHECK_INT(rename(path, other), 0); /* moved away */
	CHECK_INT(source_check(&s), SOURCE_CHANGED);
	source_close(&s);

	open_fresh(&s, "one\n");
	CHECK_INT(rename(other, path), 0); /* replaced, as downloads do it */
	CHECK_INT(source_check(&s), SOURCE_GONE);
	source_close(&s);

	open_fresh(&s, "one\n");
	CHECK_INT(unlink(path), 0);
	CHECK_INT(source_check(&s), SOURCE_GONE);
	source_close(&s);
}

static void
test_truncated_while_read(void)
{
	static struct source_window w;
	struct source_reader r;
	struct source s;
	const char *text;
	char data[20000];
	size_t len;
	uint32_t at;
	unsigned line;

	memset(data, 'x', sizeof data);
	for (size_t i = 99; i < sizeof data; i += 100)
		data[i] = '\n';
	write_bytes(data, sizeof data);
	CHECK_INT(source_open(&s, path), 0);
	source_rewind(&r, &s);
	CHECK_INT(source_next(&r, &text, &len, &at, &line), 1);
	CHECK_INT(truncate(path, 100), 0);
	while (source_next(&r, &text, &len, &at, &line) > 0)
		;
	CHECK_INT(source_next(&r, &text, &len, &at, &line), -1);
	CHECK_INT(errno, EIO);
	CHECK(source_line(&w, &s, 5000, &len) == NULL);
	CHECK_INT(source_line_number(&s, 5000), 0);
	source_close(&s);
	CHECK_INT(s.fd, -1);
}

static void
test_refused(void)
{
	struct source s;

	unlink(path);
	CHECK_INT(source_open(&s, path), -1);
	CHECK_INT(errno, ENOENT);
	CHECK_INT(source_open(&s, dir), -1);
	CHECK_INT(errno, EINVAL);
	CHECK_INT(mkfifo(path, 0600), 0);
	CHECK_INT(source_open(&s, path), -1); /* and does not wait for a writer */
	CHECK_INT(errno, EINVAL);
	unlink(path);
}

int
main(void)
{
	if (mkdtemp(dir) == NULL)
		return 2;
	snprintf(path, sizeof path, "%s/list", dir);
	test_lines();
	test_changes();
	test_truncated_while_read();
	test_refused();
	rmdir(dir);
	return check_done("source");
}
