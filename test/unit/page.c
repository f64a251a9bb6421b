/*
 * page: heads that parse, lengths that are right, nothing from outside that is more than text, everything
 * that is too long cut, and a style that its hash in the policy allows.
 */
#include "check.h"
#include "lib/http/http.h"
#include "lib/http/page.h"

#include <bearssl.h>

static char out[PAGE_MAX + 1];
static struct http_head head;

/* Writes to memory that ends at a guard page; leaves the answer in `out`, ended by NUL. */
static size_t
write_guarded(const struct page *p)
{
	static const char zeros[PAGE_MAX];
	char *room = check_guard(zeros, sizeof zeros);
	size_t len = page_write(p, room);

	CHECK(len < PAGE_MAX);
	memcpy(out, room, len);
	out[len] = '\0';
	check_unguard(room, PAGE_MAX);
	return len;
}

/* Writes it, and reads it as a client would; returns where the page begins. */
static const char *
write_page(const struct page *p)
{
	static const struct http_asked get;
	size_t len = write_guarded(p);

	CHECK(http_parse_response(&head, out, len, &get) > 0);
	CHECK_INT(head.status, p->status);
	CHECK(!head.keep && head.framing == BODY_LENGTH);
	CHECK_INT(head.len + head.length, p->head_only ? head.len + head.length : len);
	CHECK(p->head_only || strncmp(out + head.len, "<!doctype html>\n", 16) == 0);
	return out + head.len;
}

static bool
field_is(const char *name, const char *want)
{
	struct http_field f;

	return http_find(&head, out, name, &f) && f.value.len == strlen(want) &&
	       memcmp(out + f.value.off, want, f.value.len) == 0;
}

static bool
has_field(const char *name)
{
	struct http_field f;

	return http_find(&head, out, name, &f);
}

static const struct page blocked = { .kind = PAGE_BLOCKED,
	.status = 403,
	.host = "ads.example",
	.path = "/x",
	.reason = "This is on a list.",
	.detail = "ads, ads.txt:12, \"a\\b\"",
	.error_type = "http_request_denied",
	.next_step = "" };

static void
headers(void)
{
	write_page(&blocked);
	CHECK(field_is("proxy-status",
		"sluice; error=http_request_denied; "
		"details=\"This is on a list. (ads, ads.txt:12, \\\"a\\\\b\\\")\""));
	CHECK(field_is("cache-control", "no-store"));
	CHECK(field_is("x-content-type-options", "nosniff"));
	CHECK(field_is("referrer-policy", "no-referrer"));
	CHECK(field_is("connection", "close"));
	CHECK(field_is("content-type", "text/html; charset=utf-8"));
	CHECK(!has_field("allow"));
	CHECK(strncmp(out, "HTTP/1.1 403 Forbidden\r\n", 24) == 0);

	write_page(&(struct page){ .kind = PAGE_REFUSED, .status = 405 });
	CHECK(has_field("allow"));
	CHECK(field_is("proxy-status", "sluice"));
	CHECK_STR(page_status_text(502), "Bad Gateway");
	CHECK_STR(page_status_text(299), "Error");
}

static void
head_only(void)
{
	struct page p = blocked;
	char first[PAGE_MAX];
	size_t len;

	write_page(&p);
	len = head.len;
	memcpy(first, out, len);
	p.head_only = true;
	CHECK_INT(write_guarded(&p), len);
	CHECK(memcmp(first, out, len) == 0);
}

static void
wording(void)
{
	struct page p = blocked;

	CHECK(strstr(write_page(&p), "<h1>This page is blocked here</h1>\n") != NULL);
	CHECK(strstr(out, ">ads.example/x\n") != NULL);
	CHECK(strstr(out, "ask whoever looks after") != NULL);
	p.connect = true;
	p.next_step = "Do this.";
	CHECK(strstr(write_page(&p), "<h1>This site is blocked here</h1>\n") != NULL);
	CHECK(strstr(out, "ask whoever looks after") == NULL && strstr(out, "<p>Do this.") != NULL);

	for (int kind = PAGE_BLOCKED; kind <= PAGE_BUSY; kind++) {
		p = (struct page){ .kind = (enum page_kind)kind, .status = 502 };
		write_page(&p);
		CHECK(strstr(out, "<h1></h1>") == NULL && head.length < 2500);
		p.host = p.path = p.reason = p.detail = p.error_type = p.next_step = "";
		CHECK(strstr(write_page(&p), "<p>\n") == NULL);
	}
}

