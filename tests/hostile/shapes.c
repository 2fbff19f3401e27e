// SPDX-License-Identifier: GPL-2.0
/* Config spaces that no device should have. */
#include "shapes.h"

#include <string.h>

static void plain(struct space *space)
{
	space_header(space, 0x100, ID_AER, 1, 0x140);
	space_dsn(space, 0x140, 0, 0xc0);
}

static void first(struct space *space)
{
	space_dsn(space, 0x100, 0x140, 0xc0);
	space_header(space, 0x140, ID_AER, 1, 0);
}

static void last_of_many(struct space *space)
{
	unsigned int at;

	for (at = 0x100; at < 0xff0; at += 8)
		space_header(space, at, ID_LTR, 1, at + 8);
	space_header(space, 0xfe8, ID_LTR, 1, 0xff4);
	space_dsn(space, 0xff4, 0, 0xc0);
}

static void behind_many_unknown(struct space *space)
{
	unsigned int at;

	for (at = 0x100; at < 0xff4; at += 4)
		space_header(space, at, ID_UNKNOWN, 1, at + 4);
	space_dsn(space, 0xff4, 0, 0xc0);
}

static void downwards(struct space *space)
{
	space_header(space, 0x100, ID_AER, 1, 0xa00);
	space_header(space, 0xa00, ID_POWER, 1, 0x300);
	space_dsn(space, 0x300, 0x200, 0xc0);
	space_header(space, 0x200, ID_LTR, 1, 0);
}

static void twice(struct space *space)
{
	space_dsn(space, 0x100, 0x140, 0xc0);
	space_header(space, 0x140, ID_AER, 1, 0x200);
	space_dsn(space, 0x200, 0, 0xc8);
}

static void twice_in_a_row(struct space *space)
{
	space_header(space, 0x100, ID_AER, 1, 0x140);
	space_dsn(space, 0x140, 0x14c, 0xc0);
	space_dsn(space, 0x14c, 0, 0xc8);
}

/* The second header is four bytes of the first one's serial. */
static void one_in_the_other(struct space *space)
{
	space_header(space, 0x100, ID_AER, 1, 0x140);
	space_header(space, 0x140, ID_DSN, 1, 0x144);
	space_dsn(space, 0x144, 0x200, 0xc8);
	space_header(space, 0x200, ID_LTR, 1, 0);
}

static void chain_in_the_serial(struct space *space)
{
	space_header(space, 0x100, ID_AER, 1, 0x140);
	space_dsn(space, 0x140, 0x148, 0xc0);
	space_header(space, 0x148, ID_LTR, 1, 0x200);
	space_dsn(space, 0x200, 0, 0xc8);
}

static void end(struct space *space)
{
	space_header(space, 0x100, ID_AER, 1, 0xff4);
	space_dsn(space, 0xff4, 0, 0xc0);
}

static void inside_aer(struct space *space)
{
	space_header(space, 0x100, ID_AER, 1, 0x118);
	space_dsn(space, 0x118, 0, 0xc0);
}

static void over_aer(struct space *space)
{
	space_header(space, 0x100, ID_LTR, 1, 0x140);
	space_dsn(space, 0x140, 0x11c, 0xc0);
	space_header(space, 0x11c, ID_AER, 1, 0);
}

static void straddled_later(struct space *space)
{
	space_header(space, 0x100, ID_AER, 1, 0x140);
	space_dsn(space, 0x140, 0x130, 0xc0);
	space_vendor(space, 0x130, 0, 0x18);
}

static void straddled_before(struct space *space)
{
	space_header(space, 0x100, ID_AER, 1, 0x130);
	space_vendor(space, 0x130, 0x140, 0x18);
	space_dsn(space, 0x140, 0, 0xc0);
}

static void covered(struct space *space)
{
	space_header(space, 0x100, ID_AER, 1, 0x140);
	space_dsn(space, 0x140, 0x130, 0xc0);
	space_vendor(space, 0x130, 0, 0x100);
}

