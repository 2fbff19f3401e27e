// SPDX-License-Identifier: GPL-2.0
/* dsn_window.h: which bytes of a read become which bytes, against a model byte by byte. */
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include "dsn_window.h"

#define SERIAL 0x525400ffff123456ULL

/* Returns the byte that config space shows at an offset if it is a serial's, else -1. */
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

/* Tests that arguments that no caller should pass are harmless. */
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

/* Reads of up to 8 bytes, judged by what is near: against a model of all of the space. */

#define SPACE 0x220 /* bytes, a little more than the reads here reach */

/* vfio's copy of config space, and its map. */
struct space {
	__u8 copy[SPACE];
	__u8 map[SPACE];
};

/* A capability, or bytes with another mark, in the order in which vfio puts them there. */
struct piece {
	__u32 at, len;
	__u16 id; /* the map has its low byte */
};

static const struct layout {
	const char *name;
	struct piece pieces[8];
} layouts[] = {
	{ "nothing", { {} } },
	{ "all copied, no DSN", { { 0x40, 0x1e0, 0x01 } } },
	{ "one DSN in gaps", { { 0x140, 12, 3 } } },
	{ "one DSN among others",
	  { { 0xe0, 0x60, 0x10 }, { 0x140, 12, 3 }, { 0x14c, 0xd4, 0x0b } } },
	{ "at the start", { { 0x100, 12, 3 }, { 0x10c, 0x40, 0x01 } } },
	{ "at the start, behind VPD", { { 0xf8, 8, 3 }, { 0x100, 12, 3 } } },
	{ "at the start, over VPD", { { 0xfc, 8, 3 }, { 0x100, 12, 3 } } },
	{ "VPD at the end of what is below", { { 0xf8, 8, 3 }, { 0x100, 0x40, 0x0d } } },
	{ "VPD that reaches over it", { { 0xfc, 8, 3 }, { 0x108, 0x40, 0x0d } } },
	{ "behind a gap, behind VPD", { { 0xf8, 8, 3 }, { 0x104, 12, 3 } } },
	{ "two that abut", { { 0x140, 12, 3 }, { 0x14c, 12, 3 } } },
	{ "three that abut", { { 0x140, 12, 3 }, { 0x14c, 12, 3 }, { 0x158, 12, 3 } } },
	{ "two with a dword between", { { 0x140, 12, 3 }, { 0x150, 12, 3 } } },
	{ "two that overlap in a dword", { { 0x140, 12, 3 }, { 0x148, 12, 3 } } },
	{ "two that overlap in two", { { 0x144, 12, 3 }, { 0x140, 12, 3 } } },
	{ "one in another's serial", { { 0x140, 12, 3 }, { 0x144, 8, 0x0b } } },
	{ "one over another's end", { { 0x138, 12, 0x0b }, { 0x140, 12, 3 } } },
	{ "one whose ID has another high byte", { { 0x140, 12, 0x0103 } } },
	{ "its first byte another's", { { 0x140, 12, 3 }, { 0x140, 1, 0x0b } } },
	{ "its last byte not copied", { { 0x140, 12, 3 }, { 0x14b, 1, 0xff } } },
	{ "bytes before it not copied", { { 0x100, 0x40, 1 }, { 0x13f, 1, 0xff } } },
	{ "a byte before it vfio's own", { { 0x100, 0x80, 1 }, { 0x13d, 1, 0xfe } } },
	{ "a header vfio's own", { { 0x100, 0x80, 1 }, { 0x140, 4, 0xfe } } },
	{ "at the end of what is read", { { 0x1f8, 12, 3 }, { 0x204, 0x10, 1 } } },
};

static void put(__u8 *to, __u32 value)
{
	__u32 i;

	for (i = 0; i < 4; i++)
		to[i] = value >> (8 * i);
}

static __u32 get(const __u8 *from)
{
	return from[0] | from[1] << 8 | from[2] << 16 | (__u32)from[3] << 24;
}

static void lay_out(struct space *space, const struct layout *layout)
{
	const struct piece *piece;

	memset(space->copy, 0, SPACE);
	memset(space->map, DSN_MAP_NONE, SPACE);
	for (piece = layout->pieces; piece->len; piece++) {
		memset(space->map + piece->at, piece->id, piece->len);
		if (piece->len >= 4)
			put(space->copy + piece->at, 0x10000 | piece->id);
	}
}

