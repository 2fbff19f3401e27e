/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A 32-bit ARM program that makes the system calls it is told to: an ELF file as it is,
 * since no linker for it is needed then. It reads a request of 16 words (the seven registers
 * r0 to r5 and r7, and words for an iovec) to 0x20000 from stdin, makes the call, and writes
 * the result there and 4096 bytes from 0x20040 to stdout.
 */
	.arm
	.text
file:
	.byte	0x7f, 'E', 'L', 'F', 1, 1, 1, 0
	.fill	8, 1, 0
	.short	2, 40			/* an executable, for ARM */
	.word	1, 0x10000 + start - file, program - file, 0
	.word	0x05000200		/* ABI 5 */
	.short	52, 32, 2, 40, 0, 0
program:
	.word	1, 0, 0x10000, 0x10000, end - file, end - file, 5, 0x1000
	.word	1, 0, 0x20000, 0x20000, 0, 0x2000, 6, 0x1000
start:
	mov	r0, #0			/* read(0, request, 64) */
	mov	r1, #0x20000
	mov	r2, #64
	mov	r7, #3
	svc	#0
	cmp	r0, #64
	bne	out
	mov	r8, #0x20000
	ldm	r8, {r0-r5, r7}
	svc	#0
	str	r0, [r8, #60]
	mov	r0, #1			/* write(1, result, 4 + 4096) */
	add	r1, r8, #60
	ldr	r2, =4100
	mov	r7, #4
	svc	#0
	b	start
out:
	mov	r0, #0
	mov	r7, #1
	svc	#0
	.ltorg
end:
