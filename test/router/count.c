/*
 * count: a plugin for qemu-user that counts the guest instructions of a run, in all and by function.
 *
 *     qemu-mips -plugin ./count.so,out=FILE ./program args
 *
 * At exit FILE holds a line for each function that ran, "INSTRUCTIONS NAME"; what has no symbol, as
 * MIPS16 code behind a jump table, is named "?".
 * The counts are exact, whatever else the machine does.  Not part of sluice: it runs on the desk.
 */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

/* QEMU's plugin interface, version 1, as far as it is used here: Debian ships no header for it. */
typedef uint64_t plugin_id;
struct qemu_plugin_tb;
struct qemu_plugin_insn;
enum { INLINE_ADD_U64 = 0 };
void qemu_plugin_register_vcpu_tb_trans_cb(plugin_id, void (*)(plugin_id, struct qemu_plugin_tb *));
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *);
struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *, size_t);
const char *qemu_plugin_insn_symbol(const struct qemu_plugin_insn *);
void qemu_plugin_register_vcpu_tb_exec_inline(struct qemu_plugin_tb *, int, void *, uint64_t);
void qemu_plugin_register_atexit_cb(plugin_id, void (*)(plugin_id, void *), void *);
int qemu_plugin_version = 1;

enum { FUNCTIONS = 16384 };

static struct function {
	char name[64];
	uint64_t executed;
} functions[FUNCTIONS]; /* by hash of the name; full only with programs much larger than this one */

static FILE *out; /* opened first thing: the program may drop privileges */

static struct function *
function_named(const char *name)
{
	size_t h = 5381;

	for (const char *p = name; *p != '\0'; p++)
		h = h * 33 + (unsigned char)*p;
	for (size_t i = 0; i < FUNCTIONS; i++) {
		struct function *f = &functions[(h + i) % FUNCTIONS];

		if (f->name[0] == '\0')
			snprintf(f->name, sizeof f->name, "%s", name);
		if (strncmp(f->name, name, sizeof f->name - 1) == 0)
			return f;
	}
	return &functions[0];
}

/* A translated block lies in one function: it ends with the first jump. */
static void
on_translate(plugin_id id, struct qemu_plugin_tb *tb)
{
	const char *name = qemu_plugin_insn_symbol(qemu_plugin_tb_get_insn(tb, 0));

	(void)id;
	qemu_plugin_register_vcpu_tb_exec_inline(tb, INLINE_ADD_U64,
		&function_named(name != NULL && *name != '\0' ? name : "?")->executed,
		qemu_plugin_tb_n_insns(tb));
}

static void
on_exit_(plugin_id id, void *unused)
{
	(void)id;
	(void)unused;
	for (size_t i = 0; i < FUNCTIONS; i++)
		if (functions[i].executed > 0)
			fprintf(out, "%llu %s\n", (unsigned long long)functions[i].executed,
				functions[i].name);
	fclose(out);
}

int
qemu_plugin_install(plugin_id id, const void *info, int argc, char **argv)
{
	(void)info;
	for (int i = 0; i < argc; i++)
		if (strncmp(argv[i], "out=", 4) == 0)
			out = fopen(argv[i] + 4, "w");
	if (out == NULL)
		return -1;
	qemu_plugin_register_vcpu_tb_trans_cb(id, on_translate);
	qemu_plugin_register_atexit_cb(id, on_exit_, NULL);
	return 0;
}
