// SPDX-License-Identifier: GPL-2.0-only
/*
 * CPUID of L1's machine.  Constant tables and pure functions.
 *
 * SDM Vol. 2, "CPUID - CPU Identification".
 */
#include <linux/bits.h>
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/string.h>
#include <asm/msr-index.h>
#include <asm/processor-flags.h>

#include "l1_cpuid.h"

enum { EAX, EBX, ECX, EDX, REGS };

#define BASIC_FIRST	0U
#define EXTENDED_FIRST	0x80000000U
#define ANY		0xffffffffU

/* Bits of leaf 7, subleaf 0, EBX; and of XCR0. */
#define XCR0_AVX	BIT_ULL(2)
#define XCR0_AVX512	GENMASK_ULL(7, 5)
#define AVX_ECX		(BIT(12) | BIT(28) | BIT(29))
#define AVX512_EBX	(BIT(16) | BIT(17) | BIT(21) | BIT(28) | BIT(30) | BIT(31))

/**
 * struct leaf_row - a leaf that L1's processor may have
 * @leaf: EAX
 * @subleaf: ECX
 * @subleaves: the leaf has subleaves
 * @offered: by register, bits that are taken from the real processor
 * @features: a bit for each register that holds features: none may be added;
 *	the others may hold anything, but for what l1_cpuid_judge() needs
 */
struct leaf_row {
	u32 leaf;
	u32 subleaf;
	bool subleaves;
	u8 features;
	u32 offered[REGS];
};

#define F(reg)	BIT(reg)

/*
 * FPU VME DE PSE TSC MSR PAE CX8 SEP PGE CMOV PAT PSE36 CLFSH MMX FXSR SSE SSE2
 * SS HTT, without MTRR, MCA, APIC and performance monitoring, which L1's
 * processor as L0 emulates it does not have.
 */
#define LEAF1_EDX	(BIT(0) | BIT(1) | BIT(2) | BIT(3) | BIT(4) | BIT(5) |	\
			 BIT(6) | BIT(8) | BIT(11) | BIT(13) | BIT(15) |	\
			 BIT(16) | BIT(17) | BIT(19) | GENMASK(26, 23) | BIT(27))
/* SSE3 PCLMUL MONITOR VMX SSSE3 FMA CX16 PCID SSE4 MOVBE POPCNT AES XSAVE AVX F16C RDRAND. */
#define LEAF1_ECX	(BIT(0) | BIT(1) | BIT(3) | BIT(5) | BIT(9) | BIT(12) |	\
			 BIT(13) | BIT(17) | BIT(19) | BIT(20) | BIT(22) |	\
			 BIT(23) | BIT(25) | BIT(26) | BIT(28) | BIT(29) | BIT(30))
/* FSGSBASE BMI1 AVX2 SMEP BMI2 ERMS INVPCID RDSEED ADX SMAP CLFLUSHOPT CLWB SHA AVX512. */
#define LEAF7_EBX	(BIT(0) | BIT(3) | BIT(5) | BIT(7) | BIT(8) | BIT(9) |	\
			 BIT(10) | BIT(18) | BIT(19) | BIT(20) | BIT(23) |	\
			 BIT(24) | BIT(29) | AVX512_EBX)
/* UMIP RDPID and vector extensions. */
#define LEAF7_ECX	(BIT(2) | BIT(22) | BIT(1) | BIT(6) | GENMASK(12, 8) | BIT(14))

