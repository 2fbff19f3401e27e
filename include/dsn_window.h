/* SPDX-License-Identifier: GPL-2.0 */
/* Which bytes of a config read become which bytes: pure, for BPF and for the host. */
#ifndef DSN_WINDOW_H
#define DSN_WINDOW_H

#ifdef __bpf__
#include "vmlinux.h"
#else
#include <linux/types.h>
#endif

/* Config space, in bytes (PCIe r6.2 7.2.2). */
#define DSN_CFG_EXT 0x100 /* extended capabilities start here */
#define DSN_CFG_END 0x1000

/* Device Serial Number extended capability (PCIe r6.2 7.9.3). */
#define DSN_CAP_ID 0x0003
#define DSN_BODY 4 /* the serial stands behind the header dword */
#define DSN_BODY_LEN 8

/* Hops after which a chain of dword-aligned headers must have come back on itself. */
#define DSN_CHAIN_MAX ((DSN_CFG_END - DSN_CFG_EXT) / 4)

/* Extended capability header: ID in bits 0-15, next in 20-31, low two bits ignored. */
static inline __u32 dsn_cap_id(__u32 header)
{
	return header & 0xffff;
}

/* 0 where the chain ends: the kernel ends it at any offset below 0x100. */
static inline __u32 dsn_cap_next(__u32 header)
{
	__u32 next = header >> 20 & 0xffc;

	return next < DSN_CFG_EXT ? 0 : next;
}

/*
 * What a hidden capability's header reads as: ID 0, version 0, the way on kept
 * (vfio_ecap_init() in drivers/vfio/pci/vfio_pci_config.c).
 */
static inline __u32 dsn_hidden_header(__u32 header)
{
	return header & 0xffcU << 20;
}

/*
 * vfio has a map beside its copy of config space, with the low byte of a capability's ID
 * for each byte that it has copied, and these two marks: a byte that it has not, which
 * the device answers, and one of its own that the guest may be able to write.
 */
#define DSN_MAP_NONE 0xff
#define DSN_MAP_OWN 0xfe
#define DSN_MAP_VPD 0x03 /* below 0x100: PCI_CAP_ID_VPD */

/* Whether vfio's copy of a header can be relied on; `map` is the map's dword for it. */
static inline int dsn_copied(__u32 map)
{
	/* a byte of either has all bits set but the lowest: with that one set as well, ~map
	   has a byte of zeros, which is what borrows from it find */
	__u32 zeros = ~(map | 0x01010101);

	return !((zeros - 0x01010101) & ~zeros & 0x80808080);
}

/* A part of a read that is to show other bytes. */
struct dsn_part {
	__u32 at;    /* offset of its first byte in the read */
	__u32 len;   /* bytes, 0 to 8 */
	__u64 bytes; /* its first byte is the lowest of this number, whatever the host's
			byte order; see dsn_store() */
};

/*
 * The part of a read of [pos, pos + len) that the `width` bytes (at most 8) from `from`
 * on take, and what it is to show of `bytes`. `size` is the end of config space, which
 * cuts them off. Any arguments are harmless: pos + len may be beyond the end, and `from`
 * may be anything.
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

/* Whether the read has any of these bytes. */
static inline int dsn_overlaps(__u32 pos, __u32 len, __u32 from, __u32 width)
{
	return len && pos < from + width && from < pos + len;
}

/* Whether the read has bytes, and none but these. */
static inline int dsn_inside(__u32 pos, __u32 len, __u32 from, __u32 width)
{
	return len && pos >= from && pos + len <= from + width;
}

/* Little-endian bytes of a number, on every host. */
static inline void dsn_store(__u8 out[8], __u64 bytes)
{
#if defined(__bpf__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	/* what clang makes of the loop is 16 instructions */
	__builtin_memcpy(out, &bytes, sizeof(bytes));
#else
	int i;

	for (i = 0; i < 8; i++)
		out[i] = bytes >> (8 * i);
#endif
}

#endif