static void self_loop(struct space *space)
{
	space_header(space, 0x100, ID_AER, 1, 0x140);
	space_dsn(space, 0x140, 0x140, 0xc0);
}

static void loop_of_two(struct space *space)
{
	space_header(space, 0x100, ID_AER, 1, 0x140);
	space_dsn(space, 0x140, 0x100, 0xc0);
}

static void loop_over_unknown(struct space *space)
{
	space_header(space, 0x100, ID_LTR, 1, 0x140);
	space_header(space, 0x140, ID_UNKNOWN, 1, 0x180);
	space_dsn(space, 0x180, 0x140, 0xc0);
}

static void all_ones(struct space *space)
{
	memset(space->bytes + EXTENDED, 0xff, SPACE - EXTENDED);
}

static void to_all_ones(struct space *space)
{
	space_header(space, 0x100, ID_AER, 1, 0x140);
	space_dsn(space, 0x140, 0x300, 0xc0);
	space_put(space, 0x300, 0xffffffff);
	space_put(space, 0xffc, 0xffffffff);
}

static void conventional(struct space *space)
{
	plain(space);
	space->size = EXTENDED;
}

static void unaligned(struct space *space)
{
	space_header(space, 0x100, ID_AER, 1, 0x142);
	space_dsn(space, 0x140, 0x203, 0xc0);
	space_header(space, 0x200, ID_LTR, 1, 0x301);
	space_dsn(space, 0x300, 0x0fe, 0xc8);
}

static void version_0(struct space *space)
{
	plain(space);
	space_header(space, 0x140, ID_DSN, 0, 0);
}

static void version_2(struct space *space)
{
	plain(space);
	space_header(space, 0x140, ID_DSN, 2, 0);
}

static void first_is(struct space *space, unsigned int id)
{
	space_header(space, 0x100, id, 1, 0x140);
	space_dsn(space, 0x140, 0x180, 0xc0);
	space_header(space, 0x180, ID_LTR, 1, 0);
}

static void first_unknown(struct space *space)
{
	first_is(space, ID_UNKNOWN);
}

static void first_like_dsn(struct space *space)
{
	first_is(space, 0x7f03);
}

static void first_like_nothing(struct space *space)
{
	first_is(space, 0x7fff);
}

static void first_like_virtual(struct space *space)
{
	first_is(space, 0x7ffe);
}

static void unknown_between(struct space *space)
{
	space_header(space, 0x100, ID_AER, 1, 0x140);
	space_header(space, 0x140, ID_UNKNOWN, 1, 0x144);
	space_header(space, 0x144, ID_RCRB, 1, 0x180);
	space_dsn(space, 0x180, 0x200, 0xc0);
	space_header(space, 0x200, ID_UNKNOWN, 1, 0x300);
	space_dsn(space, 0x300, 0, 0xc8);
}

/*
 * A next pointer that vfio unlinks, and that comes back if a later capability lies over
 * it.
 */
static void unknown_comes_back(struct space *space)
{
	space_header(space, 0x100, ID_LTR, 1, 0x140);
	space_header(space, 0x140, ID_LTR, 1, 0x200);
	space_header(space, 0x200, ID_UNKNOWN, 1, 0x300);
	space_dsn(space, 0x300, 0x130, 0xc0);
	space_vendor(space, 0x130, 0, 0x40);
}

static void behind_vendor(struct space *space, unsigned int length)
{
	space_header(space, 0x100, ID_AER, 1, 0x140);
	space_vendor(space, 0x140, 0x180, length);
	space_dsn(space, 0x180, 0, 0xc0);
}

static void vendor_0(struct space *space)
{
	behind_vendor(space, 0);
}

static void vendor_1(struct space *space)
{
	behind_vendor(space, 1);
}

static void vendor_3(struct space *space)
{
	behind_vendor(space, 3);
}

/* Its length stands behind the end of config space. */
static void vendor_at_the_end(struct space *space)
{
	space_header(space, 0x100, ID_AER, 1, 0xffc);
	space_vendor(space, 0xffc, 0x200, 0);
	space_dsn(space, 0x200, 0, 0xc0);
}