/* Bytes that are likely to matter, at random. */
static void scatter(struct space *space, __u32 *random)
{
	static const __u8 marks[] = { 3, 3, 3, 3, 3, 0, 0x0b, 0x0b, 0xfe, 0xff };
	__u32 at;

	for (at = 0; at < SPACE; at++) {
		*random = *random * 1103515245 + 12345;
		/* mostly as the byte before it: caps are longer than a byte */
		space->map[at] = *random >> 16 & 7 && at
					 ? space->map[at - 1]
					 : marks[(*random >> 20) % sizeof(marks)];
		space->copy[at] = at % 4 == 0	? (*random >> 8 & 3 ? 0x0b : 3)
				  : at % 4 == 1 ? !(*random >> 10 & 3)
						: *random >> 24;
	}
}

/* Returns true if the map has a DSN here, like vfio's: these 12 bytes, none beside. */
static bool is_mapped(const struct space *space, __u32 header)
{
	__u32 at;

	for (at = header - 1; at <= header + 12; at++)
		if ((space->map[at] == 3) != (at >= header && at < header + 12))
			return false;
	return true;
}

/* The header of the DSN that the map has for this byte, or 0. */
static __u32 model_mapped(const struct space *space, __u32 pos)
{
	__u32 header, found = 0;

	for (header = 0; header + 13 <= SPACE; header += 4) {
		if (pos < header || pos >= header + 12 || !is_mapped(space, header))
			continue;
		/* there are never two */
		assert_int_equal(found, 0);
		found = header;
	}
	return found;
}

/* Returns true if the copy allows a DSN's header here. */
static bool may_be_dsn(const struct space *space, __u32 header)
{
	__u32 i;

	for (i = 0; i < 4; i++)
		if (space->map[header + i] >= DSN_MAP_OWN)
			return true;
	return space->copy[header] == 3 && !space->copy[header + 1];
}

static bool model_none(const struct space *space, __u32 pos, __u32 len)
{
	__u32 header, at;

	for (header = DSN_CFG_EXT; header + 12 <= SPACE; header += 4)
		for (at = pos; at < pos + len; at++)
			if (at >= header && at < header + 12 && may_be_dsn(space, header))
				return false;
	return true;
}

static const struct space *loaded;

static __u64 load_from(__u64 base, __u32 at)
{
	const __u8 *from = base ? loaded->map + at : loaded->copy + at;

	return get(from) | (__u64)get(from + 4) << 32;
}

static bool is_header(const struct space *space, __u32 at)
{
	return (get(space->copy + at) & 0xffff) == DSN_CAP_ID;
}

/* Returns true if the map has VPD in [from, to). */
static bool maps_vpd(const struct space *space, __u32 from, __u32 to)
{
	return memchr(space->map + from, DSN_MAP_VPD, to - from);
}

static __u32 model_near(const struct space *space, __u32 pos, __u32 len)
{
	__u32 header = model_mapped(space, pos), at = pos & ~3U;

	if (header >= DSN_CFG_EXT && pos + len <= header + 12 &&
	    is_header(space, header) && !is_header(space, header - 4) &&
	    !is_header(space, header - 8))
		return header;
	if (at < DSN_CFG_EXT + 12 && maps_vpd(space, DSN_CFG_EXT - 8, DSN_CFG_EXT))
		return DSN_NEAR_UNKNOWN;
	/* what is partly of a DSN is left to the walk, and what is in three dwords */
	if (get(space->map + at) == 0x03030303 || pos + len > at + 8)
		return DSN_NEAR_UNKNOWN;
	return model_none(space, pos, len) ? DSN_NEAR_NONE : DSN_NEAR_UNKNOWN;
}

/* Below the extended space: all is copied, and no VPD begins at most 7 bytes before. */
static __u32 model_near_vpd(const struct space *space, __u32 pos, __u32 len)
{
	__u32 at = pos & ~3U, end = (pos + len + 3) & ~3U, i;

	if (pos < DSN_CFG_CAPS || pos + len > DSN_CFG_EXT || end > at + 8 ||
	    maps_vpd(space, at - 8, end))
		return DSN_NEAR_UNKNOWN;
	for (i = at; i < end; i++)
		if (space->map[i] >= DSN_MAP_OWN)
			return DSN_NEAR_UNKNOWN;
	return DSN_NEAR_NONE;
}

