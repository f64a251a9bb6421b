/*
 * relro: what a dynamic linker does for other programs.  A static program that the kernel puts anywhere relocates
 * itself, and then its tables of function pointers stay writable: musl's start file makes nothing read-only again, nor
 * does the kernel look at PT_GNU_RELRO.  This does, before main.  Linked into the musl builds only: at a fixed address
 * such tables lie with the code.
 */
#include <link.h>
#include <stdlib.h>
#include <sys/auxv.h>
#include <sys/mman.h>

/* The linker's: where the file begins. */
extern const char __ehdr_start[] __attribute__((visibility("hidden")));

__attribute__((constructor)) static void
relro_protect(void)
{
	const ElfW(Phdr) *header = (const void *)getauxval(AT_PHDR);
	size_t page = getauxval(AT_PAGESZ);

	for (size_t n = getauxval(AT_PHNUM); n > 0; n--, header++) {
		uintptr_t start = (uintptr_t)__ehdr_start + header->p_vaddr;
		uintptr_t end = start + header->p_memsz;

		/* Whole pages only: what shares the last one with it may have to be written. */
		start &= -page;
		end &= -page;
		if (header->p_type == PT_GNU_RELRO && end > start &&
			mprotect((void *)start, end - start, PROT_READ) != 0)
			abort();
	}
}
