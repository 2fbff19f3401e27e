/* SPDX-License-Identifier: GPL-2.0 */
/* What is done to one config read: find the serials in it, write policy over them. */
#ifndef DSN_REWRITE_BPF_H
#define DSN_REWRITE_BPF_H

#include "vmlinux.h"
#include "chain.bpf.h"
#include "count.bpf.h"
#include "dsn_contract.h"
#include "dsn_window.h"
#include "event.bpf.h"
#include "load.bpf.h"
#include "maps.bpf.h"
#include "policy.bpf.h"
#include "session.bpf.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <linux/errno.h>

#define SIGKILL 9
#define VM_WRITE 0x2

/*
 * ssize_t vfio_pci_config_rw(struct vfio_pci_core_device *vdev, char __user *buf,
 *			      size_t count, loff_t *ppos, bool iswrite)
 *
 * Of a bool argument only the low byte is defined: the rest of the register may hold
 * anything, and must not turn a read into a write.
 */
static __always_inline bool is_write(__u64 iswrite)
{
	return iswrite & 0xff;
}

/* One config read that reaches extended config space. */
struct config_read {
	__u64 vdev;
	__u64 buf; /* user address of its first byte */
	__u32 pos;
	__u32 len;
	bool again;   /* counted before */
	bool repair;  /* on behalf of the guard */
	bool halfway; /* vfio failed in the middle, copied bytes are in the buffer */
};

/* Tells what became of the read; one that was told before only if it ends its reader. */
static __always_inline void tell_read(struct pci_dev *pdev,
				      const struct config_read *read, enum dsn_fate fate,
				      __u32 policy, enum dsn_reason reason)
{
	bool repaired = read && read->repair && !read->again;

	tell(pdev, read ? DSN_WHERE(read->pos, read->len) : 0,
	     DSN_WHAT(fate, policy, reason, repaired));
}

/*
 * Ends the reader before it returns to user mode. Where preemption is off the kernel
 * sends the signal from an interrupt that it raises on this CPU, and says EBUSY while the
 * one before has not come; where it refuses, for init (pid 1), that is counted.
 * `read` may be NULL: it is not known which bytes were read.
 */
static __noinline int kill_reader(__u64 vdev, const struct config_read *read,
				  __u32 reason)
{
	struct pci_dev *pdev = LOAD((struct vfio_pci_core_device *)vdev, pdev);
	long err = -EBUSY;
	__u32 tries;

	for (tries = 0; err == -EBUSY && tries < 16; tries++)
		err = bpf_send_signal(SIGKILL);
	if (err)
		COUNT(unkillable);
	if (reason == DSN_REASON_WRITE)
		COUNT(failed_writes);
	tell_read(pdev, read, DSN_FATE_KILLED, 0, reason);
	note_incident(&kills, COUNT(kills), key_of(pdev), reason);
	return 0;
}

static __always_inline long write_user(__u64 to, const void *from, __u64 len)
{
	/* the form in which the 6.1 verifier sees that this is 1 to 8 */
	asm volatile("%0 += -1; %0 &= 7; %0 += 1" : "+r"(len));
	return bpf_probe_write_user((void *)to, from, len);
}

static long vma_writable(struct task_struct *task, struct vm_area_struct *vma, void *data)
{
	bool *writable = data;

	*writable = BPF_CORE_READ(vma, vm_flags) & VM_WRITE;
	return 0;
}

/*
 * A read that failed half-way may have failed at the very bytes that cannot be written
 * now, and then nothing of the serial is there. That is certain only where nobody else
 * can have changed the mapping since: the address space has one user, and the page is
 * not writable for it.
 */
static __always_inline bool never_copied(__u64 address)
{
	struct task_struct *task = (void *)bpf_get_current_task_btf();
	struct vm_area_struct *vma = NULL; /* only to name the field */
	bool writable = false;
	long err;

	if (BPF_CORE_READ(task, mm, mm_users.counter) != 1)
		return false;
	if (!bpf_core_field_exists(vma->vm_flags))
		return false;
	err = bpf_find_vma(task, address, vma_writable, &writable, 0);
	return err == -ENOENT /* nothing is mapped there */ || (!err && !writable);
}

/* Bytes one at a time, up to the first that cannot be written. */
static __always_inline bool write_bytes(struct chain *chain, __u64 to, const __u8 *bytes,
					__u32 len)
{
	__u32 i;

	for (i = 0; i < DSN_BODY_LEN && i < len; i++)
		if (bpf_probe_write_user((void *)(to + i), &bytes[i], 1))
			return chain->halfway && never_copied(to + i);
	return true;
}

/*
 * Writes what the `width` bytes at `from` in config space are to show. Not static, so that
 * the verifier looks at it once, and not again on each of the many paths that lead here.
 */
