// SPDX-License-Identifier: GPL-2.0-only
// unit-sources: virtual_apic.c
/*
 * RDMSR and WRMSR of a virtual APIC: every MSR under every combination of
 * controls, every vector, and priorities over their whole domain.
 */
#include <linux/bits.h>
#include <linux/kernel.h>
#include <linux/string.h>
#include <asm/vmx.h>

#include "virtual_apic.h"
#include "unit.h"

#define X2APIC		SECONDARY_EXEC_VIRTUALIZE_X2APIC_MODE
#define REGISTERS	SECONDARY_EXEC_APIC_REGISTER_VIRT
#define DELIVERY	SECONDARY_EXEC_VIRTUAL_INTR_DELIVERY
#define PAGE_WORDS	1024

static u32 page[PAGE_WORDS], before[PAGE_WORDS];
static u64 eoi_exit[4];

static struct virtual_apic make(u32 proc2)
{
	memset(page, 0, sizeof(page));
	memset(eoi_exit, 0, sizeof(eoi_exit));
	return (struct virtual_apic){ .page = page, .proc2 = proc2, .eoi_exit = eoi_exit };
}

static u32 *vector_word(u32 base, u32 vector)
{
	return &page[(base + vector / 32 * 16) / 4];
}

static bool has_vector(u32 base, u32 vector)
{
	return *vector_word(base, vector) & BIT(vector % 32);
}

static void set_vector(u32 base, u32 vector)
{
	*vector_word(base, vector) |= BIT(vector % 32);
}

/* Whatever is not in [first, last] is as it was. */
static bool only_changed(u32 first, u32 last)
{
	u32 i;

	for (i = 0; i < PAGE_WORDS; i++)
		if ((i * 4 < first || i * 4 > last) && page[i] != before[i])
			return false;
	return true;
}

/* ---- which MSRs ---------------------------------------------------------------- */

static const u32 controls[] = {
	0, REGISTERS, DELIVERY, REGISTERS | DELIVERY, X2APIC, X2APIC | REGISTERS,
	X2APIC | DELIVERY, X2APIC | REGISTERS | DELIVERY, (u32)~X2APIC,
};

static bool reads(u32 proc2, u32 index)
{
	if (!(proc2 & X2APIC) || index < 0x800 || index > 0x8ff)
		return false;
	return proc2 & REGISTERS || index == 0x808;
}

static bool writes(u32 proc2, u32 index)
{
	if (!(proc2 & X2APIC))
		return false;
	return index == 0x808 || (proc2 & DELIVERY && (index == 0x80b || index == 0x83f));
}

UNIT_TEST(every_msr_is_virtual_exactly_where_the_sdm_says)
{
	static const u32 far[] = { 0xc0000080, 0x80000808, 0xffffffff, 0x10808 };
	struct virtual_apic apic;
	u64 value;
	u32 i, n, index;

	for (i = 0; i < ARRAY_SIZE(controls); i++) {
		for (n = 0; n < 0x2000 + ARRAY_SIZE(far); n++) {
			index = n < 0x2000 ? n : far[n - 0x2000];
			apic = make(controls[i]);
			EXPECT_EQ(reads(controls[i], index) ? VAPIC_DONE : VAPIC_NOT_VIRTUAL,
				  vapic_rdmsr(&apic, index, &value));
			EXPECT_EQ(writes(controls[i], index),
				  vapic_wrmsr(&apic, index, 0) != VAPIC_NOT_VIRTUAL);
		}
	}
}

UNIT_TEST(rdmsr_gives_the_8_bytes_of_the_register)
{
	struct virtual_apic apic = make(X2APIC | REGISTERS);
	u64 value;
	u32 i;

	for (i = 0; i < PAGE_WORDS; i++)
		page[i] = i * 0x01000193;
	memcpy(before, page, sizeof(page));
	for (i = 0; i < 256; i++) {
		EXPECT_EQ(VAPIC_DONE, vapic_rdmsr(&apic, 0x800 + i, &value));
		EXPECT_EQ(before[i * 4] | (u64)before[i * 4 + 1] << 32, value);
	}
	EXPECT_TRUE(only_changed(1, 0));
}

UNIT_TEST(wrmsr_of_a_reserved_bit_is_gp_and_changes_nothing)
{
	static const u32 msrs[] = { 0x808, 0x80b, 0x83f };
	struct virtual_apic apic;
	u32 i, bit;

	for (i = 0; i < ARRAY_SIZE(msrs); i++) {
		for (bit = msrs[i] == 0x80b ? 0 : 8; bit < 64; bit++) {
			apic = make(X2APIC | DELIVERY);
			apic.rvi = 0x31;
			apic.svi = 0x42;
			memset(page, 0xff, sizeof(page));
			memcpy(before, page, sizeof(page));
			EXPECT_EQ(VAPIC_GP, vapic_wrmsr(&apic, msrs[i], BIT_ULL(bit)));
			EXPECT_TRUE(only_changed(1, 0));
			EXPECT_EQ(0x31, apic.rvi);
			EXPECT_EQ(0x42, apic.svi);
		}
	}
}