/* Every byte in every text: no tag, no quote, no control byte, nothing but ASCII comes out. */
static void
escaping(void)
{
	static const char *const texts[] = { "<script>alert(1)</script>", "\"><img src=x>", "'&lt;",
		"a\r\nSet-Cookie: b", "\x1b[31m\x7f\x01", "\xe2\x80\xae.drowssap", "\xff\xfe",
		"\"; error=x; details=\"", "\\" };

	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
		struct page p = { PAGE_CERTIFICATE, 502, texts[i], texts[i], texts[i], texts[i],
			"tls_certificate_error", texts[i], false, false };
		const char *page = write_page(&p);

		CHECK(strstr(page, "<script") == NULL && strstr(page, "<img") == NULL);
		CHECK(!has_field("set-cookie"));
		for (const char *c = out; *c != '\0'; c++)
			CHECK((*c >= 0x20 && *c <= 0x7e) || *c == '\n' || *c == '\r');
	}
	write_page(&(struct page){
		.kind = PAGE_REFUSED, .status = 400, .reason = "a\"b\\c<&>'\n\xc3" });
	CHECK(field_is("proxy-status", "sluice; details=\"a\\\"b\\\\c<&>'%0A%C3\""));
	CHECK(strstr(out, "<p>a&quot;b\\c&lt;&amp;&gt;&#39;%0A%C3\n") != NULL);
}

/* Texts of every length up to far too long, of the byte that takes most room. */
static void
cutting(void)
{
	static char text[PAGE_MAX * 2];

	for (size_t len = 0; len < sizeof text; len += len < 1000 ? 1 : 500) {
		struct page p = { PAGE_CERTIFICATE, 405, text, text, text, text,
			"http_response_header_section_size", text, false, false };
		const char *page;

		memset(text, len % 2 ? '"' : '\\', len);
		text[len] = '\0';
		page = write_page(&p);
		CHECK(strstr(page, "</main>\n") != NULL);
		/* A cut never goes through an escape. */
		for (const char *c = page; (c = strchr(c, '&')) != NULL; c++)
			CHECK(strncmp(c, "&quot;", 6) == 0 || strncmp(c, "&#39;", 5) == 0);
	}
	CHECK(strstr(out, "...") != NULL);
}

/* The policy allows exactly the style that is there. */
static void
style_hash(void)
{
	static const char b64[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const char *page = write_page(&blocked), *style = strstr(page, "<style>") + 7;
	const char *end = strstr(style, "</style>");
	unsigned char hash[33] = { 0 };
	char want[64] = "'sha256-";
	size_t n = strlen(want);
	br_sha256_context sha;

	br_sha256_init(&sha);
	br_sha256_update(&sha, style, (size_t)(end - style));
	br_sha256_out(&sha, hash);
	for (size_t i = 0; i < 33; i += 3) {
		unsigned v = (unsigned)hash[i] << 16 | (unsigned)hash[i + 1] << 8 | hash[i + 2];

		for (int shift = 18; shift >= 0; shift -= 6)
			want[n++] = b64[v >> shift & 63];
	}
	want[n - 1] = '='; /* 32 bytes make 43 characters and padding */
	want[n] = '\'';
	if (strstr(out, want) == NULL)
		fprintf(stderr, "PAGE_STYLE_HASH should be %s\n", want);
	CHECK(strstr(out, want) != NULL);
	CHECK(strstr(out, "unsafe") == NULL && strstr(page, "style=") == NULL);
	CHECK(strstr(page, "url(") == NULL && strstr(page, "http") == strstr(page, "http_request"));
	CHECK(strstr(end, "<style") == NULL);
}

int
main(void)
{
	headers();
	head_only();
	wording();
	escaping();
	cutting();
	style_hash();
	return check_done("page");
}
