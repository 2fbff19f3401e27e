// SPDX-License-Identifier: GPL-2.0
/* dsn_window.h: which bytes of a read become which bytes, against a model byte by byte. */
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <string.h>
#include "dsn_window.h"

#define SERIAL 0x525400ffff123456ULL

/* What config space shows at an offset: 0 to 255 for a serial byte, -1 for any other. */
static int model(__u32 at, __u32 cap, __u32 size)
{
	static const __u8 wire[8] = { 0x56, 0x34, 0x12, 0xff, 0xff, 0x00, 0x54, 0x52 };

	if (at >= size || at < cap + 4 || at >= cap + 12)
		return -1;
	return wire[at - cap - 4];
}

static void check(__u32 pos, __u32 len, __u32 cap, __u32 size)
{
	struct dsn_part part = dsn_part_of(pos, len, cap + 4, 8, size, SERIAL);
	__u32 from = cap > pos ? cap : pos, to = cap + 16, at;
	__u8 bytes[8];

	dsn_store(bytes, part.bytes);
	if (part.len > 8 ||
	    part.at + part.len > (part.len ? len : 0) + (part.len ? 0 : part.at))
		fail_msg("pos %x len %x cap %x: part %u+%u", pos, len, cap, part.at,
			 part.len);
	for (at = from; at < to && at < pos + len; at++) {
		__u32 i = at - pos;
		int shown =
			i >= part.at && i < part.at + part.len ? bytes[i - part.at] : -1;

		if (shown != model(at, cap, size))
			fail_msg("pos %x len %x cap %x size %x: byte %x is %d, not %d",
				 pos, len, cap, size, at, shown, model(at, cap, size));
	}
	/* nothing outside of the capability */
	if (part.len && (pos + part.at < cap + 4 || pos + part.at + part.len > cap + 12))
		fail_msg("pos %x len %x cap %x: outside", pos, len, cap);
}

/* Every offset and every length of config space, for one capability. */
static void all_reads(void **state)
{
	__u32 pos, len;

	(void)state;
	for (pos = 0; pos < DSN_CFG_END; pos++)
		for (len = 0; pos + len <= DSN_CFG_END; len++)
			check(pos, len, 0x140, DSN_CFG_END);
}

/* Every place of a capability, also cut off by the end, and all reads near it. */
static void all_places(void **state)
{
	__u32 cap, pos, len;

	(void)state;
	for (cap = DSN_CFG_EXT; cap < DSN_CFG_END; cap += 4)
		for (pos = cap - 16; pos < cap + 16 && pos < DSN_CFG_END; pos++)
			for (len = 0; len <= 40 && pos + len <= DSN_CFG_END; len++)
				check(pos, len, cap, DSN_CFG_END);
}

/* What no caller should pass is harmless all the same. */
static void beyond_the_end(void **state)
{
	__u32 len;

	(void)state;
	for (len = 0; len < 64; len++) {
		check(0xff0, len, 0xff4, DSN_CFG_END);
		check(0xffc, len, 0xff8, DSN_CFG_END);
	}
	assert_int_equal(dsn_part_of(0x100, 4, 0x104, 8, 0x100, SERIAL).len, 0);
	assert_int_equal(dsn_part_of(0xffffffff, 0, 0x144, 8, DSN_CFG_END, SERIAL).len,
			 0);
}

/*
 * The bytes come from shifts, so that no host's byte order can be in them: this is what
 * a big-endian host stores too.
 */
static void wire_order(void **state)
{
	static const __u8 wire[8] = { 0x56, 0x34, 0x12, 0xff, 0xff, 0x00, 0x54, 0x52 };
	__u8 bytes[8];

	(void)state;
	dsn_store(bytes, SERIAL);
	assert_memory_equal(bytes, wire, 8);
}

/* A header dword, which `hide` writes over: every read near it. */
static void headers(void **state)
{
	__u32 pos, len, at;

	(void)state;
	for (pos = 0x130; pos < 0x150; pos++)
		for (len = 0; len <= 40; len++) {
			struct dsn_part part =
				dsn_part_of(pos, len, 0x140, 4, DSN_CFG_END, 0x15000000);
			__u8 bytes[8];

			dsn_store(bytes, part.bytes);
			for (at = pos; at < pos + len; at++) {
				bool in = at >= pos + part.at &&
					  at < pos + part.at + part.len;

				assert_int_equal(in, at >= 0x140 && at < 0x144);
				if (in)
					assert_int_equal(bytes[at - pos - part.at],
							 at == 0x143 ? 0x15 : 0);
			}
			assert_int_equal(part.len > 0, dsn_overlaps(pos, len, 0x140, 4));
		}
	assert_int_equal(dsn_hidden_header(0x15210003), 0x15000000);
	assert_int_equal(dsn_hidden_header(0xffffffff), 0xffc00000);
}

static void chain(void **state)
{
	(void)state;
	assert_int_equal(dsn_cap_id(0x14010003), 3);
	assert_int_equal(dsn_cap_next(0x14010003), 0x140);
	assert_int_equal(dsn_cap_next(0x14210003), 0x140); /* low bits are masked */
	assert_int_equal(dsn_cap_next(0x00010003), 0);
	assert_int_equal(dsn_cap_next(0x0fc10003), 0); /* below extended space */
	assert_int_equal(dsn_cap_next(0xffffffff), 0xffc);
}

/* Any of a header's four bytes that vfio has not copied, or that is its own, will do. */
static void copied(void **state)
{
	__u32 byte, i;

	(void)state;
	assert_true(dsn_copied(0));
	assert_true(dsn_copied(0x03030303));
	assert_false(dsn_copied(0xffffffff));
	for (byte = 0; byte < 256; byte++)
		for (i = 0; i < 32; i += 8)
			assert_int_equal(
				dsn_copied((0x0b0b0b0b & ~(0xffU << i)) | byte << i),
				byte < 0xfe);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_reads),	  cmocka_unit_test(all_places),
		cmocka_unit_test(beyond_the_end), cmocka_unit_test(wire_order),
		cmocka_unit_test(headers),	  cmocka_unit_test(chain),
		cmocka_unit_test(copied),
	};

	return cmocka_run_group_tests_name("window", tests, NULL, NULL);
}
