/* uci: every quoting form, comments, joined lines, errors with their line; input ends at a guard page. */
#include "check.h"
#include "lib/base/uci.h"

/* Reads all statements of text as "kind name=value@line;..." or "error@line: ...". */
static const char *
read_all(const char *text, size_t len)
{
	static char out[2048];
	char *data = check_guard(text, len);
	struct uci u;
	size_t n = 0;
	int got;

	uci_init(&u, data, len);
	out[0] = '\0';
	while ((got = uci_next(&u)) > 0)
		n += (size_t)snprintf(out + n, sizeof out - n, "%c %s=%s@%u;", "pcol"[u.kind],
			u.name, u.value, u.line);
	if (got < 0)
		snprintf(out + n, sizeof out - n, "error@%u: %s", u.line, u.error);
	check_unguard(data, len);
	return out;
}

#define READS(text, want) CHECK_STR(read_all(text, sizeof(text) - 1), want)

static void
test_statements(void)
{
	READS("", "");
	READS("\n \t\r\n# only a comment", "");
	READS("config sluice 'main'\n\toption inspect '1'\n\tlist listen 'a'\n",
		"c sluice=main@1;o inspect=1@2;l listen=a@3;");
	READS("package sluice\n\nconfig list\n", "p sluice=@1;c list=@3;");
	READS("c s m\no a b\nl c d", "c s=m@1;o a=b@2;l c=d@3;");
	READS("config s; option a 1; # x\r\noption b 2", "c s=@1;o a=1@1;o b=2@2;");
	READS("option a", "o a=@1;");
	READS("\xef\xbb\xbf# from an editor\noption a b", "o a=b@2;");
	READS("\xef\xbb\xbf", "");
	READS("option a ''\noption b \"\"", "o a=@1;o b=@2;");
}

static void
test_quotes(void)
{
	READS("option a 'it'\\''s'", "o a=it's@1;"); /* what uci export writes */
	READS("option a \"it's \\\"so\\\" \\\\ \\x\"", "o a=it's \"so\" \\ x@1;");
	READS("option a 'back\\slash'", "o a=back\\slash@1;");
	READS("option a b'c d'\"e f\"g", "o a=bc de fg@1;");
	READS("option a b\\ c\\#d\\;e", "o a=b c#d;e@1;");
	READS("option a b#c\noption d '#;'", "o a=b@1;o d=#;@2;");
	READS("option 'a' \"b\"", "o a=b@1;");
	READS("option a 'two\nlines'\noption b c", "o a=two\nlines@1;o b=c@3;");
	READS("option \\\n a \\\r\n b\noption c d", "o a=b@1;o c=d@4;");
	READS("option a \"b\\\nc\"", "o a=bc@1;");
}

static void
test_errors(void)
{
	READS("config a\nfoo b", "c a=@1;error@2: expected config, option or list");
	READS("option", "error@1: a name is missing");
	READS("\n\noption ''", "error@3: a name is missing");
	READS("option a b c", "error@1: too many words; quote a value that has blanks in it");
	READS("option a 'b\n\n", "error@1: a ' without its closing ' in this line");
	READS("option a \"b", "error@1: a \" without its closing \" in this line");
	/* The next quote closes the one that was forgotten, and what follows is in its place. */
	READS("o z y\no a 'b\no c 'd'\no e f",
		"o z=y@1;error@2: a ' without its closing ' in this line");
	READS("o a 'b\no c 'd e'", "error@1: a ' without its closing ' in this line");
	READS("option a b\\", "error@1: the file ends in a backslash");
	READS("option a \"b\\", "error@1: the file ends in a backslash");
	READS("option a 'b\0c'", "error@1: a NUL byte");
	READS("o a b c\no a 'x'", "error@1: too many words; quote a value that has blanks in it");
	READS("opt\0ion a", "error@1: a NUL byte");
}

/* The longest word that fits, and one byte more. */
static void
test_bounds(void)
{
	char text[2 * UCI_VALUE] = "option a ";
	size_t len = strlen(text);
	struct uci u;

	memset(text + len, 'x', UCI_VALUE);
	uci_init(&u, text, len + UCI_VALUE - 1);
	CHECK_INT(uci_next(&u), 1);
	CHECK_INT(strlen(u.value), UCI_VALUE - 1);
	uci_init(&u, text, len + UCI_VALUE);
	CHECK_INT(uci_next(&u), -1);
	CHECK_STR(u.error, "a word is too long");
}

/* A file cut at any byte is read or refused, never read past its end. */
static void
test_cuts(void)
{
	static const char text[] = "config s 'm'\n\toption a \"b\\\"c\\\n\" # d\nlist e f\\ g'h'\n";
	size_t len;

	for (len = 0; len < sizeof text; len++)
		CHECK(read_all(text, len) != NULL);
	CHECK_STR(read_all(text, sizeof text - 1), "c s=m@1;o a=b\"c@2;l e=f gh@4;");
}

static void
test_names(void)
{
	CHECK(uci_is_name("aZ_09"));
	CHECK(!uci_is_name(""));
	CHECK(!uci_is_name("a-b"));
	CHECK(!uci_is_name("a b"));
}

/* A value that is not there is not an empty one; a value of two lines is read, and told. */
static void
test_told(void)
{
	static const char text[] = "o a\no b ''\no c 'x\ny'\no d e\no f \\\n 'g'";
	struct uci u;

	uci_init(&u, text, sizeof text - 1);
	CHECK(uci_next(&u) == 1 && !u.has_value && u.open_line == 0);
	CHECK(uci_next(&u) == 1 && u.has_value && u.value[0] == '\0');
	CHECK(uci_next(&u) == 1 && u.has_value && u.open_line == 3);
	CHECK_STR(uci_open_text(&u), "a ' without its closing ' in this line");
	CHECK(uci_next(&u) == 1 && u.open_line == 0);
	CHECK(uci_next(&u) == 1 && u.has_value && u.open_line == 0);
	CHECK_STR(u.value, "g");
}

int
main(void)
{
	test_told();
	test_statements();
	test_quotes();
	test_errors();
	test_bounds();
	test_cuts();
	test_names();
	return check_done("uci");
}
