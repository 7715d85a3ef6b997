/*
 * x86-64: what the functions of the vDSO are called. The kernel's Documentation/ABI/stable/vdso and
 * man vdso(7) list the names of every machine.
 */
#ifndef KEEL_MACHINE_VDSO_H
#define KEEL_MACHINE_VDSO_H

#define MACHINE_VDSO_CLOCK_GETTIME "__vdso_clock_gettime"
#define MACHINE_VDSO_VERSION       "LINUX_2.6"

#endif
