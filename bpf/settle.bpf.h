/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The one operation of all layers, settle(): makes the bytes that a reader is about to see
 * show what policy allows.
 */
#ifndef DSN_SETTLE_BPF_H
#define DSN_SETTLE_BPF_H

#include "vmlinux.h"
#include "beside.bpf.h"
#include "chain.bpf.h"
#include "dsn_contract.h"
#include "dsn_window.h"
#include "kmem.bpf.h"
#include "maps.bpf.h"
#include "policy.bpf.h"
#include "stats.bpf.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <linux/errno.h>

#define SIGKILL 9
#define SIGSTOP 19
#define VM_WRITE 0x2

/* A config read that reaches capabilities. */
struct config_read {
	__u64 vdev;
	__u64 buf; /* user address of its first byte */
	__u32 pos;
	__u32 len;
	__u32 header;	 /* of the one DSN that it lies in, or DSN_NEAR_UNKNOWN */
	bool counted;	 /* by a layer that has settled it before */
	bool partial;	 /* vfio may have copied the first bytes only, or none */
	bool compare;	 /* write only bytes that differ */
	bool last_layer; /* nothing settles the read after this */
	bool answer;	 /* in place of vfio, which is left what cannot be settled */
	bool stopped;	 /* its process has been sent SIGSTOP for it */

	/* results, which the caller clears */
	bool reached;	 /* it has bytes of a DSN, or of what else is hidden */
	bool changed;	 /* bytes differed, and were written */
	__u64 failed_at; /* address of bytes that could not be written, or 0 */
};

/*
 * Sends a signal to the current thread, which both kinds have the whole process obey. The
 * process has no queue of its own for more than one SIGSTOP, and would lose a second
 * thread's. With preemption off the kernel sends it from an interrupt that it raises on this
 * CPU, and returns EBUSY while the one before is pending.
 */
static __always_inline long send_signal(__u32 signal)
{
	long err = -EBUSY;
	__u32 tries;

	for (tries = 0; err == -EBUSY && tries < 16; tries++)
		err = bpf_send_signal_thread(signal);
	return err;
}

/* Emits an event for the read, or, if it is NULL, for one whose bytes are not known. */
static __always_inline void emit_read(struct pci_dev *pdev,
				      const struct config_read *read, __u32 outcome)
{
	emit_event(pdev, read ? EVENT_PLACE(read->pos, read->len) : 0, outcome);
}

static __always_inline void emit_answered(struct pci_dev *pdev,
					  const struct config_read *read, __u32 policy,
					  bool changed)
{
	bool repaired = read->compare && changed && hook != DSN_HOOK_NONE;

	emit_read(pdev, read, EVENT_OUTCOME(DSN_FATE_ANSWERED, policy, 0, repaired));
}

/* Counts a reader that was sent SIGKILL with this result, and its read, which may be NULL. */
static __noinline int note_killed(__u64 vdev, const struct config_read *read,
				  __u32 reason, long err)
{
	struct pci_dev *pdev = KREAD((struct vfio_pci_core_device *)vdev, pdev);

	if (err)
		COUNT(unkillable);
	if (reason == DSN_REASON_WRITE)
		COUNT(failed_writes);
	emit_read(pdev, read, EVENT_OUTCOME(DSN_FATE_KILLED, 0, reason, 0));
	note_incident(&kills, COUNT(kills), key_of(pdev), reason);
	return 0;
}

/*
 * Ends the reader before it returns to user mode. The kernel refuses that for init (pid 1),
 * which is counted. `read` may be NULL: it is not known which bytes were read.
 */
static __always_inline int kill_reader(__u64 vdev, const struct config_read *read,
				       __u32 reason)
{
	return note_killed(vdev, read, reason, send_signal(SIGKILL));
}

