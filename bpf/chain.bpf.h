/* SPDX-License-Identifier: GPL-2.0 */
/* Finds where a read meets a function's serials, by vfio's copy of its capabilities. */
#ifndef DSN_CHAIN_BPF_H
#define DSN_CHAIN_BPF_H

#include "vmlinux.h"
#include "dsn_window.h"
#include "kmem.bpf.h"
#include "policy.bpf.h"
#include <bpf/bpf_helpers.h>

/* VFIO_PCI_OFFSET_MASK: the region index is above it. */
#define DSN_OFFSET_MASK ((1ULL << 40) - 1)

/* A read, a walk along the chain for it, and what the walk has met. Stack is scarce. */
struct chain {
	__u64 vconfig; /* vfio's copy of config space; its chain is what the guest sees */
	__u64 map;     /* the capability that each byte of it belongs to */
	__u64 pdev;
	__u64 buf;	       /* user address of the read's first byte */
	struct effective rule; /* what the guest is to see */
	__u64 failed_at;       /* address of bytes that could not be written, or 0 */
	__u16 size;	       /* of config space */
	__u16 cap;	       /* where the walk stands */
	__u16 pos;	       /* of the read's first byte in config space */
	__u16 len;
	__u16 first;	 /* the first DSN that the read touches, maybe its header alone */
	__u16 inside;	 /* a DSN whose serial has all bytes of the read, or 0 */
	__u16 last;	 /* the last DSN in the chain */
	__u16 found;	 /* and how many there are */
	__u16 run;	 /* where the last bytes of VPD begin, or 0 */
	bool serials;	 /* the read has bytes of a serial */
	bool broken;	 /* the chain leads to a header that only the device knows */
	bool unreadable; /* the chain could not be read */
	bool hide;	 /* the walk writes headers */
	bool odd;	 /* VPD is not one capability, whole and aligned */
	bool vpd;	 /* the read has bytes of VPD */
	bool vpd_data;	 /* and of its data */
	bool gap;	 /* the read has a dword that no capability names */
	bool named;	 /* and one that some does */
	bool partial;	 /* as in config_read, also the next two */
	bool compare;
	bool last_layer;
	bool changed; /* bytes were written that were not there */
	bool stuck;   /* those have no room in `repairs` */
};

static __always_inline void chain_start(struct chain *chain,
					struct vfio_pci_core_device *vdev)
{
	chain->vconfig = (__u64)KREAD(vdev, vconfig);
	chain->map = (__u64)KREAD(vdev, pci_config_map);
	chain->cap = DSN_CFG_EXT;
	/* closed by another thread, or open to a guest: nothing is known of the space */
	if (!chain->vconfig || !chain->map ||
	    dsn_vpd_is_over(
		    KREAD_AT(__u64, chain->map + DSN_CFG_EXT - 8, chain->unreadable)))
		chain->broken = true;
}

/* Reads the header that the walk stands at; false if the walk ends there. */
static __always_inline bool read_header(struct chain *chain, __u32 *header)
{
	__u32 map;

	*header = KREAD_AT(__u32, chain->vconfig + chain->cap, chain->unreadable);
	map = KREAD_AT(__u32, chain->map + chain->cap, chain->unreadable);
	if (chain->unreadable)
		return false;
	if (!dsn_copied(map))
		chain->broken = true;
	return !chain->broken;
}

/* Moves to the next capability; 1 if there is none. */
static __always_inline long next_cap(struct chain *chain, __u32 header)
{
	chain->cap = dsn_cap_next(header);
	/* a header in the last bytes is in range: sizes are multiples of 4 */
	return !chain->cap || chain->cap + 4 > chain->size;
}

/* Notes a DSN of the chain. */
static __always_inline void meet_dsn(struct chain *chain, __u32 cap)
{
	__u32 body = cap + DSN_BODY;

	if (!chain->first &&
	    dsn_overlaps(chain->pos, chain->len, cap, DSN_BODY + DSN_BODY_LEN))
		chain->first = cap;
	if (dsn_overlaps(chain->pos, chain->len, body, DSN_BODY_LEN))
		chain->serials = true;
	if (dsn_inside(chain->pos, chain->len, body, DSN_BODY_LEN))
		chain->inside = cap;
	chain->found++;
	chain->last = cap;
}

/* One hop of a walk that finds what the read touches; 1 ends it. */
static long find_dsn(__u32 hop, void *data)
{
	struct chain *chain = *(struct chain **)data;
	__u32 header;

	if (!read_header(chain, &header))
		return 1;
	/* vfio keeps the copy little-endian, as BPF is on x86-64 and arm64 */
	if (dsn_cap_id(header) == DSN_CAP_ID)
		meet_dsn(chain, chain->cap);
	return next_cap(chain, header);
}

/* In memory that exists while the device is open. */
static __always_inline __u64 load_bytes(__u64 base, __u32 at)
{
	bool failed;

	return KREAD_AT(__u64, base + at, failed);
}

/* near_dsn() below DSN_CFG_EXT, apart from it: that one is to have the registers. */
static __noinline __u32 near_vpd(struct vfio_pci_core_device *vdev, __u32 pos, __u32 len)
{
	__u64 map = (__u64)KREAD(vdev, pci_config_map);

	return map ? dsn_near_vpd(load_bytes, map, pos, len) : DSN_NEAR_UNKNOWN;
}

/* Judges a read at or below the end of config space without a walk; see dsn_near(). */
static __always_inline __u32 near_dsn(struct vfio_pci_core_device *vdev, __u32 pos,
				      __u32 len)
{
	__u64 map, copy;

	if (len > DSN_BODY_LEN)
		return DSN_NEAR_UNKNOWN;
	if (pos < DSN_CFG_EXT)
		return near_vpd(vdev, pos, len);
	map = (__u64)KREAD(vdev, pci_config_map);
	copy = (__u64)KREAD(vdev, vconfig);
	if (!map || !copy)
		return DSN_NEAR_UNKNOWN;
	return dsn_near(load_bytes, map, copy, pos, len);
}

#endif
