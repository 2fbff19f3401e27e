/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Reads judged before vfio is entered. security_file_permission() is asked about every read
 * of every file, and what an fmod_ret program returns in its place becomes the result of a
 * pread, if it is not 0: bytes read, or -errno (vfs_read() in fs/read_write.c). A preadv
 * takes the error, and goes on with the read otherwise; io_uring takes either.
 *
 * With `load --answer` that saves the way to the device, and protects nothing. On kernels
 * that allow no writing it is all there is, with the gate after it, an LSM program that is
 * never skipped: it refuses what was not answered. On real-time kernels the gate refuses
 * io_uring, whose reader the check could only kill, and too late.
 */
#ifndef DSN_ANSWER_BPF_H
#define DSN_ANSWER_BPF_H

#include "beside.bpf.h"
#include "check.bpf.h"
#include <linux/errno.h>

#define MAY_READ 4

/* Most files fail the first test; keep the compiler from merging the two. */
static __always_inline bool is_vfio_read(struct file *file, int mask)
{
	if (!is_vfio_file(file))
		return false;
	barrier();
	return mask & MAY_READ;
}

/* The file is a vfio device. If no known system call is reading it, io_uring is. */
static __always_inline bool is_ring_read(const struct call *call)
{
	return call->kind == CALL_WORKER || (call->kind == CALL_NONE && call->ring);
}

/*
 * A security module may refuse a read of somebody who has not opened the file, and an
 * answer would come before it is asked.
 */
static __always_inline bool may_answer(struct file *file, struct task_struct *task)
{
	return (__u64)file->f_cred == (__u64)task->cred && is_opened(file);
}

/*
 * Answers a pread that lies wholly in one serial as settle() would. Any other, and one whose
 * buffer cannot be written, goes its way: 0.
 */
static __noinline int answer_read(struct file *file)
{
	struct task_struct *task = (void *)bpf_get_current_task_btf();
	struct vfio_pci_core_device *vdev;
	struct pt_regs *regs = (void *)bpf_task_pt_regs(task);
	struct config_read read = { .answer = true };
	enum plain plain = find_plain(task, regs);
	struct call call = {};

	if (plain == PLAIN_NOTHING)
		return 0;
	if (plain == PLAIN_PREAD)
		read_plain(&call, regs);
	else
		find_call(&call);
	if (call.kind != CALL_PREAD || !may_answer(file, task))
		return 0;
	vdev = vfio_of_file(file);
	if (!vdev)
		return 0;
	read.vdev = (__u64)vdev;
	read.buf = call.buf;
	if (!set_place(&read, call.count, call.pos) || read.header == DSN_NEAR_UNKNOWN ||
	    !dsn_inside(read.pos, read.len, read.header + DSN_BODY, DSN_BODY_LEN) ||
	    !settle_alone(&read))
		return 0;
	COUNT(answered);
	return read.len;
}

enum verdict {
	VERDICT_ANSWER, /* with its count: the reader's buffer stays as it was */
	VERDICT_REFUSE,
	VERDICT_WHOLE, /* as VMMs read when they open a device */
};

/* The parts of a read that policy hides. */
struct hidden {
	bool serials; /* or what may be some */
	bool vpd;
	bool gaps;
};

static __always_inline struct hidden hidden_of(const struct chain *chain)
{
	bool vpd = (chain->rule.more & DSN_VPD_MASK) != DSN_VPD_PASS;

	return (struct hidden){
		.serials = chain->rule.policy != DSN_PASS &&
			   (chain->serials || chain->broken || chain->unreadable),
		.vpd = vpd && (chain->vpd_data || chain->unreadable),
		.gaps = chain->rule.more & DSN_GAPS_ZERO &&
			(chain->gap || chain->unreadable),
	};
}

/* Tells whether the data of one VPD has all bytes of the read. */
static __always_inline bool is_in_vpd(const struct chain *chain)
{
	return !chain->odd &&
	       dsn_inside(chain->pos, chain->len, chain->run + DSN_VPD_DATA,
			  DSN_VPD_LEN - DSN_VPD_DATA);
}

static __always_inline enum verdict
decide(const struct call *call, const struct chain *chain, const struct hidden *hidden)
{
	if (call->kind != CALL_PREAD || chain->unreadable)
		return VERDICT_REFUSE;
	/* all of the extended space of a broken chain reads as zeros */
	if (hidden->serials &&
	    (chain->inside || (chain->broken && chain->pos >= DSN_CFG_EXT)))
		return VERDICT_ANSWER;
	if ((hidden->vpd && is_in_vpd(chain)) || (hidden->gaps && !chain->named))
		return VERDICT_ANSWER;
	return !chain->pos && chain->len == chain->size ? VERDICT_WHOLE : VERDICT_REFUSE;
}

static __always_inline int refuse(struct pci_dev *pdev, __u64 place,
				  enum dsn_reason reason)
{
	COUNT(refused);
	emit_event(pdev, place, EVENT_OUTCOME(DSN_FATE_REFUSED, 0, reason, 0));
	return -EPERM;
}

