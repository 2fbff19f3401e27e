// SPDX-License-Identifier: GPL-2.0
/*
 * A multiboot kernel that reads an assigned function's serial as any guest may.
 *
 * -append "OFFSET HIGH LOW": where the capability is, for when it is hidden, and the
 * dwords of the real serial, all in hex. Each line on COM1 starts one look at it.
 */
#include "bare.h"

/* The places of the function: a slot of the chipset, or behind a port. */
#define AT_START (5U << 3)
#define PLUGGED_IN (1U << 8)

static uint32_t dsn, real[2];
static unsigned int function; /* bus, slot and function number */

static void wait_for_line(void)
{
	do
		while (!(inb(COM1 + 5) & 1))
			;
	while (inb(COM1) != '\n');
}

/* The hex number that ends at `end`, which is moved to the one before it. */
static uint32_t number_before(const char **end)
{
	uint32_t value = 0;
	int shift = 0;
	char c;

	while ((c = *--*end) != ' ') {
		value |= (uint32_t)(c <= '9' ? c - '0' : c - 'a' + 10) << shift;
		shift += 4;
	}
	return value;
}

/* The command line starts with the file's name, which has no numbers. */
static void parse(const char *end)
{
	while (*end)
		end++;
	real[0] = number_before(&end);
	real[1] = number_before(&end);
	dsn = number_before(&end);
}

static unsigned int find_function(void)
{
	return by_ports(AT_START, 0) == 0xffffffff ? PLUGGED_IN : AT_START;
}

static uint32_t dword_at(unsigned int at)
{
	return *(volatile uint32_t *)(ecam() + (function << 12) + at);
}

static void print_chain(void)
{
	unsigned int at, hops = 0;
	uint32_t header;

	print("chain");
	for (at = 0x100; at && hops++ < 64; at = header >> 20) {
		header = dword_at(at);
		put(' ');
		print_hex(header, 5);
		put('@');
		print_hex(at, 3);
	}
	put('\n');
}

enum way { PORTS, DWORD, WORD, BYTE, ODD, WAYS };

static const char *const ways[] = { "ports", "dword", "word", "byte", "odd" };

/* All of config space; "odd" reads dwords from addresses that are not a multiple of four. */
static void read_all(enum way way, uint8_t *image)
{
	uintptr_t from = ecam() + (function << 12), at;
	int shift = way == ODD ? 2 : 0;
	uint32_t value;

	for (at = 0; at < 4096; at++) {
		switch (way) {
		case PORTS:
			value = by_ports(function, at) >> (8 * (at & 3));
			break;
		case BYTE:
			value = *(volatile uint8_t *)(from + at);
			break;
		case WORD:
			value = *(volatile uint16_t *)(from + (at & ~1)) >>
				(8 * (at & 1));
			break;
		default:
			if (at < 4 || at > 4091)
				value = 0;
			else
				value = *(volatile uint32_t *)(from +
							       ((at - shift) & ~3) +
							       shift) >>
					(8 * ((at - shift) & 3));
		}
		image[at] = value;
	}
}

/* The places that have four bytes in a row of the real serial's dwords. */
static unsigned int count_real(const uint8_t *image)
{
	unsigned int at, count = 0;
	uint32_t dword;

	for (at = 0; at + 4 <= 4096; at++) {
		dword = image[at] | image[at + 1] << 8 | image[at + 2] << 16 |
			(uint32_t)image[at + 3] << 24;
		count += dword == real[0] || dword == real[1];
	}
	return count;
}

static void print_way(enum way way)
{
	static uint8_t image[4096];
	int i;

	read_all(way, image);
	print(ways[way]);
	print(" header ");
	for (i = 3; i >= 0; i--)
		print_hex(image[dsn + i], 2);
	print(" serial ");
	for (i = 7; i >= 0; i--) {
		print_hex(image[dsn + 4 + i], 2);
		put(i ? '-' : ' ');
	}
	print("real ");
	print_hex(count_real(image), 1);
	put('\n');
}

void guest_main(const struct multiboot *info)
{
	enum way way;

	parse(info->command_line);
	print("ready\n");
	for (;;) {
		wait_for_line();
		function = find_function();
		print("ports find ");
		print_hex(by_ports(function, 0), 8);
		put('\n');
		print_chain();
		for (way = PORTS; way < WAYS; way++)
			print_way(way);
		print("end\n");
	}
}
