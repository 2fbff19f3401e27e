// SPDX-License-Identifier: GPL-2.0
/*
 * A multiboot kernel for the VMs of tests/libvirt: prints the serials of all functions that the
 * processor finds, one a line, and halts. A reset of the VM makes it look again.
 */
#include "vmm/bare.h"

#define NIC 0x10d38086 /* printed without a serial too */

static uint32_t dword_at(unsigned int function, unsigned int at)
{
	return *(volatile uint32_t *)(ecam() + (function << 12) + at);
}

static unsigned int find_dsn(unsigned int function)
{
	unsigned int at, hops = 0;
	uint32_t header;

	for (at = 0x100; at && hops++ < 64; at = header >> 20) {
		header = dword_at(function, at);
		if ((header & 0xffff) == 3)
			return at;
	}
	return 0;
}

static void print_serial(unsigned int function, unsigned int dsn)
{
	uint32_t low = dword_at(function, dsn + 4), high = dword_at(function, dsn + 8);
	int i;

	for (i = 7; i >= 0; i--) {
		print_hex((i > 3 ? high : low) >> (8 * (i & 3)), 2);
		put(i ? '-' : '\n');
	}
}

static void print_function(unsigned int function)
{
	uint32_t ids = dword_at(function, 0);
	unsigned int dsn = find_dsn(function);

	if (!dsn && ids != NIC)
		return;
	print("function ");
	print_hex(function >> 8, 2);
	put(':');
	print_hex(function >> 3 & 31, 2);
	put('.');
	print_hex(function & 7, 1);
	put(' ');
	print_hex(ids, 8);
	put(' ');
	if (dsn)
		print_serial(function, dsn);
	else
		print("none\n");
}

#define BUSES 8

void guest_main(const struct multiboot *info)
{
	unsigned int function;

	(void)info;
	for (function = 0; function < BUSES << 8; function++)
		if (dword_at(function, 0) != 0xffffffff)
			print_function(function);
	print("end\n");
	for (;;)
		__asm__ volatile("cli; hlt");
}
