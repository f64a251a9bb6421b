/*
 * uci: reads the syntax of OpenWrt's UCI files: sections, options and lists, in every quoting form that
 * `uci export` writes and a person may type.
 *
 * Pure: no syscalls, no allocation; reads a buffer that the caller keeps and gives out one statement at a
 * time.  Knows no option by name.  Reads what libuci reads, with libuci's strict flag (its default): words
 * may mix bare text, '...', "..." and \x; a quoted text may span lines; backslash-newline joins lines; '#'
 * outside quotes begins a comment, ';' ends a statement.  A byte order mark at the beginning is passed over.
 */
#ifndef UCI_H
#define UCI_H

#include <stdbool.h>
#include <stddef.h>

enum {
	UCI_NAME = 64,   /* bytes of an option's name or a section's type, with NUL */
	UCI_VALUE = 1024 /* bytes of a value with NUL; ours are paths and addresses */
};

enum uci_kind {
	UCI_PACKAGE, /* package NAME: value */
	UCI_SECTION, /* config NAME [VALUE] */
	UCI_OPTION,  /* option NAME [VALUE] */
	UCI_LIST     /* list NAME [VALUE] */
};

struct uci {
	const char *data;
	size_t len, pos;
	unsigned here; /* the line that pos is in */
	/* The line of the first quote of this statement whose text goes on in the next line, 0: none.  Mostly the closing
	 * one was forgotten: an error further on in the statement says that, and whose values have one line may too. */
	unsigned open_line;
	char open_quote;
	/* the statement */
	enum uci_kind kind;
	unsigned line; /* where it begins, from 1; also where an error is */
	char name[UCI_NAME];
	char value[UCI_VALUE]; /* "": none, which to uci is the same as an empty one ... */
	bool has_value;        /* ... false: not even '' */
	const char *error;     /* after -1: a short sentence, a constant */
};

/* `data` is the caller's and must outlive u. */
void uci_init(struct uci *u, const char *data, size_t len);

/* 1: a statement (kind, line, name, value); 0: the end; -1: malformed (line, error). */
int uci_next(struct uci *u);

/* "a ' without its closing ' in this line", of open_quote. */
const char *uci_open_text(const struct uci *u);

/* True for what libuci takes as a section's or an option's name: letters, digits and '_', not empty. */
bool uci_is_name(const char *text);

#endif