__noinline int show(struct chain *chain, __u32 from, __u32 width, __u64 shown)
{
	struct dsn_part part;
	__u8 bytes[8];

	if (!chain)
		return 0;
	part = dsn_part_of(chain->pos, chain->len, from, width, chain->size, shown);
	if (!part.len)
		return 0;
	dsn_store(bytes, part.bytes);
	if (write_user(chain->buf + part.at, bytes, part.len) &&
	    !write_bytes(chain, chain->buf + part.at, bytes, part.len))
		chain->lost = true;
	return 0;
}

/* As many zeros as a read can have bytes. */
static const __u8 zeros[DSN_CFG_END];

/* The bytes in the extended space, up to the first that cannot be written. */
static long clear_byte(__u32 i, void *data)
{
	struct chain *chain = data;
	__u64 to = chain->buf + i;

	if (chain->pos + i < DSN_CFG_EXT)
		return 0;
	if (!bpf_probe_write_user((void *)to, zeros, 1))
		return 0;
	if (!chain->halfway || !never_copied(to))
		chain->lost = true;
	return 1;
}

/*
 * Where the chain goes astray a guest may follow it, in what the device answers, to
 * serials that nobody here can find: all of the extended space reads as zeros, which is
 * how it looks where there are no capabilities.
 */
static __always_inline void clear_extended(struct chain *chain)
{
	__u32 before = chain->pos < DSN_CFG_EXT ? DSN_CFG_EXT - chain->pos : 0;
	__u32 len = chain->len - before;

	/* 1 to 4096, as the 6.1 verifier wants to see it */
	asm volatile("%0 += -1; %0 &= 4095; %0 += 1" : "+r"(len));
	if (bpf_probe_write_user((void *)(chain->buf + before), zeros, len))
		bpf_loop(chain->len, clear_byte, chain, 0);
}

/* One hop of a walk that writes; 1 ends it. */
static long write_over(__u32 hop, void *data)
{
	struct chain *chain = data;
	__u32 header;

	if (!read_header(chain, &header))
		return 1;
	if (dsn_cap_id(header) == DSN_CAP_ID) {
		if (chain->hide)
			show(chain, chain->cap, DSN_BODY, dsn_hidden_header(header));
		else
			show(chain, chain->cap + DSN_BODY, DSN_BODY_LEN, chain->serial);
	}
	return go_on(chain, header);
}

/* Writes what policy shows over all serials that the read has bytes of. */
static __always_inline void write_serials(struct chain *chain)
{
	if (chain->found == 1) {
		show(chain, chain->last + DSN_BODY, DSN_BODY_LEN, chain->serial);
		return;
	}
	chain->cap = chain->first;
	bpf_loop(DSN_CHAIN_MAX, write_over, chain, 0);
}

/*
 * Keeps for the session what the walk has found, if it can: all about the chain, and that
 * there is no more than one DSN, whole. A VPD capability at 0xfc has its data at 0x100, and
 * what a guest reads of it vfio puts into the copy, over the first header.
 */
static __always_inline bool keep_chain(__u64 vdev, const struct chain *chain)
{
	bool failed = false;

	if (guard != DSN_GUARD_OFF || !sessions.on || !sessions.begun)
		return false;
	if (chain->astray || chain->lost || chain->found > 1)
		return false;
	if (chain->found && chain->last + DSN_BODY + DSN_BODY_LEN > chain->size)
		return false;
	if (LOAD_AT(__u8, chain->map + DSN_CFG_EXT - 1, failed) == DSN_MAP_VPD || failed)
		return false;
	session_keep(session_address(vdev), chain->last);
	return true;
}

/* And the rule of set number `set` that the chain's DSN is under, if it can. */
static __always_inline void keep_rule(__u64 vdev, const struct dsn_rule *rule, __u32 set,
				      __u32 counter)
{
	__u64 serial = rule->policy == DSN_SERIAL ? rule->serial : 0;

	if (!set || counter >= DSN_MAX_DEVICES)
		return;
	if (rule->policy == DSN_SCRUB || serial)
		session_keep_rule(session_address(vdev), serial, set, counter);
}

/*
 * Makes the `len` bytes at `buf`, which vfio has read or was to read from `pos` in config
 * space, show what policy allows, or kills the reader. Returns whether they reach a DSN.
 * Not static: see show().
 */