/* ---- TPR, PPR --------------------------------------------------------------------- */

UNIT_TEST(every_tpr_against_every_threshold)
{
	struct virtual_apic apic;
	u32 tpr, threshold;

	for (tpr = 0; tpr < 256; tpr++) {
		for (threshold = 0; threshold < 16; threshold++) {
			apic = make(X2APIC);
			apic.threshold = threshold;
			memset(page, 0xff, sizeof(page));
			memcpy(before, page, sizeof(page));
			EXPECT_EQ(tpr >> 4 < threshold ? VAPIC_EXIT_TPR : VAPIC_DONE,
				  vapic_wrmsr(&apic, 0x808, tpr));
			EXPECT_EQ(tpr, page[0x80 / 4]);
			EXPECT_EQ(0, page[0x84 / 4]);
			EXPECT_EQ(tpr, vapic_vtpr(page));
			EXPECT_TRUE(only_changed(0x80, 0x84));
		}
	}
}

/* SDM: VPPR is VTPR, or the class of SVI where that is higher. */
UNIT_TEST(every_ppr_and_every_pending_interrupt)
{
	struct virtual_apic apic;
	u32 tpr, svi, rvi, ppr;

	for (tpr = 0; tpr < 256; tpr += 5) {
		for (svi = 0; svi < 256; svi++) {
			ppr = tpr / 16 >= svi / 16 ? tpr : svi / 16 * 16;
			apic = make(X2APIC | DELIVERY);
			apic.svi = svi;
			apic.threshold = 15;
			EXPECT_EQ(VAPIC_DONE, vapic_wrmsr(&apic, 0x808, tpr));
			EXPECT_EQ(ppr, page[0xa0 / 4]);
			for (rvi = 0; rvi < 256; rvi += 3) {
				apic.rvi = rvi;
				EXPECT_EQ(rvi / 16 > ppr / 16, vapic_is_pending(&apic));
			}
		}
	}
}

/* ---- EOI ---------------------------------------------------------------------------- */

UNIT_TEST(eoi_of_every_vector)
{
	struct virtual_apic apic;
	u32 vector, next, exits;

	for (vector = 0; vector < 256; vector++) {
		for (exits = 0; exits < 2; exits++) {
			apic = make(X2APIC | DELIVERY);
			next = vector / 2;
			apic.svi = vector;
			apic.rvi = 0x77;
			set_vector(VAPIC_ISR, vector);
			if (next)
				set_vector(VAPIC_ISR, next);
			page[0xb0 / 4] = 0xffffffff;
			memset(eoi_exit, exits ? 0 : 0xff, sizeof(eoi_exit));
			eoi_exit[vector / 64] ^= BIT_ULL(vector % 64);
			EXPECT_EQ(exits ? VAPIC_EXIT_EOI : VAPIC_DONE,
				  vapic_wrmsr(&apic, 0x80b, 0));
			EXPECT_EQ(exits ? vector : 0, apic.qualification);
			EXPECT_EQ(0, page[0xb0 / 4]);
			EXPECT_EQ(next, apic.svi);
			EXPECT_EQ(0x77, apic.rvi);
			EXPECT_EQ(next / 16 * 16, page[0xa0 / 4]);
			EXPECT_EQ(0, has_vector(VAPIC_ISR, vector));
			EXPECT_EQ(next != 0, has_vector(VAPIC_ISR, next));
		}
	}
}

/* ---- self-IPI ------------------------------------------------------------------------ */

UNIT_TEST(self_ipi_of_every_vector)
{
	struct virtual_apic apic;
	u32 vector, rvi;

	for (vector = 0; vector < 256; vector++) {
		for (rvi = 0; rvi < 256; rvi += 17) {
			apic = make(X2APIC | DELIVERY);
			apic.rvi = rvi;
			apic.svi = 0x21;
			if (vector < 16) {
				EXPECT_EQ(VAPIC_EXIT_WRITE,
					  vapic_wrmsr(&apic, 0x83f, vector));
				EXPECT_EQ(0x3f0, apic.qualification);
				EXPECT_EQ(rvi, apic.rvi);
				EXPECT_FALSE(has_vector(VAPIC_IRR, vector));
			} else {
				EXPECT_EQ(VAPIC_DONE, vapic_wrmsr(&apic, 0x83f, vector));
				EXPECT_EQ(vector > rvi ? vector : rvi, apic.rvi);
				EXPECT_TRUE(has_vector(VAPIC_IRR, vector));
			}
			EXPECT_EQ(0x21, apic.svi);
			EXPECT_EQ(vector, page[0x3f0 / 4]);
			EXPECT_EQ(0, page[0xa0 / 4]);
		}
	}
}

UNIT_MAIN