/* Counts a read that gets the real serial. */
static __always_inline int let_through(struct pci_dev *pdev, struct dsn_device *device,
				       __u64 place)
{
	count_read(device, true);
	emit_event(pdev, place, EVENT_OUTCOME(DSN_FATE_ANSWERED, DSN_PASS, 0, 0));
	return 0;
}

/* Tells whether the reader runs an executable that `load` was given. */
static __always_inline bool is_known_vmm(void)
{
	struct task_struct *task = (void *)bpf_get_current_task_btf();
	struct inode *inode = BPF_CORE_READ(task, mm, exe_file, f_inode);
	struct dsn_executable executable = {
		.inode = BPF_CORE_READ(inode, i_ino),
		.device = BPF_CORE_READ(inode, i_sb, s_dev),
	};

	return bpf_map_lookup_elem(&vmms, &executable);
}

static __always_inline int whole_read(struct pci_dev *pdev, const struct dsn_key *key,
				      struct dsn_device *device, __u64 place)
{
	bool passes = options & DSN_OPTION_WHOLE ||
		      (options & DSN_OPTION_VMMS && is_known_vmm());
	__u32 reason = passes ? DSN_REASON_WHOLE_PASSED : DSN_REASON_WHOLE;

	note_incident(&wholes, COUNT(wholes), *key, reason);
	if (!passes)
		return refuse(pdev, place, reason);
	COUNT(wholes_passed);
	return let_through(pdev, device, place);
}

/* The range of config space that the call reads, or may read. */
static __always_inline bool set_range(struct chain *chain, const struct call *call)
{
	__u64 pos = call->pos & DSN_OFFSET_MASK, count = call->count;

	if (is_ring_read(call) || call->kind == CALL_VECTOR ||
	    (call->kind != CALL_PREAD && call->ended)) {
		/* other threads can change iovecs, and an ended call reads in unknown ways */
		pos = 0;
		count = chain->size;
	} else if (call->kind != CALL_PREAD) {
		return false;
	}
	if (!count || count > chain->size || pos + count > chain->size ||
	    pos + count <= DSN_CFG_CAPS)
		return false;
	chain->pos = pos;
	chain->len = count;
	return true;
}

/* Counts a read that leaves its buffer as it was. */
static __always_inline void note_answer(struct pci_dev *pdev, const struct chain *chain,
					const struct hidden *hidden, __u64 place)
{
	if (hidden->vpd)
		COUNT(vpd);
	else if (hidden->gaps)
		COUNT(gaps);
	else if (!chain->serials)
		return;
	COUNT(answered);
	if (!hidden->serials)
		return;
	count_read(chain->rule.device, false);
	emit_event(pdev, place, EVENT_OUTCOME(DSN_FATE_ANSWERED, DSN_SCRUB, 0, 0));
}

/*
 * Judges a read on a kernel that allows no writing. `answers`: the result becomes that of a
 * pread. `last`: nothing comes after this that would refuse what has not been answered.
 */
static __noinline int withhold(struct file *file, bool answers, bool last)
{
	struct vfio_pci_core_device *vdev = vfio_of_file(file);
	struct chain chain = {};
	enum verdict verdict;
	struct call call = {};
	struct hidden hidden;
	struct pci_dev *pdev;
	struct dsn_key key;
	__u64 place = 0;

	if (!vdev)
		return 0;
	find_call(&call);
	pdev = KREAD(vdev, pdev);
	chain.size = KREAD(pdev, cfg_size);
	if (!set_range(&chain, &call))
		return 0;
	/* only what is opened has a chain */
	if (is_opened(file)) {
		if (!survey(&chain, (__u64)vdev))
			return 0;
	} else {
		chain.unreadable = true;
	}
	key = key_of(pdev);
	find_rule(pdev, &key, &chain.rule);
	if (chain.rule.more & DSN_GAPS_ZERO && !chain.unreadable)
		bpf_loop(GAP_STEPS(&chain), find_gap, &chain, 0);
	hidden = hidden_of(&chain);
	if (call.kind == CALL_PREAD)
		place = EVENT_PLACE(chain.pos, chain.len);
	if (!hidden.serials && !hidden.vpd && !hidden.gaps)
		return last && call.kind == CALL_PREAD && chain.serials
			       ? let_through(pdev, chain.rule.device, place)
			       : 0;
	verdict = decide(&call, &chain, &hidden);
	if (verdict == VERDICT_ANSWER && answers) {
		note_answer(pdev, &chain, &hidden, place);
		return chain.len;
	}
	if (!last)
		return 0;
	if (verdict == VERDICT_WHOLE)
		return whole_read(pdev, &key, chain.rule.device, place);
	return refuse(pdev, place, DSN_REASON_UNANSWERED);
}

static __noinline int refuse_ring(struct file *file)
{
	struct vfio_pci_core_device *vdev = vfio_of_file(file);
	struct call call = {};

	if (!vdev)
		return 0;
	find_call(&call);
	return is_ring_read(&call) ? refuse(KREAD(vdev, pdev), 0, 0) : 0;
}

#endif