/* Files what is to be written into the reader; its process must be stopped then. */
static __noinline int file_repair(struct chain *chain, __u64 address, __u64 bytes,
				  __u32 length)
{
	struct task_struct *task = (void *)bpf_get_current_task_btf();
	struct dsn_repair *repair;
	__u32 i, next;

	for (i = 0; i < 64; i++) {
		next = __sync_fetch_and_add(&repairs.next, 1);
		repair = &repairs.of[next % DSN_REPAIRS];
		if (__sync_val_compare_and_swap(&repair->state, DSN_REPAIR_FREE,
						DSN_REPAIR_CLAIMED) != DSN_REPAIR_FREE)
			continue;
		repair->pid = task->tgid;
		repair->start_ns = BPF_CORE_READ(task, group_leader, start_boottime);
		repair->ns = bpf_ktime_get_boot_ns();
		repair->address = address;
		repair->bytes = bytes;
		repair->length = length;
		repair->key = key_of((struct pci_dev *)chain->pdev);
		__sync_lock_test_and_set(&repair->state, DSN_REPAIR_PENDING);
		return 0;
	}
	chain->stuck = true;
	return 0;
}

/* Notes bytes that cannot be written; the last layer also files them for repair. */
static __always_inline void fail_part(struct chain *chain, __u64 address, __u64 bytes,
				      __u32 length)
{
	chain->failed_at = address;
	if (chain->last_layer)
		file_repair(chain, address, bytes, length);
}

/*
 * Stops the reader's process before the reader returns to user mode, until `dsnctl repair`
 * has written what is filed; or kills it if it cannot be stopped.
 */
static __noinline int stop_reader(struct config_read *read, bool stuck)
{
	struct pci_dev *pdev = KREAD((struct vfio_pci_core_device *)read->vdev, pdev);
	__u32 pid = bpf_get_current_pid_tgid() >> 32;

	if (is_realtime && read->compare)
		COUNT(late);
	if (read->stopped && !stuck)
		return 0;
	if (stuck || send_signal(SIGSTOP))
		return kill_reader(read->vdev, read, DSN_REASON_WRITE);
	read->stopped = true;
	COUNT(stops);
	emit_read(pdev, read, EVENT_OUTCOME(DSN_FATE_STOPPED, 0, DSN_REASON_WRITE, 0));
	if (!ring_sleeps)
		bpf_ringbuf_output(&wakeups, &pid, sizeof(pid), BPF_RB_FORCE_WAKEUP);
	return 0;
}

/* In the form in which the 6.1 verifier sees that a length is 1 to 8. */
#define BOUND_LENGTH(len) asm volatile("%0 += -1; %0 &= 7; %0 += 1" : "+r"(len))

static __always_inline long write_user(__u64 to, const void *from, __u64 len)
{
	BOUND_LENGTH(len);
	return bpf_probe_write_user((void *)to, from, len);
}

/* Tells whether `len` bytes of the reader's, 1 to 8, are these already. */
static __always_inline bool shows(__u64 address, __u64 bytes, __u64 len)
{
	__u64 now = 0;

	BOUND_LENGTH(len);
	return !bpf_probe_read_user(&now, len, (void *)address) &&
	       !((now ^ bytes) << (64 - 8 * len));
}

static long vma_writable(struct task_struct *task, struct vm_area_struct *vma, void *data)
{
	bool *writable = data;

	*writable = BPF_CORE_READ(vma, vm_flags) & VM_WRITE;
	return 0;
}

/*
 * A read that failed half-way may have failed at the very bytes that cannot be written now,
 * and then nothing of the serial is there. That is certain only if nobody else can have
 * changed the mapping since: the address space has one user, and the page is not writable
 * for it.
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

/* Writes bytes one at a time, up to the first that cannot be written. */
static __always_inline bool write_bytes(struct chain *chain, __u64 to, const __u8 *bytes,
					__u32 len)
{
	__u32 i;

	for (i = 0; i < DSN_BODY_LEN && i < len; i++)
		if (bpf_probe_write_user((void *)(to + i), &bytes[i], 1))
			return chain->partial && never_copied(to + i);
	return true;
}

/*
 * Writes what the `width` bytes at `from` in config space show. Global, so that the verifier
 * checks it once, and not on each of the many paths that lead here.
 */
__noinline int put_part(struct chain *chain, __u32 from, __u32 width, __u64 shown)
{
	struct dsn_part part;
	__u8 bytes[8];
	__u64 to;

	if (!chain)
		return 0;
	part = dsn_part_of(chain->pos, chain->len, from, width, chain->size, shown);
	if (!part.len)
		return 0;
	to = chain->buf + part.at;
	if (chain->compare && shows(to, part.bytes, part.len))
		return 0;
	dsn_store(bytes, part.bytes);
	if (!write_user(to, bytes, part.len) || write_bytes(chain, to, bytes, part.len))
		chain->changed = true;
	else
		fail_part(chain, to, part.bytes, part.len);
	return 0;
}

