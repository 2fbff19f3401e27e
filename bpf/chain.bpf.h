/* SPDX-License-Identifier: GPL-2.0 */
/* Where a function's serials are: a walk along vfio's copy of its capabilities. */
#ifndef DSN_CHAIN_BPF_H
#define DSN_CHAIN_BPF_H

#include "vmlinux.h"
#include "dsn_window.h"
#include "load.bpf.h"
#include "verifier.bpf.h"
#include <bpf/bpf_helpers.h>

/* VFIO_PCI_OFFSET_MASK: the region index is above it. */
#define DSN_OFFSET_MASK ((1ULL << 40) - 1)

/* A walk, the read that it is made for, and what it has met. */
struct chain {
	__u64 vconfig; /* vfio's copy of config space; its chain is what the guest sees */
	__u64 map;     /* which capability each byte of it belongs to */
	__u32 size;    /* of config space */
	__u32 cap;     /* the capability that the walk stands at */
	__u32 pos;     /* of the read's first byte in config space */
	__u32 len;
	__u32 first;   /* the first DSN that the read touches, maybe its header alone */
	__u32 serials; /* of which the read has bytes, as far as the walk went */
	__u32 inside;  /* a DSN whose serial's bytes are all that the read has, or 0 */
	__u32 found;   /* DSNs in the chain */
	__u32 last;    /* of those */
	bool astray;   /* the chain leads to a header that only the device knows */
	bool lost;     /* some of it could not be read, or not be made safe */

	/* of a walk that writes, see bpf/rewrite.bpf.h */
	bool halfway; /* as in config_read */
	bool hide;    /* this walk writes the headers */
	__u64 buf;    /* user address of the read's first byte */
	__u64 serial; /* what the guest is to see */
};

static __always_inline void chain_start(struct chain *chain,
					struct vfio_pci_core_device *vdev)
{
	chain->first = UNKNOWN(0);
	chain->serials = UNKNOWN(0);
	chain->inside = UNKNOWN(0);
	chain->found = UNKNOWN(0);
	chain->last = UNKNOWN(0);
	chain->astray = UNKNOWN(0);
	chain->lost = UNKNOWN(0);
	chain->vconfig = (__u64)LOAD(vdev, vconfig);
	chain->map = (__u64)LOAD(vdev, pci_config_map);
	chain->cap = UNKNOWN(DSN_CFG_EXT);
	/* loads from there do not tell */
	if (!chain->vconfig || !chain->map)
		chain->lost = true;
}

/* Reads the header that the walk stands at; false where the walk ends there. */
static __always_inline bool read_header(struct chain *chain, __u32 *header)
{
	__u32 map;

	*header = LOAD_AT(__u32, chain->vconfig + chain->cap, chain->lost);
	map = LOAD_AT(__u32, chain->map + chain->cap, chain->lost);
	if (chain->lost)
		return false;
	if (!dsn_copied(map))
		chain->astray = true;
	return !chain->astray;
}

/* Goes to the next capability; 1 where there is none. */
static __always_inline long go_on(struct chain *chain, __u32 header)
{
	chain->cap = dsn_cap_next(header);
	/* a header in the last bytes is in range: sizes are multiples of 4 */
	return !chain->cap || chain->cap + 4 > chain->size;
}

/* One hop of a walk that finds out what the read reaches; 1 ends it. */
static long look(__u32 hop, void *data)
{
	struct chain *chain = data;
	__u32 header, body;

	if (!read_header(chain, &header))
		return 1;
	/* vfio keeps the copy little-endian, as BPF is on x86-64 and arm64 */
	if (dsn_cap_id(header) == DSN_CAP_ID) {
		body = chain->cap + DSN_BODY;
		if (!chain->first && dsn_overlaps(chain->pos, chain->len, chain->cap,
						  DSN_BODY + DSN_BODY_LEN))
			chain->first = chain->cap;
		if (dsn_overlaps(chain->pos, chain->len, body, DSN_BODY_LEN))
			chain->serials++;
		if (dsn_inside(chain->pos, chain->len, body, DSN_BODY_LEN))
			chain->inside = chain->cap;
		chain->found++;
		chain->last = chain->cap;
	}
	return go_on(chain, header);
}

/* Whether the read is one that vfio would do, and has, or may have, bytes of a serial. */
static __always_inline bool reaches(struct vfio_pci_core_device *vdev,
				    struct chain *chain, __u64 pos, __u64 count)
{
	pos &= DSN_OFFSET_MASK;
	if (!count || count > chain->size || pos + count > chain->size ||
	    pos + count <= DSN_CFG_EXT)
		return false;
	chain->pos = pos;
	chain->len = count;
	chain_start(chain, vdev);
	bpf_loop(DSN_CHAIN_MAX, look, chain, 0);
	return chain->serials || chain->astray || chain->lost;
}

#endif
