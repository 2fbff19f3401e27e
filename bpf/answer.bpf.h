/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What is done with a read before vfio is entered. security_file_permission() is asked about
 * every read of every file, and what an fmod_ret program returns in its place becomes the
 * result of a pread, if it is not 0: bytes read, or -errno (vfs_read() in fs/read_write.c).
 * A preadv takes the error, and goes on with the read otherwise; io_uring takes either.
 *
 * dsn_answer saves the way to the device where the rewrite is in force; it protects nothing.
 * dsn_withhold is all there is where the kernel allows no writing, with dsn_unanswered behind
 * it: what it does not see, as it may be skipped like any tracing program, is refused. And
 * dsn_hold, which does nothing.
 */
#ifndef DSN_ANSWER_BPF_H
#define DSN_ANSWER_BPF_H

#include "chain.bpf.h"
#include "guard_lsm.bpf.h"
#include <bpf/bpf_tracing.h>
#include <linux/errno.h>

/* Whether reads of all of config space pass, which cannot be cleaned. */
const volatile bool whole_reads_pass;

/*
 * A security module may refuse a read of somebody who has not opened the file, and an
 * answer would come before it is asked.
 */
static __always_inline bool may_answer(struct file *file, struct task_struct *task)
{
	return (__u64)file->f_cred == (__u64)task->cred && is_opened(file);
}

/* Returns where it is counted. */
static __always_inline __u32 count_answer(struct pci_dev *pdev, struct dsn_key *key,
					  const struct chain *chain, __u32 policy)
{
	COUNT(touched);
	COUNT(answered);
	tell(pdev, DSN_WHERE(chain->pos, chain->len),
	     DSN_WHAT(DSN_FATE_ANSWERED, policy, 0, 0));
	return count_device(key, true);
}

#define ANSWER_UNKNOWN (-1)

/*
 * From what is kept of the session, with no more looks than that takes: what the read
 * returns, or 0 where it has to go its way. Sessions are those of vfio-pci devices, and end
 * before the address can be another driver's device.
 */
static __always_inline int answer_known(struct file *file)
{
	struct task_struct *task = (void *)bpf_get_current_task_btf();
	struct vfio_device_file *opened = file->private_data;
	struct vfio_device *device = file->private_data;
	struct vfio_pci_core_device *vdev = NULL;
	__u64 at, place, count, bytes, address;
	struct dsn_session *session;
	struct kept_rule rule;
	struct pt_regs *regs;

	if (!may_answer(file, task))
		return 0;
	if (bpf_core_type_exists(struct vfio_device_file))
		device = LOAD(opened, device);
	vdev = (void *)device - bpf_core_field_offset(vdev->vdev);
	regs = find_pread(task);
	if (!regs)
		return ANSWER_UNKNOWN;
	count = CALL_COUNT(regs);
	at = CALL_POS(regs) - CONFIG_START;
	address = session_address((__u64)vdev);
	session = session_of(address);
	place = session_place(session, address);
	if (place >= PLACES)
		return at < DSN_CFG_EXT - DSN_BODY_LEN ? 0 : ANSWER_UNKNOWN;
	at -= place * 4 + DSN_BODY;
	if (!place || at >= DSN_BODY_LEN || !count || count > DSN_BODY_LEN - at)
		return 0;
	if (!session_rule(session, address, &rule))
		return ANSWER_UNKNOWN;
	bytes = rule.serial >> (8 * at);
	if (write_user(CALL_BUF(regs), &bytes, count))
		return 0;
	COUNT(answered);
	count_kept(vdev, at + place * 4 + DSN_BODY, count, &rule, task);
	return count;
}

/* The same where nothing is kept. */
static __noinline int answer_unknown(struct file *file)
{
	struct vfio_pci_core_device *vdev = vfio_of_file(file);
	struct chain chain = {};
	struct call call = {};
	struct dsn_part part;
	struct dsn_rule rule;
	struct pci_dev *pdev;
	__u32 set, counter;
	struct dsn_key key;
	__u8 bytes[8];
	bool kept;

	if (!vdev || !may_answer(file, bpf_get_current_task_btf()))
		return 0;
	find_call(&call);
	if (call.kind != CALL_PREAD || call.count > DSN_BODY_LEN)
		return 0;
	pdev = LOAD(vdev, pdev);
	chain.size = LOAD(pdev, cfg_size);
	if (!reaches(vdev, &chain, call.pos, call.count) || !chain.inside ||
	    chain.serials > 1 || chain.astray || chain.lost)
		return 0;
	kept = keep_chain((__u64)vdev, &chain);
	key = key_of(pdev);
	rule = rule_of(pdev, key, &set);
	if (rule.policy == DSN_PASS)
		return 0;
	part = dsn_part_of(chain.pos, chain.len, chain.inside + DSN_BODY, DSN_BODY_LEN,
			   chain.size, rule.policy == DSN_SERIAL ? rule.serial : 0);
	dsn_store(bytes, part.bytes);
	/* cut off by the end of config space */
	if (part.len != chain.len || write_user(call.buf, bytes, part.len))
		return 0;
	counter = count_answer(pdev, &key, &chain, rule.policy);
	if (kept)
		keep_rule((__u64)vdev, &rule, set, counter);
	return part.len;
}

