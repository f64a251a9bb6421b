/*
 * uci: a tokenizer for UCI files.  Three layers: a quoted run, a word, a statement.  Never looks past
 * data[len), never writes past a word's room, never allocates.
 */
#include "lib/base/uci.h"

#include <string.h>

/* A word that is being put together. */
struct word {
	char *out;
	size_t cap, len;
};

void
uci_init(struct uci *u, const char *data, size_t len)
{
	memset(u, 0, sizeof *u);
	u->data = data;
	u->len = len;
	u->here = 1;
	if (len >= 3 && memcmp(data, "\xef\xbb\xbf", 3) ==
				0) /* a byte order mark, as Windows' editors write it */
		u->pos = 3;
}

const char *
uci_open_text(const struct uci *u)
{
	return u->open_quote == '\'' ? "a ' without its closing ' in this line"
				     : "a \" without its closing \" in this line";
}

bool
uci_is_name(const char *text)
{
	return *text != '\0' &&
	       strspn(text, "abcdefghijklmnopqrstuvwxyz"
			    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") == strlen(text);
}

static int
fail(struct uci *u, const char *error)
{
	u->error = error;
	if (u->open_line != 0) {
		u->error = uci_open_text(u);
		u->line = u->open_line;
	}
	return -1;
}

/* The next byte, or -1 at the end. */
static int
peek(const struct uci *u)
{
	return u->pos < u->len ? (unsigned char)u->data[u->pos] : -1;
}

static void
advance(struct uci *u)
{
	if (u->data[u->pos++] == '\n')
		u->here++;
}

static bool
is_blank(int ch)
{
	return ch == ' ' || ch == '\t' || ch == '\r' || ch == '\v' || ch == '\f';
}

static bool
is_end(int ch)
{
	return ch == -1 || ch == '\n' || ch == ';' || ch == '#';
}

/* Takes the next byte as it is.  A NUL is refused: it would cut a value that was checked as a whole. */
static int
take(struct uci *u, struct word *w)
{
	if (u->data[u->pos] == '\0')
		return fail(u, "a NUL byte");
	if (w->len + 1 >= w->cap)
		return fail(u, "a word is too long");
	w->out[w->len++] = u->data[u->pos];
	advance(u);
	return 0;
}

/* Passes over a backslash that joins two lines; false if there is none here. */
static bool
skip_join(struct uci *u)
{
	size_t end = u->pos + 1;

	if (end < u->len && u->data[end] == '\r')
		end++;
	if (peek(u) != '\\' || end >= u->len || u->data[end] != '\n')
		return false;
	while (u->pos <= end)
		advance(u);
	return true;
}

static void
skip_blanks(struct uci *u)
{
	while (is_blank(peek(u)) || peek(u) == '\\') {
		if (is_blank(peek(u)))
			advance(u);
		else if (!skip_join(u))
			break;
	}
}

/* At a backslash: joins lines, or takes the next byte for what it is. */
static int
take_escaped(struct uci *u, struct word *w)
{
	if (skip_join(u))
		return 0;
	advance(u);
	return peek(u) == -1 ? fail(u, "the file ends in a backslash") : take(u, w);
}

static int
take_quoted(struct uci *u, struct word *w, int quote)
{
	unsigned line = u->here;

	advance(u);
	while (peek(u) != quote) {
		if ((peek(u) == -1 || peek(u) == '\n') && u->open_line == 0) {
			u->open_line = line;
			u->open_quote = (char)quote;
		}
		if (peek(u) == -1)
			return fail(u, uci_open_text(u));
		if ((peek(u) == '\\' && quote == '"' ? take_escaped(u, w) : take(u, w)) != 0)
			return -1;
	}
	advance(u);
	return 0;
}

/* Reads one word into out[cap]: "" if the statement ends here.  0 or -1. */
static int
read_word(struct uci *u, char *out, size_t cap)
{
	struct word w = { out, cap, 0 };
	int ch, bad = 0;

	skip_blanks(u);
	while (bad == 0 && !is_end(ch = peek(u)) && !is_blank(ch)) {
		if (ch == '\'' || ch == '"')
			bad = take_quoted(u, &w, ch);
		else if (ch == '\\')
			bad = take_escaped(u, &w);
		else
			bad = take(u, &w);
	}
	out[w.len] = '\0';
	return bad;
}

static void
skip_comment(struct uci *u)
{
	while (peek(u) != -1 && peek(u) != '\n')
		advance(u);
}

/* Passes over blanks, empty statements and comments. */
static void
skip_to_statement(struct uci *u)
{
	int ch;

	while ((ch = peek(u)) != -1) {
		if (ch == '#')
			skip_comment(u);
		else if (ch == '\n' || ch == ';' || is_blank(ch))
			advance(u);
		else
			break;
	}
}

/* Reads the first word: option, list, config, package.  libuci takes single letters too. */
static int
find_kind(const char *word)
{
	static const char *const words[] = { [UCI_PACKAGE] = "package",
		[UCI_SECTION] = "config",
		[UCI_OPTION] = "option",
		[UCI_LIST] = "list" };
	int i;

	for (i = 0; i < 4; i++)
		if (strcmp(word, words[i]) == 0 || (word[0] == words[i][0] && word[1] == '\0'))
			return i;
	return -1;
}

int
uci_next(struct uci *u)
{
	int kind;

	skip_to_statement(u);
	u->line = u->here;
	u->open_line = 0;
	if (peek(u) == -1)
		return 0;
	if (read_word(u, u->name, sizeof u->name) != 0)
		return -1;
	kind = find_kind(u->name);
	if (kind < 0)
		return fail(u, "expected config, option or list");
	u->kind = (enum uci_kind)kind;
	if (read_word(u, u->name, sizeof u->name) != 0)
		return -1;
	if (u->name[0] == '\0')
		return fail(u, "a name is missing");
	skip_blanks(u);
	u->has_value = !is_end(peek(u));
	if (read_word(u, u->value, sizeof u->value) != 0)
		return -1;
	skip_blanks(u);
	if (!is_end(peek(u)))
		return fail(u, "too many words; quote a value that has blanks in it");
	return 1;
}