/* In ascending order. */
static const struct leaf_row leaf_rows[] = {
	{ 0x0, .offered = { 0, ANY, ANY, ANY } },
	{ 0x1, .features = F(ECX) | F(EDX),
	  .offered = { ANY, 0x0000ff00, LEAF1_ECX, LEAF1_EDX } },
	{ 0x2, .offered = { ANY, ANY, ANY, ANY } },
	{ 0x4, 0, true, .offered = { ANY, ANY, ANY, ANY } },
	{ 0x4, 1, true, .offered = { ANY, ANY, ANY, ANY } },
	{ 0x4, 2, true, .offered = { ANY, ANY, ANY, ANY } },
	{ 0x4, 3, true, .offered = { ANY, ANY, ANY, ANY } },
	{ 0x7, 0, true, .features = F(EAX) | F(EBX) | F(ECX) | F(EDX),
	  .offered = { 0, LEAF7_EBX, LEAF7_ECX, BIT(4) } },
	{ 0xd, 0, true, .features = F(EAX) | F(EDX) },
	{ 0xd, 1, true, .features = F(EAX) | F(ECX) | F(EDX),
	  .offered = { 0x7, 0, 0, 0 } },
	{ 0xd, 2, true, .offered = { ANY, ANY, 0, 0 } },
	{ 0xd, 5, true, .offered = { ANY, ANY, 0, 0 } },
	{ 0xd, 6, true, .offered = { ANY, ANY, 0, 0 } },
	{ 0xd, 7, true, .offered = { ANY, ANY, 0, 0 } },
	{ 0x80000000, .offered = { 0, ANY, ANY, ANY } },
	/* LAHF PREFETCHW; SYSCALL NX 1G RDTSCP LM. */
	{ 0x80000001, .features = F(ECX) | F(EDX),
	  .offered = { ANY, ANY, BIT(0) | BIT(5) | BIT(8),
		       BIT(11) | BIT(20) | BIT(26) | BIT(27) | BIT(29) } },
	{ 0x80000002, .offered = { ANY, ANY, ANY, ANY } },
	{ 0x80000003, .offered = { ANY, ANY, ANY, ANY } },
	{ 0x80000004, .offered = { ANY, ANY, ANY, ANY } },
	{ 0x80000006, .offered = { ANY, ANY, ANY, ANY } },
	{ 0x80000008, .features = F(EBX), .offered = { 0, 0, 0, 0 } },
};

static_assert(ARRAY_SIZE(leaf_rows) <= NVMX_CPUID_MAX);

/* EAX to EDX as an array. */
#define FIRST_REG	(offsetof(struct nvmx_cpuid_entry, eax) / sizeof(u32))

static u32 *registers(struct nvmx_cpuid_entry *entry)
{
	return (u32 *)entry + FIRST_REG;
}

static const u32 *answer(const struct nvmx_cpuid_entry *entry)
{
	return (const u32 *)entry + FIRST_REG;
}

static u32 reg_of(const struct nvmx_cpuid_entry *entry, unsigned int reg)
{
	return answer(entry)[reg];
}

static bool same_leaf(const struct nvmx_cpuid_entry *a, u32 leaf, u32 subleaf)
{
	return a->leaf == leaf &&
	       (a->subleaf == subleaf || !(a->flags & NVMX_CPUID_SUBLEAVES));
}

static const struct nvmx_cpuid_entry *find(const struct l1_cpuid *table, u32 leaf,
					   u32 subleaf)
{
	u32 i;

	for (i = 0; i < table->count; i++)
		if (same_leaf(&table->entry[i], leaf, subleaf))
			return &table->entry[i];
	return NULL;
}

/* ---- the default --------------------------------------------------------- */

