/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Head of a disk that starts an unpacked Linux kernel by its 64-bit boot
 * protocol. An emulator spends most of a boot in the kernel's decompressor and
 * in the BIOS; this skips the one and bypasses the other.
 *
 * Disk: this boot sector; PARAMS_SECTORS with boot_params and command line;
 * the kernel; the initramfs. The builder (tools/emulator) defines SETUP (path
 * of the bzImage), CMDLINE (path), KERNEL_ENTRY, KERNEL_SECTORS, INITRD_SECTORS,
 * INITRD_BYTES and INITRD_ADDR.
 */

#define PML4		0x1000
#define PDPT		0x2000
#define PD		0x3000
#define E820_BUFFER	0x8000
#define E820_SIZE	20
#define E820_MAX	64
#define PARAMS		0x10000
#define PARAMS_SECTORS	16
#define KERNEL_ADDR	0x1000000	/* LOAD_PHYSICAL_ADDR */

#define BP_E820_ENTRIES	0x1e8
#define BP_E820_TABLE	0x2d0

#define CODE32		0x08
#define CODE64		0x10
#define DATA		0x18

	.code16
	.globl _start
_start:
	cli
	xorl	%eax, %eax
	movw	%ax, %ds
	movw	%ax, %es
	movw	%ax, %ss
	movw	$0x7c00, %sp
	ljmp	$0, $memory_map

	/* Count of entries in %bp, kept up to protected mode. */
memory_map:
	cld
	xorl	%ebx, %ebx
	xorl	%ebp, %ebp
	movw	$E820_BUFFER, %di
1:	movl	$0xe820, %eax
	movl	$E820_SIZE, %ecx
	movl	$0x534d4150, %edx
	int	$0x15
	jc	2f
	addw	$E820_SIZE, %di
	incw	%bp
	cmpw	$E820_MAX, %bp
	je	2f
	testl	%ebx, %ebx
	jnz	1b
2:
	cli
	inb	$0x92, %al
	orb	$2, %al
	outb	%al, $0x92

	lgdt	gdt_pointer
	movl	%cr0, %eax
	orb	$1, %al
	movl	%eax, %cr0
	ljmp	$CODE32, $protected

	.code32
protected:
	movw	$DATA, %ax
	movw	%ax, %ds
	movw	%ax, %es
	movw	%ax, %ss

	/* No disk interrupts. */
	movw	$0x3f6, %dx
	movb	$2, %al
	outb	%al, %dx

	movl	$1, %ebx
	movl	$load_table, %esi
load_next:
	lodsl
	movl	%eax, %edi
	testl	%edi, %edi
	jz	loaded
	lodsl
	pushl	%esi
	movl	%eax, %esi
	call	read_disk
	popl	%esi
	jmp	load_next

	/* %ebx first sector (advanced), %esi number of sectors, %edi where to */
read_disk:
	movl	$256, %ecx
	cmpl	%ecx, %esi
	jae	1f
	movl	%esi, %ecx
1:	subl	%ecx, %esi
	call	read_sectors
	testl	%esi, %esi
	jnz	read_disk
	ret

	/* %ecx sectors, at most 256 */
read_sectors:
	pushl	%ecx
	movw	$0x1f2, %dx
	movb	%cl, %al
	outb	%al, %dx
	movl	%ebx, %eax
	incw	%dx
	outb	%al, %dx
	incw	%dx
	shrl	$8, %eax
	outb	%al, %dx
	incw	%dx
	shrl	$8, %eax
	outb	%al, %dx
	incw	%dx
	shrl	$8, %eax
	orb	$0xe0, %al
	outb	%al, %dx
	incw	%dx
	movb	$0x20, %al
	outb	%al, %dx
1:	inb	%dx, %al
	andb	$0x88, %al
	cmpb	$0x08, %al
	jne	1b
	pushl	%ecx
	movw	$0x1f0, %dx
	movl	$256, %ecx
	rep	insw
	popl	%ecx
	movw	$0x1f7, %dx
	loop	1b
	popl	%ecx
	addl	%ecx, %ebx
	ret

loaded:
	movl	%ebp, %eax
	movb	%al, PARAMS + BP_E820_ENTRIES
	imull	$E820_SIZE, %eax, %ecx
	movl	$E820_BUFFER, %esi
	movl	$PARAMS + BP_E820_TABLE, %edi
	rep	movsb

	/* Identity map of the first GiB. */
	movl	$PML4, %edi
	movl	$0x3000 / 4, %ecx
	xorl	%eax, %eax
	rep	stosl
	movl	$PDPT | 3, PML4
	movl	$PD | 3, PDPT
	movl	$PD, %edi
	movl	$0x83, %eax
1:	movl	%eax, (%edi)
	addl	$8, %edi
	addl	$0x200000, %eax
	cmpl	$0x40000083, %eax
	jne	1b

	movl	$0x20, %eax
	movl	%eax, %cr4
	movl	$PML4, %eax
	movl	%eax, %cr3
	movl	$0xc0000080, %ecx
	rdmsr
	orl	$0x100, %eax
	wrmsr
	movl	%cr0, %eax
	orl	$0x80000000, %eax
	movl	%eax, %cr0
	ljmp	$CODE64, $long_mode

	.code64
long_mode:
	movl	$PARAMS, %esi
	movl	$KERNEL_ENTRY, %eax
	jmp	*%rax

	.balign	4
load_table:
	.long	PARAMS, PARAMS_SECTORS
	.long	KERNEL_ADDR, KERNEL_SECTORS
	.long	INITRD_ADDR, INITRD_SECTORS
	.long	0

gdt:
	.quad	0
	.quad	0x00cf9b000000ffff
	.quad	0x00af9b000000ffff
	.quad	0x00cf93000000ffff
gdt_pointer:
	.word	. - gdt - 1
	.long	gdt

	.org	510
	.word	0xaa55

	/* boot_params: the setup header of the image, and what a loader adds */
params:
	.org	params + 0x1f1
	.incbin	SETUP, 0x1f1, 0x210 - 0x1f1
	.byte	0xff				/* type_of_loader: other */
	.incbin	SETUP, 0x211, 0x218 - 0x211
	.long	INITRD_ADDR, INITRD_BYTES	/* ramdisk_image, _size */
	.incbin	SETUP, 0x220, 0x228 - 0x220
	.long	PARAMS + cmdline - params	/* cmd_line_ptr */
	.incbin	SETUP, 0x22c, 0x268 - 0x22c
	.org	params + 0x1000
cmdline:
	.incbin	CMDLINE
	.byte	0
	.org	params + PARAMS_SECTORS * 512
