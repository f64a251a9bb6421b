/*
 * pem: finds objects in PEM text and decodes them.  See pem.h.
 */
#include "lib/x509/pem.h"

#include <string.h>

static const char begin[] = "-----BEGIN ", end[] = "-----END ", dashes[] = "-----";

void
pem_init(struct pem *p, unsigned char *out, size_t cap)
{
	memset(p, 0, sizeof *p);
	p->out = out;
	p->cap = cap;
	p->line = 1;
}

static int
base64_value(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == '+' ? 62 : c == '/' ? 63 : -1;
}

/* A group of four is complete: 3 bytes, less the padding. */
static void
put_group(struct pem *p)
{
	size_t n = 3u - p->padding, i;

	if (n > p->cap - p->len) {
		p->broken = true;
		return;
	}
	for (i = 0; i < n; i++)
		p->out[p->len++] = (unsigned char)(p->bits >> (16 - 8 * i));
	p->quantum = 0;
	p->bits = 0;
}

static void
put_base64(struct pem *p, char c)
{
	int value = base64_value(c);

	if (p->broken)
		return;
	if (c == '=' && p->quantum >= 2) {
		p->padding++;
		value = 0;
	} else if (value < 0 || p->padding > 0) { /* nothing follows the padding */
		p->broken = true;
		return;
	}
	p->bits = p->bits << 6 | (uint32_t)value;
	if (++p->quantum == 4)
		put_group(p);
}

/* "-----BEGIN label-----": the label's length, or 0 if the line is none of those. */
static size_t
find_label(const struct pem *p, const char *start, size_t start_len)
{
	size_t tail = sizeof dashes - 1;

	if (p->text_len <= start_len + tail || p->text_len >= PEM_LINE ||
		memcmp(p->text, start, start_len) != 0 ||
		memcmp(p->text + p->text_len - tail, dashes, tail) != 0)
		return 0;
	return p->text_len - start_len - tail;
}

static void
start_object(struct pem *p, size_t label_len)
{
	p->inside = true;
	p->broken = label_len >= PEM_LABEL;
	p->len = p->quantum = p->padding = 0;
	p->bits = 0;
	if (p->broken)
		label_len = 0;
	memcpy(p->label, p->text + sizeof begin - 1, label_len);
	p->label[label_len] = '\0';
}

/* A boundary, or any line outside objects, has ended.  Returns as pem_push. */
static int
take_line(struct pem *p)
{
	size_t n = find_label(p, begin, sizeof begin - 1);
	bool was_inside = p->inside, good;

	if (n > 0) {
		start_object(p, n);
		return was_inside ? -1 : 0; /* the object before has no END */
	}
	if (!was_inside || p->text_len == 0 || p->text[0] != '-')
		return 0;
	n = find_label(p, end, sizeof end - 1);
	good = !p->broken && p->quantum == 0 && n == strlen(p->label) &&
	       memcmp(p->text + sizeof end - 1, p->label, n) == 0 && n > 0;
	p->inside = false;
	return good ? 1 : -1;
}

static int
end_line(struct pem *p)
{
	int got;

	while (p->text_len > 0 && p->text_len < PEM_LINE && p->text[p->text_len - 1] == ' ')
		p->text_len--;
	got = take_line(p);
	p->text_len = 0;
	return got;
}

int
pem_push(struct pem *p, const char *data, size_t len, size_t *used)
{
	size_t i;
	int got;
	char c;

	for (i = 0; i < len; i++) {
		c = data[i] == '\t' || data[i] == '\r' ? ' ' : data[i];
		if (c == '\n') {
			got = end_line(p);
			p->line++;
			if (got != 0) {
				*used = i + 1;
				return got;
			}
		} else if (c == ' ' && (p->text_len == 0 || (p->inside && p->text[0] != '-'))) {
			continue; /* blanks before a boundary, and anywhere in base64 */
		} else {
			if (p->text_len < PEM_LINE)
				p->text[p->text_len++] = c;
			if (p->inside && p->text[0] != '-')
				put_base64(p, c);
		}
	}
	*used = len;
	return 0;
}

int
pem_end(struct pem *p)
{
	int got = end_line(p);

	if (got == 0 && p->inside)
		got = -1;
	p->inside = false;
	return got;
}

bool
pem_is_certificate(const struct pem *p)
{
	return strcmp(p->label, "CERTIFICATE") == 0 || strcmp(p->label, "X509 CERTIFICATE") == 0;
}