/* Zeros for the longest read. */
static const __u8 zeros[DSN_CFG_END];

/* Clears the bytes in the extended space, up to the first that cannot be written. */
static long clear_byte(__u32 i, void *data)
{
	struct chain *chain = data;
	__u64 to = chain->buf + i;

	if (chain->pos + i < DSN_CFG_EXT)
		return 0;
	if (!bpf_probe_write_user((void *)to, zeros, 1))
		return 0;
	if (!chain->partial || !never_copied(to))
		fail_part(chain, to, 0, chain->len - i);
	return 1;
}

/*
 * Clears the extended space in the read. In a broken chain a guest may follow what the
 * device answers to serials that nobody here can find: all of it reads as zeros, as if there
 * were no capabilities.
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
			put_part(chain, chain->cap, DSN_BODY, dsn_hidden_header(header));
		else
			put_part(chain, chain->cap + DSN_BODY, DSN_BODY_LEN,
				 chain->rule.serial);
	}
	return next_cap(chain, header);
}

/* Writes policy over all that the read has of serials, and of headers if they are hidden. */
static __always_inline void write_policy(struct chain *chain)
{
	/* serials last: another's header may lie in one, and keeps its next pointer */
	if (chain->rule.policy == DSN_HIDE) {
		chain->hide = true;
		chain->cap = chain->first;
		bpf_loop(DSN_CHAIN_MAX, write_over, chain, 0);
		chain->hide = false;
	}
	if (chain->found == 1) {
		put_part(chain, chain->last + DSN_BODY, DSN_BODY_LEN, chain->rule.serial);
		return;
	}
	chain->cap = chain->first;
	bpf_loop(DSN_CHAIN_MAX, write_over, chain, 0);
}

/* Writes policy over VPD; over zeros if it is not one capability, whole and aligned. */
static long write_vpd(__u32 i, void *data)
{
	struct chain *chain = data;
	__u32 at = DSN_CFG_CAPS + i, vpd;

	if (!is_vpd(chain, at))
		return 0;
	vpd = chain->run;
	if (chain->odd) {
		put_part(chain, at, 1, 0);
	} else if (at == vpd + DSN_VPD_LEN - 1) {
		if ((chain->rule.more & DSN_VPD_MASK) != DSN_VPD_HIDE) {
			put_part(chain, vpd + DSN_VPD_DATA, DSN_VPD_LEN - DSN_VPD_DATA,
				 DSN_VPD_END_TAGS);
		} else {
			put_part(chain, vpd, DSN_VPD_NEXT, 0);
			put_part(chain, vpd + DSN_VPD_NEXT + 1,
				 DSN_VPD_LEN - DSN_VPD_NEXT - 1, 0);
		}
	}
	return 0;
}

static long write_gap(__u32 i, void *data)
{
	struct chain *chain = data;
	__u32 at = (chain->pos & ~3) + 4 * i;

	if (at >= chain->pos + chain->len)
		return 1;
	if (meet_gap(chain, at))
		put_part(chain, at, 4, 0);
	return 0;
}

/* Writes policy over what the read has beside serials. Returns whether it has anything. */
static __always_inline bool write_beside(struct chain *chain, bool counted)
{
	bool vpd = (chain->vpd || !chain->map) &&
		   (chain->rule.more & DSN_VPD_MASK) != DSN_VPD_PASS;

	if (vpd)
		bpf_loop(VPD_STEPS, write_vpd, chain, 0);
	if (chain->rule.more & DSN_GAPS_ZERO)
		bpf_loop(GAP_STEPS(chain), write_gap, chain, 0);
	if (vpd && !counted)
		COUNT(vpd);
	if (chain->gap && !counted)
		COUNT(gaps);
	return vpd || chain->gap;
}

/*
 * settle() for a read of any length and any chain. If its bytes cannot be written, the last
 * layer stops the reader or kills it. Global: see put_part().
 */
