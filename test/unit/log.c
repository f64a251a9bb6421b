/* log: nothing that a peer sends can forge a line or drive a terminal; long lines are cut, never wrapped. */
#include "check.h"
#include "lib/base/log.h"

#include <errno.h>
#include <fcntl.h>

static char got[2 * LOG_LINE];

/* What log_line writes to stderr, in got; its length is returned. */
static int pipes[2], real_stderr;

static void
capture_start(void)
{
	fflush(stderr);
	if (pipe(pipes) != 0)
		exit(2);
	real_stderr = dup(STDERR_FILENO);
	dup2(pipes[1], STDERR_FILENO);
	close(pipes[1]);
}

static ssize_t
capture_end(void)
{
	ssize_t n;

	dup2(real_stderr, STDERR_FILENO);
	close(real_stderr);
	n = read(pipes[0], got, sizeof got - 1);
	close(pipes[0]);
	got[n > 0 ? n : 0] = '\0';
	return n;
}

static void
test_lines(void)
{
	static const struct {
		enum log_level level;
		const char *text, *line;
	} cases[] = {
		{ LOG_LEVEL_INFO, "GET example.com 200", "GET example.com 200\n" },
		{ LOG_LEVEL_WARN, "pool full", "warning: pool full\n" },
		{ LOG_LEVEL_NOTICE, "reloaded", "reloaded\n" },
		{ LOG_LEVEL_ERROR, "no key", "error: no key\n" },
		{ LOG_LEVEL_DEBUG, "request -> resolve", "debug: request -> resolve\n" },
		{ LOG_LEVEL_INFO, "a\nerror: forged", "a%0Aerror: forged\n" },
		{ LOG_LEVEL_INFO, "\x1b[2J\x7f\x80\xff\r\t", "%1B[2J%7F%80%FF%0D%09\n" },
		{ LOG_LEVEL_INFO, "%41 stays", "%41 stays\n" },
		{ LOG_LEVEL_INFO, "", "\n" },
	};

	log_open(false, LOG_LEVEL_DEBUG);
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		capture_start();
		errno = ENOENT;
		log_line(cases[i].level, "%s", cases[i].text);
		CHECK_INT(errno, ENOENT);
		capture_end();
		CHECK_STR(got, cases[i].line);
	}
}

static void
test_threshold(void)
{
	log_open(false, LOG_LEVEL_WARN);
	CHECK(log_wants(LOG_LEVEL_ERROR) && log_wants(LOG_LEVEL_WARN));
	CHECK(!log_wants(LOG_LEVEL_INFO) && !log_wants(LOG_LEVEL_DEBUG));
	capture_start();
	log_line(LOG_LEVEL_INFO, "dropped");
	log_line(LOG_LEVEL_WARN, "written %d", 1);
	capture_end();
	CHECK_STR(got, "warning: written 1\n");
	log_open(false, LOG_LEVEL_ERROR);
	CHECK(log_wants(LOG_LEVEL_NOTICE) && !log_wants(LOG_LEVEL_WARN));
	log_open(false, LOG_LEVEL_DEBUG);
}

/* Every length around the bound, of plain text and of text that triples. */
static void
test_cut(void)
{
	static char text[LOG_LINE + 10];

	for (int octet = 0; octet < 2; octet++) {
		for (size_t len = LOG_LINE / 3 - 4; len < LOG_LINE + 4; len++) {
			size_t full = octet ? 3 * len : len;
			bool cut = full > LOG_LINE - 1;
			ssize_t n;

			memset(text, octet ? '\x01' : 'x', len);
			text[len] = '\0';
			capture_start();
			log_line(LOG_LEVEL_INFO, "%s", text);
			n = capture_end();
			if (cut ? n > LOG_LINE || n < LOG_LINE - 3 ||
						strcmp(got + n - 4, "...\n") != 0 ||
						(octet && got[n - 7] != '%')
				: n != (ssize_t)full + 1)
				CHECK_INT(len, -1);
		}
	}
	CHECK(true);
	/* A number behind a full line is cut with it. */
	memset(text, 'x', LOG_LINE);
	text[LOG_LINE] = '\0';
	capture_start();
	log_line(LOG_LEVEL_INFO, "%s%d", text, 12345);
	CHECK_INT(capture_end(), LOG_LINE);
	/* So is one behind a prefix. */
	capture_start();
	log_line(LOG_LEVEL_WARN, "%s", text);
	CHECK_INT(capture_end(), LOG_LINE);
}

static void
test_escape(void)
{
	static const struct {
		const char *text;
		size_t len, cap;
		const char *want;
	} cases[] = {
		{ "example.com", 11, 32, "example.com" },
		{ "a b", 3, 32, "a%20b" },
		{ "100%\"x\"", 7, 32, "100%25%22x%22" },
		{ "a\0b", 3, 32, "a%00b" },
		{ "\xc3\xa9", 2, 32, "%C3%A9" },
		{ "", 0, 32, "" },
		{ "abcdef", 6, 7, "abcdef" },
		{ "abcdef", 6, 6, "ab..." },
		{ "ab\n", 3, 6, "ab%0A" },
		{ "ab\ncd", 5, 8, "ab%0Acd" },
		{ "ab\ncd", 5, 7, "ab..." },
		{ "a\n\n\n", 4, 9, "a%0A..." },
		{ "abcdef", 6, 4, "..." },
		{ "abcdef", 6, 2, "." },
		{ "abcdef", 6, 1, "" },
	};
	char all[256], out[1024];

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		char *in = check_guard(cases[i].text, cases[i].len);
		char *room = check_guard(out, cases[i].cap);

		CHECK(log_escape(room, cases[i].cap, in, cases[i].len) == room);
		CHECK_STR(room, cases[i].want);
		check_unguard(in, cases[i].len);
		check_unguard(room, cases[i].cap);
	}
	for (int c = 0; c < 256; c++)
		all[c] = (char)c;
	log_escape(out, sizeof out, all, sizeof all);
	for (size_t i = 0; out[i] != '\0'; i++)
		if (out[i] <= 0x20 || out[i] > 0x7e || out[i] == '"')
			CHECK_INT(out[i], 'x');
	CHECK_INT(strlen(out), 256 + 2 * (33 + 129 + 2));
	snprintf(out, sizeof out, "kept");
	log_escape(out, 0, "x", 1); /* no room, not even for the NUL */
	CHECK_STR(out, "kept");
}

/* A reader that went away costs the line, not the process and not errno. */
static void
test_gone(void)
{
	int keep = dup(STDERR_FILENO);

	close(STDERR_FILENO);
	errno = 0;
	log_line(LOG_LEVEL_INFO, "nobody reads this");
	CHECK_INT(errno, 0);
	dup2(keep, STDERR_FILENO);
	close(keep);
}

int
main(void)
{
	test_lines();
	test_threshold();
	test_cut();
	test_escape();
	test_gone();
	log_open(true,
		LOG_LEVEL_INFO); /* no /dev/log may be there: nothing to see but that it lives */
	log_line(LOG_LEVEL_DEBUG, "not sent");
	log_open(false, LOG_LEVEL_INFO);
	capture_start();
	log_line(LOG_LEVEL_INFO, "back on stderr");
	capture_end();
	CHECK_STR(got, "back on stderr\n");
	return check_done("log");
}