/* What the processor says of features that the capabilities narrow. */
static void fit_features(const struct nvmx_caps *caps, struct nvmx_cpuid_entry *e)
{
	u64 cr4 = caps->msr[CAPS_CR4_FIXED1];

	if (e->leaf == 0x1) {
		e->ecx |= BIT(5);
		if (!(cr4 & X86_CR4_OSXSAVE))
			e->ecx &= ~(u32)(BIT(26) | AVX_ECX);
		if (!(caps->xcr0_valid & XCR0_AVX))
			e->ecx &= ~(u32)AVX_ECX;
		if (!(cr4 & X86_CR4_PCIDE))
			e->ecx &= ~(u32)BIT(17);
	}
	if (e->leaf == 0x7) {
		if (!(caps->xcr0_valid & XCR0_AVX)) {
			e->ebx &= ~(u32)BIT(5);
			e->ecx &= BIT(2) | BIT(22);
		}
		if ((caps->xcr0_valid & XCR0_AVX512) != XCR0_AVX512)
			e->ebx &= ~(u32)AVX512_EBX;
		if (!(cr4 & X86_CR4_SMEP))
			e->ebx &= ~(u32)BIT(7);
		if (!(cr4 & X86_CR4_SMAP))
			e->ebx &= ~(u32)BIT(20);
		if (!(cr4 & X86_CR4_FSGSBASE))
			e->ebx &= ~(u32)BIT(0);
		if (!(cr4 & X86_CR4_UMIP))
			e->ecx &= ~(u32)BIT(2);
	}
	if (e->leaf == 0x80000001) {
		if (!(caps->efer_valid & EFER_NX))
			e->edx &= ~(u32)BIT(20);
		if (!(caps->efer_valid & EFER_LME))
			e->edx &= ~(u32)BIT(29);
		if (!(caps->efer_valid & EFER_SCE))
			e->edx &= ~(u32)BIT(11);
	}
}

static void fit_widths(const struct nvmx_caps *caps, struct nvmx_cpuid_entry *e)
{
	if (e->leaf == 0xd && e->subleaf == 0) {
		e->eax = caps->xcr0_valid;
		e->edx = caps->xcr0_valid >> 32;
		e->ebx = 512 + 64;
		e->ecx = 512 + 64;
	}
	if (e->leaf == 0xd && e->subleaf >= 2 && !(caps->xcr0_valid & BIT_ULL(e->subleaf)))
		memset(registers(e), 0, REGS * sizeof(u32));
	if (e->leaf == 0x80000008)
		e->eax = caps->maxphyaddr | caps->linear_bits << 8;
}

/* The area that XSAVE needs for all of XCR0: the end of the last component. */
static void fit_xsave_area(const struct nvmx_caps *caps, struct l1_cpuid *table)
{
	u32 i, end = 512 + 64;

	for (i = 0; i < table->count; i++) {
		const struct nvmx_cpuid_entry *e = &table->entry[i];

		if (e->leaf == 0xd && e->subleaf >= 2 &&
		    caps->xcr0_valid & BIT_ULL(e->subleaf))
			end = max(end, e->eax + e->ebx);
	}
	for (i = 0; i < table->count; i++)
		if (table->entry[i].leaf == 0xd && !table->entry[i].subleaf)
			table->entry[i].ecx = end;
}

void l1_cpuid_default(void (*cpuid)(u32 leaf, u32 subleaf, u32 *out),
		      const struct nvmx_caps *caps, struct l1_cpuid *table)
{
	u32 basic[REGS], extended[REGS], i, reg;

	cpuid(BASIC_FIRST, 0, basic);
	cpuid(EXTENDED_FIRST, 0, extended);
	memset(table, 0, sizeof(*table));
	for (i = 0; i < ARRAY_SIZE(leaf_rows); i++) {
		const struct leaf_row *row = &leaf_rows[i];
		struct nvmx_cpuid_entry *e = &table->entry[table->count];

		if (row->leaf > (row->leaf < EXTENDED_FIRST ? basic[EAX] : extended[EAX]))
			continue;
		if (row->leaf == 0xd && !caps->xcr0_valid)
			continue;
		e->leaf = row->leaf;
		e->subleaf = row->subleaf;
		e->flags = row->subleaves ? NVMX_CPUID_SUBLEAVES : 0;
		cpuid(row->leaf, row->subleaf, registers(e));
		for (reg = 0; reg < REGS; reg++)
			registers(e)[reg] &= row->offered[reg];
		fit_features(caps, e);
		fit_widths(caps, e);
		table->count++;
	}
	fit_xsave_area(caps, table);
	/* The last leaf of each range is one that is there. */
	for (i = 0; i + 1 < table->count; i++)
		if (table->entry[i + 1].leaf >= EXTENDED_FIRST &&
		    table->entry[i].leaf < EXTENDED_FIRST)
			table->entry[0].eax = table->entry[i].leaf;
	for (i = 0; i < table->count; i++)
		if (table->entry[i].leaf == EXTENDED_FIRST)
			table->entry[i].eax = table->entry[table->count - 1].leaf;
}