/*
 * A host bridge has the extended space without a PCI Express capability. It has no BARs
 * here, since the kernel leaves those of host bridges alone, and then does not enable it.
 */
static void no_express(struct space *space)
{
	plain(space);
	space_answer(space, 0x0a, 1, 0x00); /* class */
	space_answer(space, 0x0b, 1, 0x06);
	space_answer(space, 0x10, 0x24, 0); /* BARs, to the ROM's */
	space_answer(space, 0x34, 1, 0);    /* capabilities */
	space->no_express = true;
}

/*
 * Vital Product Data has DSN's number, and is followed by a DSN of which the map has only the
 * header: together 12 bytes of that number. The VPD is the last of the e1000e's capabilities.
 */
static void behind_vpd(struct space *space)
{
	space_answer(space, 0xa1, 1, 0xf8); /* the next of the one at 0xa0 */
	space_answer(space, 0xf8, 8, 0);
	space_put(space, 0xf8, ID_VPD);
	space->vpd = 0xf8;
	space->vpd_length = 8;
	space_dsn(space, 0x100, 0x104, 0xc0);
	space_header(space, 0x104, ID_LTR, 1, 0);
}

static void vpd_first(struct space *space)
{
	plain(space);
	space_vpd(space, 0x40, E1000E_FIRST);
}

static void vpd_last(struct space *space)
{
	plain(space);
	space_vpd(space, 0xf8, E1000E_FIRST);
}

static void vpd_without_dsn(struct space *space)
{
	space_header(space, 0x100, ID_AER, 1, 0);
	space_vpd(space, 0x40, E1000E_FIRST);
}

static void vpd_conventional(struct space *space)
{
	vpd_first(space);
	space->size = EXTENDED;
}

/* vfio looks for VPD data at 0x100, where the first of the other capabilities is. */
static void vpd_over_the_end(struct space *space)
{
	plain(space);
	space_vpd(space, 0xfc, E1000E_FIRST);
	space_header(space, 0x100, ID_AER, 1, 0x140);
	space->vpd_odd = true;
}

static void vpd_twice(struct space *space)
{
	plain(space);
	space_vpd(space, 0x60, E1000E_FIRST);
	space_vpd(space, 0x40, 0x60);
	space->vpd_more = 0x60;
}

static void vpd_in_a_row(struct space *space)
{
	plain(space);
	space_vpd(space, 0x48, E1000E_FIRST);
	space_vpd(space, 0x40, 0x48);
	space->vpd_length = 16;
	space->vpd_odd = true;
}

/* Power management, which vfio comes to later, has its second half. */
static void vpd_cut_off(struct space *space)
{
	plain(space);
	space_vpd(space, 0x40, 0x44);
	space_put(space, 0x44, 0x00030001 | E1000E_FIRST << 8);
	space_answer(space, 0x48, 4, 0);
	space->vpd_odd = true;
}

static void empty(struct space *space)
{
	space_put(space, 0x100, 0);
}

static void unreached(struct space *space)
{
	space_header(space, 0x100, ID_AER, 1, 0);
	space_dsn(space, 0x200, 0, UNREACHED);
}

static void other_id(struct space *space)
{
	space_header(space, 0x140, ID_LTR, 1, 0);
}

static void other_serial(struct space *space)
{
	space_dsn(space, 0x140, 0, 0xd0);
}

static void other_next(struct space *space)
{
	space_header(space, 0x140, ID_DSN, 1, 0x200);
}

