/* SPDX-License-Identifier: GPL-2.0 */
/* Finds the bytes of a config read that have to change: pure, for BPF and the host. */
#ifndef DSN_WINDOW_H
#define DSN_WINDOW_H

#ifdef __bpf__
#include "vmlinux.h"
#else
#include <linux/types.h>
#endif

/* Config space, in bytes (PCIe r6.2 7.2.2). */
#define DSN_CFG_CAPS 0x40 /* capabilities start here */
#define DSN_CFG_EXT 0x100 /* extended capabilities start here */
#define DSN_CFG_END 0x1000

/* Device Serial Number extended capability (PCIe r6.2 7.9.3). */
#define DSN_CAP_ID 0x0003
#define DSN_BODY 4 /* the serial comes after the header dword */
#define DSN_BODY_LEN 8

/* The hops after which a chain of dword-aligned headers must have come back on itself. */
#define DSN_CHAIN_MAX ((DSN_CFG_END - DSN_CFG_EXT) / 4)

/* Extended capability header: ID in bits 0-15, next in 20-31, low two bits ignored. */
static inline __u32 dsn_cap_id(__u32 header)
{
	return header & 0xffff;
}

/* Returns 0 if the chain ends, which it does for the kernel at any offset below 0x100. */
static inline __u32 dsn_cap_next(__u32 header)
{
	__u32 next = header >> 20 & 0xffc;

	return next < DSN_CFG_EXT ? 0 : next;
}

/*
 * Returns a hidden capability's header: ID 0, version 0, the next pointer kept, like
 * vfio_ecap_init() in drivers/vfio/pci/vfio_pci_config.c.
 */
static inline __u32 dsn_hidden_header(__u32 header)
{
	return header & 0xffcU << 20;
}

/*
 * VPD capability (PCI 3.0 Appendix I): ID, next pointer, 2 bytes of address and flag, 4 of
 * data. A guest finds an end tag wherever it reads the data: a VPD that is well-formed, and
 * empty.
 */
#define DSN_VPD_LEN 8
#define DSN_VPD_DATA 4 /* after these */
#define DSN_VPD_NEXT 1
#define DSN_VPD_END_TAGS 0x78787878

/*
 * vfio has a map of its copy of config space: for each byte that it has copied, the low
 * byte of the capability's ID, or one of these marks: a byte that it has not copied,
 * which the device answers, and one of its own that the guest may be able to write.
 */
#define DSN_MAP_NONE 0xff
#define DSN_MAP_OWN 0xfe
#define DSN_MAP_VPD 0x03 /* below 0x100: PCI_CAP_ID_VPD */

/*
 * Returns true if vfio has copied the bytes of a dword, or of two; `map` has the map's
 * bytes.
 */
static inline int dsn_copied(__u64 map)
{
	/* a byte of either mark has all bits set but the lowest: with that one set as well,
	   ~map has a byte of zeros, which is what borrows from it find */
	__u64 zeros = ~(map | 0x0101010101010101ULL);

	return !((zeros - 0x0101010101010101ULL) & ~zeros & 0x8080808080808080ULL);
}

/* Returns 0 unless one of 8 bytes of vfio's map, below DSN_CFG_EXT, is of VPD. */
static inline __u64 dsn_maps_vpd(__u64 map)
{
	__u64 others = map ^ 0x0101010101010101ULL * DSN_MAP_VPD;

	/* finds a byte of zeros */
	return (others - 0x0101010101010101ULL) & ~others & 0x8080808080808080ULL;
}

/*
 * Returns true if the first bytes of some VPD are so late that vfio puts its data over what it
 * has copied of the first extended capability, which begins the chain. `map` has the map's 8
 * bytes below DSN_CFG_EXT.
 */
static inline int dsn_vpd_is_over(__u64 map)
{
	__u64 vpd = dsn_maps_vpd(map);

	return !!(vpd & ~(vpd << 8) & ~0xffULL);
}

/* Returns true if one of two dwords is the header of a DSN. */
static inline int dsn_has_header(__u64 dwords)
{
	return dsn_cap_id(dwords) == DSN_CAP_ID || dsn_cap_id(dwords >> 32) == DSN_CAP_ID;
}

/* Results of dsn_near() beside the offset of a header. */
#define DSN_NEAR_NONE 0U     /* the read has no bytes of a DSN */
#define DSN_NEAR_UNKNOWN ~0U /* a walk along the chain is needed */

/* Loads 8 bytes of vfio's copy or map as a little-endian number. */
typedef __u64 (*dsn_load)(__u64 base, __u32 at);

/*
 * Finds the one DSN that has all of a read of 1 to 8 bytes, by vfio's map: the map has
 * its ID for exactly the 12 bytes from its header on, the copy has the header there, and
 * no other header from which a DSN could reach into it. `at` is the dword with the read's
 * first byte, `before` the map's bytes from at - 8 on, `after` those from at on.
 */
static inline __u32 dsn_near_one(dsn_load load, __u64 map, __u64 copy, __u32 at,
				 __u32 end, __u64 before, __u64 after)
{
	const __u32 whole = 0x01010101U * DSN_CAP_ID;
	__u32 header = at;
	__u64 last;
	__u8 byte;

	if (before >> 32 == whole)
		header = (__u32)before == whole ? at - 8 : at - 4;
	/* below DSN_CFG_EXT it is VPD, which has the same ID */
	if (header < DSN_CFG_EXT || (header == at && after >> 32 != whole))
		return DSN_NEAR_UNKNOWN;
	byte = header == at	  ? before >> 56
	       : header == at - 4 ? before >> 24
				  : load(map, at - 16) >> 56;
	last = load(map, header + 8);
	if (byte == DSN_CAP_ID || (__u32)last != whole ||
	    (last >> 32 & 0xff) == DSN_CAP_ID || end > header + DSN_BODY + DSN_BODY_LEN)
		return DSN_NEAR_UNKNOWN;
	if (dsn_has_header(load(copy, header - 8)) ||
	    dsn_cap_id(load(copy, header)) != DSN_CAP_ID)
		return DSN_NEAR_UNKNOWN;
	return header;
}

