/* SPDX-License-Identifier: GPL-2.0 */
/* A multiboot kernel without anything else: guest_main(), COM1, config space. */
#ifndef BARE_H
#define BARE_H

#include <stdint.h>

#define COM1 0x3f8
extern const uint32_t multiboot_header[];
__asm__(".pushsection .multiboot, \"a\"\n"
	".balign 4\n"
	"multiboot_header: .long 0x1badb002, 0, -0x1badb002\n"
	".popsection\n"
	".globl _start\n"
	"_start: mov $stack_end, %esp\n"
	"push %ebx\n"
	"call guest_main\n"
	".pushsection .bss\n"
	".balign 16\n"
	".skip 4096\n"
	"stack_end:\n"
	".popsection\n");

struct multiboot {
	uint32_t flags, memory[2], boot_device;
	const char *command_line;
};

/* Does not return. */
void guest_main(const struct multiboot *info);

static inline void outb(uint16_t port, uint8_t value)
{
	__asm__ volatile("outb %0, %1" : : "a"(value), "Nd"(port));
}

static inline uint8_t inb(uint16_t port)
{
	uint8_t value;

	__asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"(port));
	return value;
}

static inline void outl(uint16_t port, uint32_t value)
{
	__asm__ volatile("outl %0, %1" : : "a"(value), "Nd"(port));
}

static inline uint32_t inl(uint16_t port)
{
	uint32_t value;

	__asm__ volatile("inl %1, %0" : "=a"(value) : "Nd"(port));
	return value;
}

static inline void put(char c)
{
	while (!(inb(COM1 + 5) & 0x20))
		;
	outb(COM1, c);
}

static inline void print(const char *text)
{
	while (*text)
		put(*text++);
}

static inline void print_hex(uint32_t value, int digits)
{
	while (digits--)
		put("0123456789abcdef"[value >> (4 * digits) & 15]);
}

/* By ports a register has 8 bits; some chipsets take four more from bits 24 to 27. */
static inline uint32_t by_ports(unsigned int function, unsigned int at)
{
	outl(0xcf8, 0x80000000 | (at & 0xf00) << 16 | function << 8 | (at & 0xfc));
	return inl(0xcfc);
}

/* The address of all config space: PCIEXBAR, set by the firmware. */
static inline uintptr_t ecam(void)
{
	return by_ports(0, 0x60) & 0xf0000000;
}

#endif
