/*
 * page: the answers that the proxy makes itself.  See page.h.
 *
 * The page is written first, some way into the buffer, then the head with its length, and the two are
 * joined.  Every text has its own bound, and the bounds fit the buffer together: nothing can run out.
 */
#include "lib/http/page.h"

#include <string.h>

/* The style is allowed by its hash alone, so the page needs no 'unsafe-inline'.  Who changes it runs the
 * unit test, which prints the new hash. */
#define PAGE_STYLE                                                                            \
	":root{color-scheme:light dark;--b:#f3f5f6;--c:#fff;--f:#1c2227;--m:#5e6972;"         \
	"--l:#dde2e6;--a:#5d7386}"                                                            \
	".no{--a:#a9483f}.bad{--a:#bd7f17}"                                                   \
	"@media(prefers-color-scheme:dark){:root{--b:#121517;--c:#1a1e22;--f:#e3e7ea;"        \
	"--m:#97a2ab;--l:#2b3238}}"                                                           \
	"body{margin:0;padding:8vh 1rem;background:var(--b);color:var(--f);"                  \
	"font:1rem/1.55 system-ui,sans-serif;overflow-wrap:anywhere}"                         \
	"main{max-width:34rem;margin:auto;padding:1.75rem 2rem;background:var(--c);"          \
	"border:1px solid var(--l);border-top:.25rem solid var(--a);border-radius:.4rem}"     \
	"p{margin:1rem 0 0}"                                                                  \
	"h1{margin:.25rem 0 0;font-size:1.5rem;line-height:1.25}"                             \
	".name{margin:0;color:var(--m);font-size:.8rem;font-weight:600;letter-spacing:.08em}" \
	".to{margin:.35rem 0 0;color:var(--m)}"                                               \
	".tech{margin-top:1.5rem;padding-top:1rem;border-top:1px solid var(--l);"             \
	"color:var(--m);font:.8rem/1.5 ui-monospace,monospace}"
#define PAGE_STYLE_HASH "sha256-5YpO3q2d+FQbx1JhQfdoPWn+4rgxmaH+/Kwde4xF5Iw="

enum {
	HEAD_ROOM = 1536, /* where the page is put while its head has no length yet */
	/* bytes of a text, escaped; together with the fixed parts below PAGE_MAX - HEAD_ROOM */
	TITLE_MAX = 260,
	HOST_MAX = 260,
	PATH_MAX_SHOWN = 600,
	REASON_MAX = 900,
	STEP_MAX = 700,
	DETAIL_MAX = 700,
	STATUS_MAX = 560 /* of Proxy-Status details, in the head */
};

/* The words of each kind.  The colour is a class of the style. */
static const struct {
	const char *colour, *heading, *next_step;
} kinds[] = {
	[PAGE_BLOCKED] = { "no", "is blocked here",
		"If you need it, ask whoever looks after this network." },
	[PAGE_CERTIFICATE] = { "bad", "This connection is not safe",
		"Nothing was sent to the site. Try again later; if it stays like this, tell the "
		"people who run the site." },
	[PAGE_UNREACHABLE] = { "", "The site can't be reached",
		"Check the address for typing errors, or try again in a few minutes." },
	[PAGE_SLOW] = { "", "The site did not answer in time",
		"It may be busy: try again in a few minutes." },
	[PAGE_TLS] = { "bad", "No secure connection is possible",
		"Whoever looks after this network can exempt this site from inspection." },
	[PAGE_BAD_ORIGIN] = { "", "The site's answer can't be used",
		"Try again; if it stays like this, tell the people who run the site." },
	[PAGE_REFUSED] = { "", "This request can't be served",
		"Check the address, and the proxy settings of the program that you use." },
	[PAGE_BUSY] = { "", "Please try again soon", "This usually passes within a minute." },
};

const char *
page_status_text(int status)
{
	static const struct {
		int status;
		const char *text;
	} texts[] = { { 200, "OK" }, { 304, "Not Modified" }, { 400, "Bad Request" },
		{ 403, "Forbidden" }, { 404, "Not Found" }, { 405, "Method Not Allowed" },
		{ 407, "Proxy Authentication Required" }, { 408, "Request Timeout" },
		{ 411, "Length Required" }, { 413, "Content Too Large" }, { 414, "URI Too Long" },
		{ 417, "Expectation Failed" }, { 421, "Misdirected Request" },
		{ 426, "Upgrade Required" }, { 431, "Request Header Fields Too Large" },
		{ 500, "Internal Server Error" }, { 501, "Not Implemented" },
		{ 502, "Bad Gateway" }, { 503, "Service Unavailable" }, { 504, "Gateway Timeout" },
		{ 505, "HTTP Version Not Supported" }, { 508, "Loop Detected" } };

	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
		if (texts[i].status == status)
			return texts[i].text;
	return "Error";
}

/* --- writing ----------------------------------------------------------------------------------- */

struct writer {
	char *out;
	size_t len;
};

/* Text of our own; the bounds above leave room for all of it. */
static void
put(struct writer *w, const char *text)
{
	size_t len = strlen(text);

	memcpy(w->out + w->len, text, len);
	w->len += len;
}

static void
put_number(struct writer *w, size_t n)
{
	char text[24];
	size_t at = sizeof text;

	text[--at] = '\0';
	do
		text[--at] = (char)('0' + n % 10);
	while ((n /= 10) > 0);
	put(w, text + at);
}

/* One byte of a text from outside, as it may stand in HTML, or in a quoted string (RFC 8941 section 3.3.3).
 * Returns what to write for it: a constant, or `room`. */
static const char *
escape(char c, bool html, char room[4])
{
	static const char hex[16] = "0123456789ABCDEF";
	unsigned char u = (unsigned char)c;

	if (u < 0x20 || u > 0x7e) {
		room[0] = '%';
		room[1] = hex[u >> 4];
		room[2] = hex[u & 15];
		room[3] = '\0';
		return room;
	}
	room[0] = c;
	room[1] = '\0';
	switch (c) {
	case '&': return html ? "&amp;" : room;
	case '<': return html ? "&lt;" : room;
	case '>': return html ? "&gt;" : room;
	case '\'': return html ? "&#39;" : room;
	case '"': return html ? "&quot;" : "\\\"";
	case '\\': return html ? room : "\\\\";
	default: return room;
	}
}

/* A text from outside in at most `most` bytes; what is cut ends in "...". */
static void
put_escaped(struct writer *w, const char *text, size_t most, bool html)
{
	size_t end = w->len + most - 3;
	char room[4];

	if (text == NULL)
		return;
	for (; *text != '\0'; text++) {
		const char *piece = escape(*text, html, room);

		if (w->len + strlen(piece) > end) {
			put(w, "...");
			return;
		}
		put(w, piece);
	}
}

static bool
is_empty(const char *text)
{
	return text == NULL || text[0] == '\0';
}

/* A paragraph of that class around a text from outside; none without text. */
static void
put_paragraph(struct writer *w, const char *open, const char *text, size_t most)
{
	if (is_empty(text))
		return;
	put(w, open);
	put_escaped(w, text, most, true);
}

/* --- the page ---------------------------------------------------------------------------------- */

static void
put_heading(struct writer *w, const struct page *p)
{
	if (p->kind == PAGE_BLOCKED)
		put(w, p->connect || is_empty(p->path) ? "This site " : "This page ");
	put(w, kinds[p->kind].heading);
}

static void
put_page(struct writer *w, const struct page *p)
{
	put(w, "<!doctype html>\n<html lang=\"en\" class=\"");
	put(w, kinds[p->kind].colour);
	put(w, "\">\n<meta charset=\"utf-8\">\n"
	       "<meta name=\"viewport\" content=\"width=device-width\">\n<title>");
	put_heading(w, p);
	if (!is_empty(p->host))
		put(w, ": ");
	put_escaped(w, p->host, TITLE_MAX, true);
	put(w, "</title>\n<style>" PAGE_STYLE "</style>\n<main>\n<p class=\"name\">sluice\n<h1>");
	put_heading(w, p);
	put(w, "</h1>\n");
	put_paragraph(w, "<p class=\"to\">", p->host, HOST_MAX);
	if (!is_empty(p->host))
		put_escaped(w, p->path, PATH_MAX_SHOWN, true);
	put_paragraph(w, "\n<p>", p->reason, REASON_MAX);
	put_paragraph(w, "\n<p>", is_empty(p->next_step) ? kinds[p->kind].next_step : p->next_step,
		STEP_MAX);
	put(w, "\n<p class=\"tech\">");
	put_number(w, (size_t)p->status);
	put(w, " ");
	put(w, page_status_text(p->status));
	if (!is_empty(p->error_type)) {
		put(w, ", ");
		put(w, p->error_type);
	}
	put_paragraph(w, "<br>", p->detail, DETAIL_MAX);
	put(w, "\n</main>\n");
}

static void
put_head(struct writer *w, const struct page *p, size_t length)
{
	put(w, "HTTP/1.1 ");
	put_number(w, (size_t)p->status);
	put(w, " ");
	put(w, page_status_text(p->status));
	put(w, "\r\nProxy-Status: sluice");
	if (!is_empty(p->error_type)) {
		put(w, "; error=");
		put(w, p->error_type);
	}
	if (!is_empty(p->reason)) {
		put(w, "; details=\"");
		put_escaped(w, p->reason, STATUS_MAX / 2, false);
		put(w, is_empty(p->detail) ? "\"" : " (");
		put_escaped(w, p->detail, STATUS_MAX / 2, false);
		put(w, is_empty(p->detail) ? "" : ")\"");
	}
	put(w, "\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: ");
	put_number(w, length);
	/* RFC 9110 section 15.5.6. */
	if (p->status == 405)
		put(w, "\r\nAllow: GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS");
	put(w, "\r\nCache-Control: no-store"
	       "\r\nContent-Security-Policy: default-src 'none'; style-src '" PAGE_STYLE_HASH "'; "
	       "frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
	       "\r\nX-Content-Type-Options: nosniff"
	       "\r\nReferrer-Policy: no-referrer"
	       "\r\nConnection: close\r\n\r\n");
}

size_t
page_write(const struct page *p, char out[PAGE_MAX])
{
	struct writer head = { .out = out }, page = { .out = out + HEAD_ROOM };

	put_page(&page, p);
	put_head(&head, p, page.len);
	if (p->head_only)
		return head.len;
	memmove(out + head.len, page.out, page.len);
	return head.len + page.len;
}