/*
 * Judges a read of 1 to 8 bytes below DSN_CFG_EXT: DSN_NEAR_NONE if vfio has copied all of it
 * and no VPD reaches into it. vfio puts VPD data 4 to 7 bytes after the first of the bytes
 * that its map has for VPD, whatever the map has there.
 */
static inline __u32 dsn_near_vpd(dsn_load load, __u64 map, __u32 pos, __u32 len)
{
	__u32 at = pos & ~3U, end = pos + len;
	__u64 after;

	if (pos < DSN_CFG_CAPS || end > at + 8 || end > DSN_CFG_EXT)
		return DSN_NEAR_UNKNOWN;
	after = load(map, at);
	if (end <= at + 4)
		after = (__u32)after;
	return dsn_copied(after) && !dsn_maps_vpd(after) &&
			       !dsn_maps_vpd(load(map, at - 8))
		       ? DSN_NEAR_NONE
		       : DSN_NEAR_UNKNOWN;
}

/*
 * Judges a read of 1 to 8 bytes, the most frequent ones, at or above DSN_CFG_EXT: the offset
 * of the header of the one DSN that has all of it, or one of the above. A read has bytes of no
 * DSN for sure if vfio has copied all dwords where the header would be, from two before the
 * read's first to the read's last, and none of them is one. If config space ends before the
 * read, the answer means nothing, and vfio refuses the read.
 */
static inline __u32 dsn_near(dsn_load load, __u64 map, __u64 copy, __u32 pos, __u32 len)
{
	__u32 at = pos & ~3U, end = pos + len;
	__u64 before, after, headers;

	if (at + 16 > DSN_CFG_END)
		return DSN_NEAR_UNKNOWN;
	before = load(map, at - 8);
	after = load(map, at);
	if ((__u32)after == 0x01010101U * DSN_CAP_ID)
		return dsn_near_one(load, map, copy, at, end, before, after);
	if (end > at + 8)
		return DSN_NEAR_UNKNOWN;
	if (end <= at + 4)
		after = (__u32)after;
	/* below are no extended capabilities, but maybe VPD whose data reaches up here */
	if (at < DSN_CFG_EXT + 12) {
		if (dsn_maps_vpd(load(map, DSN_CFG_EXT - 8)))
			return DSN_NEAR_UNKNOWN;
		if (at < DSN_CFG_EXT + 8)
			before = at == DSN_CFG_EXT ? 0 : before >> 32;
	}
	if (!dsn_copied(before) || !dsn_copied(after))
		return DSN_NEAR_UNKNOWN;
	headers = load(copy, at - 8);
	if (at < DSN_CFG_EXT + 8)
		headers = at == DSN_CFG_EXT ? 0 : headers >> 32;
	if (dsn_has_header(headers))
		return DSN_NEAR_UNKNOWN;
	headers = load(copy, at);
	if (end <= at + 4)
		headers = (__u32)headers;
	return dsn_has_header(headers) ? DSN_NEAR_UNKNOWN : DSN_NEAR_NONE;
}

/* A part of a read that is to show other bytes. */
struct dsn_part {
	__u32 at;    /* offset of its first byte in the read */
	__u32 len;   /* bytes, 0 to 8 */
	__u64 bytes; /* its first byte is the lowest of this number, whatever the host's
			byte order; see dsn_store() */
};

/*
 * Finds the part of a read of [pos, pos + len) that overlaps the `width` bytes (at most
 * 8) from `from` on, and what it is to show of `bytes`. `size` is the end of config
 * space, which cuts them off. Any arguments are harmless: pos + len may be beyond the
 * end, and `from` may be anything.
 */
static inline struct dsn_part dsn_part_of(__u32 pos, __u32 len, __u32 from, __u32 width,
					  __u32 size, __u64 bytes)
{
	__u32 to = from + width, end = pos + len;
	struct dsn_part part = {};

	if (to > size)
		to = size;
	if (to > end)
		to = end;
	if (from < pos) {
		if (pos - from >= width)
			return part;
		bytes >>= 8 * (pos - from);
		from = pos;
	}
	if (from >= to)
		return part;
	part.at = from - pos;
	part.len = to - from;
	part.bytes = bytes;
	return part;
}

/* Returns true if the read has any of these bytes. */
static inline int dsn_overlaps(__u32 pos, __u32 len, __u32 from, __u32 width)
{
	return len && pos < from + width && from < pos + len;
}

/* Returns true if the read has bytes, and none but these. */
static inline int dsn_inside(__u32 pos, __u32 len, __u32 from, __u32 width)
{
	return len && pos >= from && pos + len <= from + width;
}

/* Stores a number as little-endian bytes, on every host. */
static inline void dsn_store(__u8 out[8], __u64 bytes)
{
#if defined(__bpf__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	/* clang compiles the loop to 16 instructions */
	__builtin_memcpy(out, &bytes, sizeof(bytes));
#else
	int i;

	for (i = 0; i < 8; i++)
		out[i] = bytes >> (8 * i);
#endif
}

#endif