/* ---- judging ------------------------------------------------------------- */

static const struct leaf_row *row_of(u32 leaf, u32 subleaf)
{
	u32 i;

	for (i = 0; i < ARRAY_SIZE(leaf_rows); i++)
		if (leaf_rows[i].leaf == leaf &&
		    (leaf_rows[i].subleaf == subleaf || !leaf_rows[i].subleaves))
			return &leaf_rows[i];
	return NULL;
}

static bool ordered(const struct nvmx_cpuid_entry *a, const struct nvmx_cpuid_entry *b)
{
	if (a->leaf == b->leaf)
		return a->flags & b->flags & NVMX_CPUID_SUBLEAVES &&
		       a->subleaf < b->subleaf;
	return a->leaf < b->leaf;
}

/*
 * A leaf that L0 has no row for may hold what it likes, as hypervisors' leaves
 * do, unless it is one that a processor might have features in.
 */
static int judge_entry(const struct nvmx_cpuid_entry *e, const struct l1_cpuid *most)
{
	const struct leaf_row *row = row_of(e->leaf, e->subleaf);
	const struct nvmx_cpuid_entry *m = find(most, e->leaf, e->subleaf);
	u32 reg;

	if (e->flags & ~NVMX_CPUID_SUBLEAVES || e->reserved ||
	    (!(e->flags & NVMX_CPUID_SUBLEAVES) && e->subleaf))
		return -EINVAL;
	if (e->leaf >> 28 == 4)
		return 0;
	if (!row || !m)
		return -EOPNOTSUPP;
	if ((row->subleaves ? NVMX_CPUID_SUBLEAVES : 0) != e->flags)
		return -EINVAL;

	for (reg = 0; reg < REGS; reg++)
		if (row->features & BIT(reg) && reg_of(e, reg) & ~reg_of(m, reg))
			return -EOPNOTSUPP;
	/* Layout and widths are the processor's. */
	if (e->leaf == 0xd && e->subleaf >= 2 &&
	    memcmp(answer(e), answer(m), REGS * sizeof(u32)))
		return -EINVAL;
	if (e->leaf == 0x80000008 && e->eax != m->eax)
		return -EINVAL;
	return 0;
}

/* XCR0 bits come together: SDM Vol. 1, "Enabling the XSAVE Feature Set". */
static bool xcr0_sound(u64 xcr0)
{
	u64 avx512 = xcr0 & XCR0_AVX512;

	if (!xcr0)
		return true;
	if ((xcr0 & 3) != 3)
		return false;

	return !avx512 || (avx512 == XCR0_AVX512 && xcr0 & XCR0_AVX);
}

static u64 xcr0_of(const struct l1_cpuid *table)
{
	const struct nvmx_cpuid_entry *d = find(table, 0xd, 0);

	return d ? d->eax | (u64)d->edx << 32 : 0;
}

int l1_cpuid_judge(const struct l1_cpuid *table, const struct l1_cpuid *most, u32 *where)
{
	const struct nvmx_cpuid_entry *one;
	u32 i;
	int ret;

	for (i = 0; i < table->count; i++) {
		*where = i;
		if (i && !ordered(&table->entry[i - 1], &table->entry[i]))
			return -EINVAL;
		ret = judge_entry(&table->entry[i], most);
		if (ret)
			return ret;
	}
	*where = table->count;
	/* A VMX processor in IA-32e mode has at least these. */
	one = find(table, 0x1, 0);
	if (!find(table, BASIC_FIRST, 0) || !one || !(one->ecx & BIT(5)) ||
	    !find(table, 0x80000001, 0) || !find(table, 0x80000008, 0))
		return -EINVAL;
	return xcr0_sound(xcr0_of(table)) ? 0 : -EINVAL;
}

/* ---- use ----------------------------------------------------------------- */