/*
 * A pread that lies wholly in one serial gets what the rewrite would have made of it. Any
 * other, and one whose buffer cannot be written, goes its way to the rewrite.
 */
SEC("fmod_ret/security_file_permission")
int BPF_PROG(dsn_answer, struct file *file, int mask, int ret)
{
	if (!is_vfio_read(file, mask))
		return 0;
	ret = guard == DSN_GUARD_OFF && sessions.on ? answer_known(file) : ANSWER_UNKNOWN;
	return ret == ANSWER_UNKNOWN ? answer_unknown(file) : ret;
}

enum verdict {
	VERDICT_ANSWER, /* with its count: the reader's buffer stays as it was */
	VERDICT_REFUSE,
	VERDICT_WHOLE, /* as VMMs read when they open a device */
};

static __always_inline enum verdict judge(const struct call *call,
					  const struct chain *chain)
{
	if (call->kind != CALL_PREAD || chain->lost)
		return VERDICT_REFUSE;
	/* where the chain goes astray, all of the extended space reads as zeros */
	if (chain->inside || (chain->astray && chain->pos >= DSN_CFG_EXT))
		return VERDICT_ANSWER;
	return !chain->pos && chain->len == chain->size ? VERDICT_WHOLE : VERDICT_REFUSE;
}

static __always_inline int refuse_with(struct pci_dev *pdev, const struct call *call,
				       const struct chain *chain, enum dsn_reason reason)
{
	COUNT(refused);
	tell(pdev, call->kind == CALL_PREAD ? DSN_WHERE(chain->pos, chain->len) : 0,
	     DSN_WHAT(DSN_FATE_REFUSED, 0, reason, 0));
	return -EPERM;
}

/* The real serial goes to the reader. */
static __always_inline int let_through(struct pci_dev *pdev, struct dsn_key *key,
				       const struct chain *chain)
{
	COUNT(touched);
	count_device(key, false);
	tell(pdev, DSN_WHERE(chain->pos, chain->len),
	     DSN_WHAT(DSN_FATE_ANSWERED, DSN_PASS, 0, 0));
	return 0;
}

static __always_inline int whole_read(struct pci_dev *pdev, struct dsn_key *key,
				      const struct call *call, const struct chain *chain)
{
	enum dsn_reason reason =
		whole_reads_pass ? DSN_REASON_WHOLE_PASSED : DSN_REASON_WHOLE;

	note_incident(&wholes, COUNT(wholes), *key, reason);
	if (!whole_reads_pass)
		return refuse_with(pdev, call, chain, reason);
	COUNT(wholes_passed);
	return let_through(pdev, key, chain);
}

/*
 * `answers`: the result becomes that of a pread. `last`: nothing comes behind this that
 * would refuse what has not been answered.
 */
static __always_inline int withhold(struct file *file, bool answers, bool last)
{
	struct vfio_pci_core_device *vdev = vfio_of_file(file);
	struct chain chain = {};
	enum verdict verdict;
	struct call call = {};
	struct dsn_rule rule;
	struct pci_dev *pdev;
	struct dsn_key key;
	bool opened;
	__u32 set;

	if (!vdev)
		return 0;
	find_call(&call);
	pdev = LOAD(vdev, pdev);
	chain.size = LOAD(pdev, cfg_size);
	if (is_ring_read(&call) || call.kind == CALL_VECTOR) {
		/* it may read anything: other threads can change iovecs */
		call.pos = 0;
		call.count = chain.size;
	} else if (call.kind != CALL_PREAD) {
		/* a call that has ended reads by no way that is known */
		if (!call.ended)
			return 0;
		call.pos = 0;
		call.count = chain.size;
	}
	/* first: only what is opened has a chain */
	opened = is_opened(file);
	if (!reaches(vdev, &chain, call.pos, call.count) && opened)
		return 0;
	if (!opened)
		chain.lost = true;
	key = key_of(pdev);
	rule = rule_of(pdev, key, &set);
	verdict = judge(&call, &chain);
	if (rule.policy == DSN_PASS)
		return last && call.kind == CALL_PREAD && chain.serials
			       ? let_through(pdev, &key, &chain)
			       : 0;
	if (verdict == VERDICT_ANSWER && answers) {
		if (chain.serials)
			count_answer(pdev, &key, &chain, DSN_SCRUB);
		return chain.len;
	}
	if (!last)
		return 0;
	if (verdict == VERDICT_WHOLE)
		return whole_read(pdev, &key, &call, &chain);
	return refuse_with(pdev, &call, &chain, DSN_REASON_UNANSWERED);
}

static __noinline int withhold_first(struct file *file)
{
	return withhold(file, true, guard == DSN_GUARD_OFF);
}

SEC("fmod_ret/security_file_permission")
int BPF_PROG(dsn_withhold, struct file *file, int mask, int ret)
{
	return is_vfio_read(file, mask) ? withhold_first(file) : 0;
}

static __noinline int withhold_last(struct file *file)
{
	return withhold(file, false, true);
}

SEC("lsm/file_permission")
int BPF_PROG(dsn_unanswered, struct file *file, int mask, int ret)
{
	return !is_vfio_read(file, mask) || ret ? ret : withhold_last(file);
}

/* Its link holds the module, so that the address stays by which vfio's files are known. */
SEC("fentry/vfio_pci_config_rw")
int BPF_PROG(dsn_hold)
{
	return 0;
}

#endif
