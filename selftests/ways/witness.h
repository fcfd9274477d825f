/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The witness that kexec starts: see witness.S.
 */
#ifndef NVMX_WITNESS_H
#define NVMX_WITNESS_H

/* Memory below 64 KiB, which the kernel before does not need any more. */
#define WITNESS_TRAMPOLINE	0x8000
#define WITNESS_MAILBOX		0x9000
#define WITNESS_VMXON		0xa000
#define WITNESS_PML4		0xb000
#define WITNESS_PDPT		0xc000

/* Text in front of each of its lines. */
#define WITNESS_WAY_BYTES	32

#ifndef __ASSEMBLER__
extern const unsigned char witness_start[], witness_end[];
extern const unsigned char witness_cpus[], witness_way[];
#endif

#endif /* NVMX_WITNESS_H */