static const struct nvmx_cpuid_entry *last_basic(const struct l1_cpuid *table)
{
	const struct nvmx_cpuid_entry *zero = find(table, BASIC_FIRST, 0);

	return zero ? find(table, zero->eax, 0) : NULL;
}

static bool out_of_range(const struct l1_cpuid *table, u32 leaf)
{
	const struct nvmx_cpuid_entry *first =
		find(table, leaf & (EXTENDED_FIRST | 0x70000000U), 0);

	return !first || leaf > first->eax;
}

void l1_cpuid_lookup(const struct l1_cpuid *table, u32 leaf, u32 subleaf, u32 *out)
{
	const struct nvmx_cpuid_entry *e = find(table, leaf, subleaf);

	if (!e && out_of_range(table, leaf))
		e = last_basic(table);
	if (e) {
		memcpy(out, answer(e), REGS * sizeof(u32));
		return;
	}
	memset(out, 0, REGS * sizeof(u32));
	if (leaf != 0xb && leaf != 0x1f)
		return;
	e = find(table, leaf, 0);
	out[ECX] = subleaf & 0xff;
	out[EDX] = e ? e->edx : 0;
}

/**
 * struct feature_row - what L0 does only if a feature is there
 * @leaf: its leaf, subleaf 0
 * @reg: its register
 * @bit: its bit
 * @cr4: CR4 bits that go with it
 * @efer: IA32_EFER bits that go with it
 */
struct feature_row {
	u32 leaf;
	u8 reg;
	u8 bit;
	u64 cr4;
	u64 efer;
};

static const struct feature_row feature_rows[] = {
	{ 0x1, EDX, 1, .cr4 = X86_CR4_VME | X86_CR4_PVI },
	{ 0x1, EDX, 2, .cr4 = X86_CR4_DE },
	{ 0x1, EDX, 3, .cr4 = X86_CR4_PSE },
	{ 0x1, EDX, 4, .cr4 = X86_CR4_TSD },
	{ 0x1, EDX, 13, .cr4 = X86_CR4_PGE },
	{ 0x1, EDX, 24, .cr4 = X86_CR4_OSFXSR },
	{ 0x1, EDX, 25, .cr4 = X86_CR4_OSXMMEXCPT },
	{ 0x1, ECX, 17, .cr4 = X86_CR4_PCIDE },
	{ 0x1, ECX, 26, .cr4 = X86_CR4_OSXSAVE },
	{ 0x7, EBX, 0, .cr4 = X86_CR4_FSGSBASE },
	{ 0x7, EBX, 7, .cr4 = X86_CR4_SMEP },
	{ 0x7, EBX, 20, .cr4 = X86_CR4_SMAP },
	{ 0x7, ECX, 2, .cr4 = X86_CR4_UMIP },
	{ 0x80000001, EDX, 11, .efer = EFER_SCE },
	{ 0x80000001, EDX, 20, .efer = EFER_NX },
	{ 0x80000001, EDX, 29, .efer = EFER_LME | EFER_LMA },
};

static bool has(const struct l1_cpuid *table, u32 leaf, unsigned int reg, unsigned int bit)
{
	const struct nvmx_cpuid_entry *e = find(table, leaf, 0);

	return e && reg_of(e, reg) & BIT(bit);
}

void l1_cpuid_narrow(const struct l1_cpuid *table, struct nvmx_caps *caps)
{
	u32 i;

	for (i = 0; i < ARRAY_SIZE(feature_rows); i++) {
		const struct feature_row *row = &feature_rows[i];

		if (has(table, row->leaf, row->reg, row->bit))
			continue;
		caps->msr[CAPS_CR4_FIXED1] &= ~row->cr4;
		caps->efer_valid &= ~row->efer;
	}
	caps->xcr0_valid &= xcr0_of(table);
}

bool l1_cpuid_has_tsc_aux(const struct l1_cpuid *table)
{
	return has(table, 0x80000001, EDX, 27) || has(table, 0x7, ECX, 22);
}
