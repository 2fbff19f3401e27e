/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Finds what a read has beside serials that tells one card from another: VPD, and bytes that
 * no capability names.
 *
 * Nothing here depends on the card's data, nor on vfio's copy of the address of VPD data: a
 * guest can change that copy without the data following it.
 */
#ifndef DSN_BESIDE_BPF_H
#define DSN_BESIDE_BPF_H

#include "vmlinux.h"
#include "chain.bpf.h"
#include "dsn_window.h"
#include "kmem.bpf.h"
#include <bpf/bpf_helpers.h>

#define CAPS_LEN (DSN_CFG_EXT - DSN_CFG_CAPS)

/* Tells whether VPD is one capability from `at` on, whole and aligned. */
static __always_inline bool is_whole_vpd(const struct chain *chain, __u32 at)
{
	bool failed = false;
	__u64 map = KREAD_AT(__u64, chain->map + at, failed);
	__u8 next = KREAD_AT(__u8, chain->map + at + DSN_VPD_LEN, failed);
	__u32 end = at + DSN_VPD_LEN;

	return map == 0x0101010101010101ULL * DSN_MAP_VPD && !(at & 3) && !failed &&
	       (end == DSN_CFG_EXT || (end < DSN_CFG_EXT && next != DSN_MAP_VPD));
}

/*
 * Tells whether a byte is of VPD: vfio's map has it there, or had it at most 7 bytes before
 * for the first time, as vfio puts the data after that; without a map any byte may be. Called
 * for one byte after the other.
 */
static __always_inline bool is_vpd(struct chain *chain, __u32 at)
{
	__u16 pair;

	if (!chain->map) {
		chain->odd = true;
		return true;
	}
	if (at < DSN_CFG_EXT) {
		pair = KREAD_AT(__u16, chain->map + at - 1, chain->unreadable);
		if (pair >> 8 == DSN_MAP_VPD) {
			if ((pair & 0xff) != DSN_MAP_VPD) {
				chain->run = at;
				if (!is_whole_vpd(chain, at))
					chain->odd = true;
			}
			return true;
		}
	}
	return chain->run && at - chain->run < DSN_VPD_LEN;
}

static long find_vpd(__u32 i, void *data)
{
	struct chain *chain = *(struct chain **)data;
	__u32 at = DSN_CFG_CAPS + i;

	if (is_vpd(chain, at) && dsn_inside(at, 1, chain->pos, chain->len)) {
		chain->vpd = true;
		if (at >= chain->run + DSN_VPD_DATA)
			chain->vpd_data = true;
	}
	return 0;
}

#define VPD_STEPS (CAPS_LEN + DSN_VPD_LEN - 1)

#define MAP_STEP 32 /* bytes of the map at once, where loads are calls */

/*
 * Tells whether vfio's map has VPD at all; that of most functions has none. Not inlined, as
 * callers have little stack left.
 */
static __noinline int has_vpd(__u64 map)
{
	__u64 words[MAP_STEP / 8], found = 0;
	__u32 at, i;

	if (can_cast) {
#pragma unroll
		for (at = DSN_CFG_CAPS; at < DSN_CFG_EXT; at += 8)
			found |= dsn_maps_vpd(KREAD_CAST(__u64, map + at));
		return !!found;
	}
#pragma nounroll /* that would cost stack */
	for (at = DSN_CFG_CAPS; at < DSN_CFG_EXT; at += MAP_STEP) {
		if (bpf_probe_read_kernel(words, MAP_STEP, (void *)(map + at)))
			return 1;
#pragma unroll
		for (i = 0; i < MAP_STEP / 8; i++)
			found |= dsn_maps_vpd(words[i]);
	}
	return !!found;
}

/* Notes whether a dword of the read is a gap: one that no capability names. */
static __always_inline bool meet_gap(struct chain *chain, __u32 at)
{
	bool failed = false;
	__u32 map = ~0U;

	if (chain->map)
		map = KREAD_AT(__u32, chain->map + at, failed);
	if (at >= DSN_CFG_CAPS && (map == ~0U || failed)) {
		chain->gap = true;
		return true;
	}
	chain->named = true;
	return false;
}

static long find_gap(__u32 i, void *data)
{
	struct chain *chain = data;
	__u32 at = (chain->pos & ~3) + 4 * i;

	if (at >= chain->pos + chain->len)
		return 1;
	meet_gap(chain, at);
	return 0;
}

#define GAP_STEPS(chain) (((chain)->len + 3) / 4 + 1)

/* Tells whether the read may have a gap, or part of one. */
static __always_inline bool may_have_gap(const struct chain *chain)
{
	__u32 at = chain->pos & ~3;
	bool failed = false;

	if (chain->pos + chain->len > at + 8 || at + 8 > DSN_CFG_END)
		return true;
	return !dsn_copied(KREAD_AT(__u64, chain->map + at, failed)) || failed;
}

/* Finds VPD in the read of `chain`. Returns whether there may be anything beside serials. */
static __always_inline bool survey_beside(struct chain *chain)
{
	if (chain->pos < DSN_CFG_EXT + DSN_VPD_LEN - 1 &&
	    (!chain->map || has_vpd(chain->map)))
		bpf_loop(VPD_STEPS, find_vpd, &chain, 0);
	return chain->vpd || !chain->map || may_have_gap(chain);
}

/*
 * Walks the chain for the read of `chain`, which lies in config space, and looks beside it.
 * `pos`, `len` and `size` are set, what a walk finds is zero. Returns whether the read touches,
 * or may touch, anything that may be hidden. Global: see put_part().
 */
__noinline int survey(struct chain *chain, __u64 vdev)
{
	bool beside;

	if (!chain)
		return 0;
	chain_start(chain, (void *)vdev);
	if (chain->pos + chain->len > DSN_CFG_EXT)
		bpf_loop(DSN_CHAIN_MAX, find_dsn, &chain, 0);
	else
		chain->broken = false;
	beside = survey_beside(chain);
	return beside || chain->first || chain->serials || chain->broken ||
	       chain->unreadable;
}

#endif
