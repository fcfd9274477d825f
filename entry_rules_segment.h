/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Rules of VM entry: guest segment registers.  Rows of entry_rules.h; no
 * include guard.
 */

#define SEL(seg)	(c->f[VF_GUEST_##seg##_SELECTOR])
#define BASE(seg)	(c->f[VF_GUEST_##seg##_BASE])
#define LIMIT(seg)	(c->f[VF_GUEST_##seg##_LIMIT])
#define AR(seg)		(c->f[VF_GUEST_##seg##_AR_BYTES])
#define USABLE(seg)	(!(AR(seg) & VMX_AR_UNUSABLE_MASK))
#define SEG_AR(seg)	(VF_GUEST_##seg##_AR_BYTES)
#define SEG_AR_LIMIT(seg)	(VF_GUEST_##seg##_AR_BYTES, VF_GUEST_##seg##_LIMIT)

/* Virtual-8086 mode: ids n to n + 2. */
#define RULE_V86(seg, id)							\
	RULE(V86_##seg##_BASE, id, (VF_GUEST_##seg##_BASE, VF_GUEST_##seg##_SELECTOR),	\
	     BASE(seg) != (SEL(seg) & 0xffff) << 4,				\
	     #seg " base is 16 times the selector in virtual-8086 mode")	\
	RULE(V86_##seg##_LIMIT, (id) + 1, (VF_GUEST_##seg##_LIMIT),		\
	     LIMIT(seg) != 0xffff,						\
	     #seg " limit is FFFFH in virtual-8086 mode")			\
	RULE(V86_##seg##_AR, (id) + 2, SEG_AR(seg), AR(seg) != 0xf3,		\
	     #seg " access rights are F3H in virtual-8086 mode")

/* Access rights of every register that is loaded: ids n to n + 3. */
#define RULE_AR(seg, id)							\
	RULE(seg##_PRESENT, id, SEG_AR(seg), !(AR(seg) & VMX_AR_P_MASK),	\
	     #seg " is present (7)")						\
	RULE_BITS(seg##_AR_RESERVED, (id) + 1, SEG_AR(seg), AR(seg) & AR_RESERVED, 0,	\
		  #seg " access rights: bits 11:8 and 31:17 are 0")		\
	RULE(seg##_BYTES, (id) + 2, SEG_AR_LIMIT(seg),				\
	     (AR(seg) & VMX_AR_G_MASK) && (LIMIT(seg) & 0xfff) != 0xfff,	\
	     #seg " granularity (15) is 0, or bits 11:0 of the limit are 1")	\
	RULE(seg##_PAGES, (id) + 3, SEG_AR_LIMIT(seg),				\
	     !(AR(seg) & VMX_AR_G_MASK) && LIMIT(seg) >> 20,			\
	     #seg " granularity (15) is 1, or bits 31:20 of the limit are 0")

#define RULE_CODE_DATA(seg, id)							\
	RULE(seg##_S, id, SEG_AR(seg), !(AR(seg) & VMX_AR_S_MASK),		\
	     #seg " is a code or data segment: S (4) is 1")

#define RULE_BASE_32(seg, id)							\
	RULE_BITS(seg##_BASE_32, id, (VF_GUEST_##seg##_BASE), BASE(seg) & HIGH_32, 0,	\
		  "bits 63:32 of the " #seg " base are 0")

#define RULE_BASE_CANONICAL(seg, id)						\
	RULE(seg##_BASE_CANONICAL, id, (VF_GUEST_##seg##_BASE),			\
	     NOT_CANONICAL(BASE(seg)),						\
	     #seg " base is canonical")

/* DS, ES, FS, GS where usable: ids n to n + 7. */
#define RULE_DATA(seg, id)							\
	RULE(seg##_ACCESSED, id, SEG_AR(seg), !(AR(seg) & 1),			\
	     #seg " type: accessed (bit 0 is 1)")				\
	RULE(seg##_READABLE, (id) + 1, SEG_AR(seg), (AR(seg) & 0xa) == 0x8,	\
	     #seg " type: a code segment is readable (bit 1 is 1)")		\
	RULE_CODE_DATA(seg, (id) + 2)						\
	RULE(seg##_DPL, (id) + 3, (VF_GUEST_##seg##_AR_BYTES, VF_GUEST_##seg##_SELECTOR), \
	     !UNRESTRICTED && AR_TYPE(AR(seg)) <= 11 &&				\
	     AR_DPL(AR(seg)) < RPL(SEL(seg)),					\
	     #seg " DPL not below the selector's RPL (types 0 to 11, not unrestricted guest)") \
	RULE_AR(seg, (id) + 4)

#undef RULE_SECTION
#define RULE_SECTION	"Checks on Guest Segment Registers"
GROUP(guest_v86)
	RULE_V86(ES, 10001)
	RULE_V86(CS, 10004)
	RULE_V86(SS, 10007)
	RULE_V86(DS, 10010)
	RULE_V86(FS, 10013)
	RULE_V86(GS, 10016)
GROUP_END

GROUP(guest_code_stack)
	RULE(CS_TYPE, 10101, V1(GUEST_CS_AR_BYTES),
	     (AR(CS) & 9) != 9 && !(UNRESTRICTED && AR_TYPE(AR(CS)) == 3),
	     "CS type is 9, 11, 13 or 15, or 3 for an unrestricted guest")
	RULE_CODE_DATA(CS, 10102)
	RULE(CS_DPL_DATA, 10103, V1(GUEST_CS_AR_BYTES),
	     UNRESTRICTED && AR_TYPE(AR(CS)) == 3 && AR_DPL(AR(CS)),
	     "CS DPL is 0 with CS type 3")
	RULE(CS_DPL_NONCONFORMING, 10104, V2(GUEST_CS_AR_BYTES, GUEST_SS_AR_BYTES),
	     (AR(CS) & 0xd) == 9 && AR_DPL(AR(CS)) != AR_DPL(AR(SS)),
	     "CS DPL equals SS DPL with CS type 9 or 11")
	RULE(CS_DPL_CONFORMING, 10105, V2(GUEST_CS_AR_BYTES, GUEST_SS_AR_BYTES),
	     (AR(CS) & 0xd) == 0xd && AR_DPL(AR(CS)) > AR_DPL(AR(SS)),
	     "CS DPL not above SS DPL with CS type 13 or 15")
	RULE_AR(CS, 10106)
	RULE(CS_D_L, 10110, V2(GUEST_CS_AR_BYTES, VM_ENTRY_CONTROLS),
	     IA32E && (AR(CS) & VMX_AR_L_MASK) && (AR(CS) & VMX_AR_DB_MASK),
	     "CS D/B (14) is 0 in 64-bit mode")
	RULE_BASE_32(CS, 10111)
	RULE(CS_FRED_L, 10112, V3(GUEST_CS_AR_BYTES, GUEST_SS_AR_BYTES, GUEST_CR4),
	     FRED && !AR_DPL(AR(SS)) && !(AR(CS) & VMX_AR_L_MASK),
	     "CS L (13) is 1 with CR4.FRED = 1 and SS.DPL = 0")
	RULE(SS_RPL, 10120, V2(GUEST_SS_SELECTOR, GUEST_CS_SELECTOR),
	     !UNRESTRICTED && RPL(SEL(SS)) != RPL(SEL(CS)),
	     "SS RPL equals CS RPL unless an unrestricted guest")
	RULE(SS_DPL_RPL, 10121, V2(GUEST_SS_AR_BYTES, GUEST_SS_SELECTOR),
	     !UNRESTRICTED && AR_DPL(AR(SS)) != RPL(SEL(SS)),
	     "SS DPL equals SS RPL unless an unrestricted guest")
	RULE(SS_DPL_DATA, 10122, V2(GUEST_SS_AR_BYTES, GUEST_CS_AR_BYTES),
	     AR_TYPE(AR(CS)) == 3 && AR_DPL(AR(SS)),
	     "SS DPL is 0 with CS type 3")
	RULE(SS_DPL_REAL, 10123, V2(GUEST_SS_AR_BYTES, GUEST_CR0),
	     !PE && AR_DPL(AR(SS)),
	     "SS DPL is 0 with CR0.PE = 0")
	RULE(SS_DPL_FRED, 10124, V2(GUEST_SS_AR_BYTES, GUEST_CR4),
	     FRED && (AR_DPL(AR(SS)) == 1 || AR_DPL(AR(SS)) == 2),
	     "SS DPL is 0 or 3 with CR4.FRED = 1")
	FAMILY(USABLE(SS))
	RULE(SS_TYPE, 10125, V1(GUEST_SS_AR_BYTES), (AR(SS) & 0xb) != 3,
	     "SS type is 3 or 7")
	RULE_CODE_DATA(SS, 10126)
	RULE_AR(SS, 10127)
	RULE_BASE_32(SS, 10131)
	FAMILY_END
GROUP_END

GROUP(guest_data)
	FAMILY(USABLE(ES))
	RULE_DATA(ES, 10140)
	RULE_BASE_32(ES, 10148)
	FAMILY_END
	FAMILY(USABLE(DS))
	RULE_DATA(DS, 10150)
	RULE_BASE_32(DS, 10158)
	FAMILY_END
	FAMILY(USABLE(FS))
	RULE_DATA(FS, 10160)
	FAMILY_END
	RULE_BASE_CANONICAL(FS, 10168)
	FAMILY(USABLE(GS))
	RULE_DATA(GS, 10170)
	FAMILY_END
	RULE_BASE_CANONICAL(GS, 10178)
GROUP_END

GROUP(guest_system)
	RULE(TR_TI, 10180, V1(GUEST_TR_SELECTOR), SEL(TR) & TI,
	     "TI (2) of the TR selector is 0")
	RULE(TR_UNUSABLE, 10181, V1(GUEST_TR_AR_BYTES), !USABLE(TR),
	     "TR is usable")
	RULE(TR_TYPE, 10182, V2(GUEST_TR_AR_BYTES, VM_ENTRY_CONTROLS),
	     AR_TYPE(AR(TR)) != VMX_AR_TYPE_BUSY_32_TSS &&
	     (IA32E || AR_TYPE(AR(TR)) != VMX_AR_TYPE_BUSY_16_TSS),
	     "TR type is 11 (busy TSS), or 3 (busy 16-bit TSS) outside IA-32e mode")
	RULE(TR_S, 10183, V1(GUEST_TR_AR_BYTES), AR(TR) & VMX_AR_S_MASK,
	     "TR is a system segment: S (4) is 0")
	RULE_AR(TR, 10184)
	RULE_BASE_CANONICAL(TR, 10188)
	FAMILY(USABLE(LDTR))
	RULE(LDTR_TI, 10190, V1(GUEST_LDTR_SELECTOR), SEL(LDTR) & TI,
	     "TI (2) of the LDTR selector is 0")
	RULE(LDTR_TYPE, 10191, V1(GUEST_LDTR_AR_BYTES),
	     AR_TYPE(AR(LDTR)) != VMX_AR_TYPE_LDT,
	     "LDTR type is 2")
	RULE(LDTR_S, 10192, V1(GUEST_LDTR_AR_BYTES), AR(LDTR) & VMX_AR_S_MASK,
	     "LDTR is a system segment: S (4) is 0")
	RULE_AR(LDTR, 10193)
	RULE_BASE_CANONICAL(LDTR, 10197)
	FAMILY_END
GROUP_END