const struct shape shapes[] = {
	{ "AER, then DSN", .make = plain },
	{ "DSN first", .make = first },
	{ "DSN last, at 0xff4, behind 478 capabilities", .make = last_of_many },
	{ "DSN behind 957 unknown capabilities", .make = behind_many_unknown },
	{ "a chain that goes down", .make = downwards },
	{ "two DSNs", .make = twice },
	{ "two DSNs without a gap", .make = twice_in_a_row },
	{ "a DSN in another's serial", .make = one_in_the_other },
	{ "the chain goes on in the serial", .make = chain_in_the_serial },
	{ "DSN at 0xff4", .make = end },
	{ "DSN inside AER", .make = inside_aer },
	{ "AER over DSN", .make = over_aer },
	{ "half the serial is a later capability's", .make = straddled_later },
	{ "half the serial is an earlier capability's", .make = straddled_before },
	{ "a later capability covers DSN", .make = covered },
	{ "DSN leads to itself", .make = self_loop },
	{ "a loop of two", .make = loop_of_two },
	{ "a loop over an unknown capability", .make = loop_over_unknown },
	{ "all ones", .make = all_ones },
	{ "all ones when the kernel finds it", .make = all_ones, .rescan = true },
	{ "DSN leads to all ones", .make = to_all_ones },
	{ "256 bytes", .make = conventional, .rescan = true },
	{ "unaligned next pointers", .make = unaligned },
	{ "version 0", .make = version_0 },
	{ "version 2", .make = version_2 },
	{ "unknown first", .make = first_unknown },
	{ "unknown first, ID 0x7f03", .make = first_like_dsn },
	{ "unknown first, ID 0x7fff", .make = first_like_nothing },
	{ "unknown first, ID 0x7ffe", .make = first_like_virtual },
	{ "unknown first, ID 0x7ffe, that the guest cuts off", .make = first_like_virtual,
	  .guest_writes = true },
	{ "unknown first, that the guest tries to cut off", .make = first_unknown,
	  .guest_writes = true },
	{ "unknown ones between", .make = unknown_between },
	{ "an unknown one that comes back", .make = unknown_comes_back },
	{ "behind a vendor's capability of length 0", .make = vendor_0 },
	{ "behind a vendor's capability of length 1", .make = vendor_1 },
	{ "behind a vendor's capability of length 3", .make = vendor_3 },
	{ "behind a vendor's capability at 0xffc", .make = vendor_at_the_end,
	  .refused = true },
	{ "no chain", .make = empty },
	{ "no chain at first", .make = empty, .later = plain },
	{ "all ones at first", .make = all_ones, .later = plain },
	{ "DSN becomes another capability", .make = plain, .later = other_id },
	{ "DSN's serial becomes another", .make = plain, .later = other_serial },
	{ "DSN's next pointer becomes another", .make = plain, .later = other_next },
	{ "a serial that no chain leads to", .make = unreached, .unreached = true },
	{ "behind VPD, the serial another capability's", .make = behind_vpd },
	{ "VPD at 0x40", .make = vpd_first },
	{ "VPD at 0x40 when the kernel finds it", .make = vpd_first, .rescan = true },
	{ "VPD at 0xf8", .make = vpd_last },
	{ "VPD and no DSN", .make = vpd_without_dsn },
	{ "VPD in 256 bytes", .make = vpd_conventional, .rescan = true },
	{ "VPD at 0xfc", .make = vpd_over_the_end },
	{ "VPD twice", .make = vpd_twice },
	{ "VPD twice in a row", .make = vpd_in_a_row },
	{ "VPD cut off", .make = vpd_cut_off },
	{ "no PCI Express capability", .make = no_express, .rescan = true },
};

const unsigned int shape_count = sizeof(shapes) / sizeof(*shapes);

static void cut_off(struct space *space)
{
	space_header(space, 0x100, ID_AER, 1, 0xff8);
	space_put(space, 0xff8, ID_DSN | 1 << 16);
	space_put(space, 0xffc, 0xc3c2c1c0);
}

static void header_only(struct space *space)
{
	space_header(space, 0x100, ID_AER, 1, 0xffc);
	space_put(space, 0xffc, ID_DSN | 1 << 16);
}

const struct shape dangerous_shapes[] = {
	{ "DSN at 0xff8", .make = cut_off },
	{ "DSN at 0xffc", .make = header_only },
};

const unsigned int dangerous_shape_count =
	sizeof(dangerous_shapes) / sizeof(*dangerous_shapes);