static void check_near_vpd(const struct space *space)
{
	__u32 pos, len;

	loaded = space;
	for (pos = 0; pos < DSN_CFG_EXT; pos++)
		for (len = 1; len <= 8; len++)
			assert_int_equal(dsn_near_vpd(load_from, 1, pos, len),
					 model_near_vpd(space, pos, len));
}

/* VPD data is 4 to 7 bytes after the first byte that the map has for it. */
static void check_vpd_over(const struct space *space)
{
	bool over = false;
	__u32 at;

	loaded = space;
	for (at = DSN_CFG_EXT - 7; at < DSN_CFG_EXT; at++)
		over |= space->map[at] == DSN_MAP_VPD &&
			space->map[at - 1] != DSN_MAP_VPD;
	assert_int_equal(dsn_vpd_is_over(load_from(1, DSN_CFG_EXT - 8)), over);
}

static void check_near(const struct space *space, const char *name, __u32 pos, __u32 len)
{
	__u32 got, want = model_near(space, pos, len);

	loaded = space;
	got = dsn_near(load_from, 1, 0, pos, len);
	if (got != want)
		fail_msg("%s: pos %x len %u: %x, not %x", name, pos, len, got, want);
}

static void check_all_near(const struct space *space, const char *name)
{
	__u32 pos, len;

	check_near_vpd(space);
	check_vpd_over(space);
	for (pos = DSN_CFG_EXT; pos < 0x200; pos++)
		for (len = 1; len <= DSN_BODY_LEN; len++)
			check_near(space, name, pos, len);
}

static void near_in_layouts(void **state)
{
	struct space space;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(layouts) / sizeof(*layouts); i++) {
		lay_out(&space, &layouts[i]);
		check_all_near(&space, layouts[i].name);
	}
}

/* Every mark at every byte around a DSN. */
static void near_with_any_mark(void **state)
{
	static const __u8 marks[] = { 0, 3, 0x0b, 0xfe, 0xff };
	static const struct layout layout = {
		"", { { 0x100, 0x40, 0x0b }, { 0x140, 12, 3 }, { 0x14c, 0x40, 0x0d } }
	};
	struct space space;
	char name[32];
	__u32 at, pos, len;
	size_t i;

	(void)state;
	for (at = 0x130; at < 0x160; at++)
		for (i = 0; i < sizeof(marks); i++) {
			lay_out(&space, &layout);
			space.map[at] = marks[i];
			snprintf(name, sizeof(name), "%02x at %x", marks[i], at);
			for (pos = 0x128; pos < 0x168; pos++)
				for (len = 1; len <= DSN_BODY_LEN; len++)
					check_near(&space, name, pos, len);
		}
}

static void near_at_random(void **state)
{
	struct space space;
	__u32 random = 1, n;
	char name[32];

	(void)state;
	for (n = 0; n < 300; n++) {
		snprintf(name, sizeof(name), "random map %u", n);
		scatter(&space, &random);
		check_all_near(&space, name);
	}
}

/* The tests above are of something: both answers are there, also where it matters. */
static void near_finds_what_it_should(void **state)
{
	struct space space;

	(void)state;
	lay_out(&space, &(struct layout){ "", { { 0x100, 0x40, 1 }, { 0x140, 12, 3 } } });
	loaded = &space;
	assert_int_equal(dsn_near(load_from, 1, 0, 0x14b, 1), 0x140);
	assert_int_equal(dsn_near(load_from, 1, 0, 0x144, 8), 0x140);
	assert_int_equal(dsn_near(load_from, 1, 0, 0x138, 8), DSN_NEAR_NONE);
	assert_int_equal(dsn_near(load_from, 1, 0, 0x13c, 8), DSN_NEAR_UNKNOWN);
	assert_true(model_none(&space, 0x138, 8));
	assert_false(model_none(&space, 0x139, 8));
	assert_false(model_none(&space, 0x14b, 1));
	assert_int_equal(model_mapped(&space, 0x14b), 0x140);
	assert_int_equal(model_mapped(&space, 0x14c), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_reads),
		cmocka_unit_test(all_places),
		cmocka_unit_test(beyond_the_end),
		cmocka_unit_test(wire_order),
		cmocka_unit_test(headers),
		cmocka_unit_test(chain),
		cmocka_unit_test(copied),
		cmocka_unit_test(near_in_layouts),
		cmocka_unit_test(near_with_any_mark),
		cmocka_unit_test(near_at_random),
		cmocka_unit_test(near_finds_what_it_should),
	};

	return cmocka_run_group_tests_name("window", tests, NULL, NULL);
}
