/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The hook: settles a read when vfio has done it, with the arguments of
 *
 * ssize_t vfio_pci_config_rw(struct vfio_pci_core_device *vdev, char __user *buf,
 *			      size_t count, loff_t *ppos, bool iswrite)
 */
#ifndef DSN_HOOK_BPF_H
#define DSN_HOOK_BPF_H

#include "check.bpf.h"
#include "settle.bpf.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

/*
 * Tests a bool argument, of which only the low byte is defined: the rest of the register may
 * hold anything, and must not turn a read into a write.
 */
static __always_inline bool is_write(__u64 iswrite)
{
	return iswrite & 0xff;
}

/* Tells whether a read of `ret` bytes has none from the first capability on, like most. */
static __always_inline bool is_below(__s64 ret, __u64 ppos)
{
	bool failed = false;
	__u64 end;

	if (ret <= 0)
		return false;
	end = KREAD_AT(__u64, ppos, failed) - CONFIG_START;
	return !failed && end - 1 < DSN_CFG_CAPS;
}

/*
 * Settles a read of `count` bytes at *ppos that is about to return `ret`: bytes read, *ppos
 * being advanced by them, or -errno, *ppos being as it was and any number of bytes copied.
 */
static __noinline int settle_hooked(__u64 vdev, __u64 buf, __u64 count, __u64 ppos,
				    __s64 ret)
{
	struct config_read read = { .vdev = vdev, .buf = buf, .partial = ret == -EFAULT };
	bool failed = false;
	__u64 pos;

	if (!ret)
		return 0;
	/* the check has another try; but on real-time kernels its signals come late */
	read.last_layer = check == DSN_CHECK_OFF || is_realtime;
	pos = KREAD_AT(__u64, ppos, failed);
	/* the region of config space in it is not 0 */
	if (failed || !pos) {
		kill_reader(vdev, NULL, DSN_REASON_PLACE);
		return 0;
	}
	if (ret > 0) {
		pos -= ret;
		count = ret;
	}
	if (set_place(&read, count, pos) && settle(&read))
		mark_seen(vdev, !read.failed_at);
	return 0;
}

/* Records the arguments of a call for take_pending(). */
static __always_inline int note_pending(struct pt_regs *ctx)
{
	__u64 thread = bpf_get_current_pid_tgid();
	struct pending call = {
		.vdev = PT_REGS_PARM1(ctx),
		.buf = PT_REGS_PARM2(ctx),
		.count = PT_REGS_PARM3(ctx),
		.ppos = PT_REGS_PARM4(ctx),
		.iswrite = PT_REGS_PARM5(ctx),
	};

	if (bpf_map_update_elem(&pending, &thread, &call, BPF_ANY) &&
	    !is_write(call.iswrite) && check == DSN_CHECK_OFF)
		kill_reader(call.vdev, NULL, DSN_REASON_PLACE);
	return 0;
}

static __always_inline int take_pending(__s64 ret)
{
	__u64 thread = bpf_get_current_pid_tgid();
	struct pending *found, call;

	found = bpf_map_lookup_elem(&pending, &thread);
	if (!found)
		return 0;
	call = *found;
	bpf_map_delete_elem(&pending, &thread);
	/* never beyond that call's buffer, should it have been another */
	if (is_write(call.iswrite) || ret > (__s64)call.count)
		return 0;
	return settle_hooked(call.vdev, call.buf, call.count, call.ppos, ret);
}

#endif
