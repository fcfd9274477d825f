/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What differs between the kernels that the module is built for.  Features are
 * probed by Kbuild, not guessed from version numbers.
 */
#ifndef NVMX_COMPAT_H
#define NVMX_COMPAT_H

#ifndef NVMX_HAVE_EMERGENCY_CALLBACK
#error "nested_vmx: this kernel has no cpu_emergency_register_virt_callback(); supported are 6.1.153 to 6.18"
#endif

/* load_gs_index() has moved; where paravirt is built in, that brings it, too. */
#ifdef NVMX_HAVE_GSSEG
#include <asm/gsseg.h>
#else
#include <asm/special_insns.h>
#endif

#endif /* NVMX_COMPAT_H */
