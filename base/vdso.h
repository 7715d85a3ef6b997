/*
 * The vDSO: a small shared library that the kernel maps into every process, so that some calls need
 * not enter the kernel. Nobody relocates or registers it for a static program, so its symbol table
 * is read by hand. It may be absent (qemu-user, vdso=0, some sandboxes), and it may lack any
 * function.
 */
#ifndef KEEL_BASE_VDSO_H
#define KEEL_BASE_VDSO_H

#include "base/base.h"

/*
 * The address of the function `name` in the library whose ELF header lies at `image`
 * (AT_SYSINFO_EHDR of the auxiliary vector; NULL is allowed), or 0 when it is not there. When the
 * library has version tables, the function must be of `version`. Works on any ELF image that lies
 * in memory as its program headers say. Costs a walk over all symbols: a microsecond.
 */
uintptr_t vdso_function(const void *image, const char *name, const char *version);

#endif