__noinline int rewrite_range(struct config_read *read)
{
	struct vfio_pci_core_device *vdev;
	struct chain chain = {};
	struct dsn_rule rule;
	struct pci_dev *pdev;
	struct dsn_key key;
	bool reached, kept;
	__u32 counter, set;

	if (!read)
		return 0;
	vdev = (void *)read->vdev;
	pdev = LOAD(vdev, pdev);
	chain.size = LOAD(pdev, cfg_size);
	/* vfio_config_do_rw() refuses such a read before it copies a byte */
	if (read->len > chain.size || read->pos + read->len > chain.size)
		return 0;
	if (chain.size <= DSN_CFG_EXT)
		return 0;
	chain.buf = read->buf;
	chain.pos = read->pos;
	chain.len = read->len;
	chain.halfway = read->halfway;
	chain_start(&chain, vdev);
	bpf_loop(DSN_CHAIN_MAX, look, &chain, 0);
	kept = keep_chain(read->vdev, &chain);
	if (!chain.serials && !chain.first && !chain.astray && !chain.lost)
		return 0;
	key = key_of(pdev);
	rule = rule_of(pdev, key, &set);
	/* a header is no secret, unless it is to be hidden */
	reached = chain.serials || chain.lost || (chain.first && rule.policy == DSN_HIDE);
	if (!reached && !chain.astray)
		return 0;
	if (reached && !read->again)
		COUNT(touched);
	if (chain.lost) {
		kill_reader(read->vdev, read, DSN_REASON_PLACE);
		return 1;
	}
	if (reached && !read->again) {
		counter = count_device(&key, rule.policy != DSN_PASS);
		if (kept)
			keep_rule(read->vdev, &rule, set, counter);
	}
	if (rule.policy == DSN_SERIAL)
		chain.serial = rule.serial;
	chain.cap = chain.first;
	/* serials last: another's header may lie in one, and keeps its next pointer */
	chain.hide = rule.policy == DSN_HIDE;
	if (reached && chain.hide) {
		bpf_loop(DSN_CHAIN_MAX, write_over, &chain, 0);
		chain.hide = false;
	}
	if (reached && rule.policy != DSN_PASS)
		write_serials(&chain);
	if (chain.astray && rule.policy != DSN_PASS)
		clear_extended(&chain);
	if (chain.lost)
		kill_reader(read->vdev, read, DSN_REASON_WRITE);
	else if (reached && !read->again)
		tell_read(pdev, read, DSN_FATE_ANSWERED, rule.policy, 0);
	return reached;
}

/* The part of rewrite_range() that most reads need: none. `pos` is an offset in the fd. */
static __always_inline int rewrite_at(struct vfio_pci_core_device *vdev,
				      struct config_read *read, __u64 count, __u64 pos)
{
	pos &= DSN_OFFSET_MASK;
	if (count > DSN_CFG_END || pos > DSN_CFG_END || pos + count <= DSN_CFG_EXT)
		return 0;
	read->vdev = (__u64)vdev;
	read->pos = pos;
	read->len = count;
	return rewrite_range(read);
}

/* Counts a read that shows what the session keeps, and tells it. */
static __always_inline void count_kept(struct vfio_pci_core_device *vdev, __u32 pos,
				       __u32 len, const struct kept_rule *rule,
				       struct task_struct *task)
{
	COUNT(touched);
	count_read(rule->counter, true, task);
	if (monitor.until_ns)
		tell(LOAD(vdev, pdev), DSN_WHERE(pos, len),
		     DSN_WHAT(DSN_FATE_ANSWERED, rule->serial ? DSN_SERIAL : DSN_SCRUB, 0,
			      0));
}

/*
 * The same as rewrite_range() for a read from `pos` on that vfio has done, and that has
 * bytes of the session's DSN at `cap`, or of its header alone. `ctx` has the arguments of
 * vfio_pci_config_rw(), and its result. False: the rule is not known, and nothing is done.
 */
static __always_inline bool rewrite_known(__u64 *ctx, __u32 pos, __u32 cap)
{
	__u64 address = address_of(ctx);
	struct kept_rule rule;
	struct dsn_part part;
	__u8 bytes[8];

	if (!session_rule(session_of(address), address, &rule))
		return false;
	/* the session would not be kept if it were cut off by the end of config space */
	part = dsn_part_of(pos, ctx[5], cap + DSN_BODY, DSN_BODY_LEN, ~0U, rule.serial);
	dsn_store(bytes, part.bytes);
	if (!part.len || write_user(ctx[1] + part.at, bytes, part.len))
		return false;
	count_kept((void *)ctx[0], pos, ctx[5], &rule, bpf_get_current_task_btf());
	return true;
}

/*
 * vfio_pci_config_rw() has read `count` bytes at *ppos into the user's `buf` and is
 * about to return `ret`: bytes read, *ppos being advanced by them, or -errno, *ppos
 * being as it was and any number of bytes copied.
 */
static __always_inline int rewrite(struct vfio_pci_core_device *vdev, __u64 buf,
				   __u64 count, __u64 ppos, __s64 ret)
{
	struct config_read read = { .buf = buf, .halfway = ret == -EFAULT };
	bool failed = false;
	__u64 pos;

	if (!ret)
		return 0;
	pos = LOAD_AT(__u64, ppos, failed);
	/* in it is config space's region, which is not 0 */
	if (failed || !pos) {
		kill_reader((__u64)vdev, NULL, DSN_REASON_PLACE);
		return 0;
	}
	if (ret > 0) {
		pos -= ret;
		count = ret;
	}
	rewrite_at(vdev, &read, count, pos);
	return 0;
}

#endif