__noinline int settle_chain(struct config_read *read)
{
	struct vfio_pci_core_device *vdev;
	struct chain chain = {};
	struct pci_dev *pdev;
	struct dsn_key key;
	bool reached, beside;

	if (!read)
		return 0;
	vdev = (void *)read->vdev;
	pdev = KREAD(vdev, pdev);
	chain.size = KREAD(pdev, cfg_size);
	/* vfio_config_do_rw() refuses such a read before it copies a byte */
	if (read->len > chain.size || read->pos + read->len > chain.size)
		return 0;
	chain.pdev = (__u64)pdev;
	chain.buf = read->buf;
	chain.pos = read->pos;
	chain.len = read->len;
	chain.partial = read->partial;
	chain.compare = read->compare;
	chain.last_layer = read->last_layer;
	if (!survey(&chain, (__u64)vdev))
		return 0;
	if (chain.unreadable) {
		kill_reader(read->vdev, read, DSN_REASON_PLACE);
		return 1;
	}
	key = key_of(pdev);
	find_rule(pdev, &key, &chain.rule);
	/* a header is no secret, unless it is hidden */
	reached = chain.serials || (chain.first && chain.rule.policy == DSN_HIDE);
	if (reached && !read->counted)
		count_read(chain.rule.device, chain.rule.policy == DSN_PASS);
	beside = write_beside(&chain, read->counted);
	if (!reached && !beside && !chain.broken)
		return 0;
	if (chain.rule.policy != DSN_PASS) {
		if (reached)
			write_policy(&chain);
		if (chain.broken)
			clear_extended(&chain);
	}
	if (chain.changed)
		read->changed = true;
	if (chain.failed_at)
		read->failed_at = chain.failed_at;
	if (chain.failed_at && read->last_layer)
		stop_reader(read, chain.stuck);
	else if (reached && !read->counted)
		emit_answered(pdev, read, chain.rule.policy, chain.changed);
	return reached || beside;
}

/* Settles a read that lies in one DSN; false if that takes settle_chain(). */
static __noinline bool settle_alone(struct config_read *read)
{
	struct pci_dev *pdev = KREAD((struct vfio_pci_core_device *)read->vdev, pdev);
	struct dsn_key key = key_of(pdev);
	struct effective rule;
	struct dsn_part part;
	__u8 bytes[8];
	__u64 to;

	find_rule(pdev, &key, &rule);
	if (rule.policy == DSN_HIDE || (rule.policy == DSN_PASS && read->answer) ||
	    KREAD(pdev, cfg_size) < DSN_CFG_END)
		return false;
	part = dsn_part_of(read->pos, read->len, read->header + DSN_BODY, DSN_BODY_LEN,
			   ~0U, rule.serial);
	if (!part.len)
		return true;
	to = read->buf + part.at;
	if (rule.policy != DSN_PASS &&
	    !(read->compare && shows(to, part.bytes, part.len))) {
		dsn_store(bytes, part.bytes);
		if (write_user(to, bytes, part.len))
			return false;
		read->changed = true;
	}
	read->reached = true;
	if (read->counted)
		return true;
	count_read(rule.device, rule.policy == DSN_PASS);
	emit_answered(pdev, read, rule.policy, read->changed);
	return true;
}

/*
 * Makes the `len` bytes at `buf`, which vfio has read or was to read from `pos` in config
 * space, show what policy allows. Returns whether they reach a DSN.
 */
static __always_inline bool settle(struct config_read *read)
{
	if (read->header != DSN_NEAR_UNKNOWN && settle_alone(read))
		return read->reached;
	return settle_chain(read);
}

/*
 * Sets the place of a read of `count` bytes at `pos`, an offset in the fd. False if it has
 * nothing to settle, like most reads.
 */
static __always_inline bool set_place(struct config_read *read, __u64 count, __u64 pos)
{
	pos &= DSN_OFFSET_MASK;
	if (!count || count > DSN_CFG_END || pos > DSN_CFG_END ||
	    pos + count <= DSN_CFG_CAPS)
		return false;
	read->pos = pos;
	read->len = count;
	read->header = near_dsn((void *)read->vdev, pos, count);
	return read->header != DSN_NEAR_NONE;
}

#endif
