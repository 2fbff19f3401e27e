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

/* A part of a read that shows serial bytes. */
struct dsn_part {
	__u32 at;    /* offset of its first byte in the read */
	__u32 len;   /* bytes, 0 to 8 */
	__u64 bytes; /* its first byte is the lowest of this number, whatever the host's
			byte order; see dsn_store() */
};

/*
 * The part of a read of [pos, pos + len) that the serial of a capability at `cap`
 * takes, and what it is to show. `size` is the end of config space: a serial that it
 * cuts off has only the bytes before it. Any arguments are harmless: pos + len may be
 * beyond the end, and cap may be anything below it.
 */
static inline struct dsn_part dsn_part_of(__u32 pos, __u32 len, __u32 cap, __u32 size,
					  __u64 serial)
{
	__u32 from = cap + DSN_BODY, to = from + DSN_BODY_LEN, end = pos + len;
	struct dsn_part part = {};

	if (to > size)
		to = size;
	if (to > end)
		to = end;
	if (from < pos) {
		if (pos - from >= DSN_BODY_LEN)
			return part;
		serial >>= 8 * (pos - from);
		from = pos;
	}
	if (from >= to)
		return part;
	part.at = from - pos;
	part.len = to - from;
	part.bytes = serial;
	return part;
}

/* Little-endian bytes of a number, on every host. */
static inline void dsn_store(__u8 out[8], __u64 bytes)
{
	int i;

#ifdef __bpf__
#pragma unroll
#endif
	for (i = 0; i < 8; i++)
		out[i] = bytes >> (8 * i);
}

#endif
