// SPDX-License-Identifier: GPL-2.0
/* The programs, in the order in which a read meets them; `load` chooses which ones run. */
#include "vmlinux.h"
#include "answer.bpf.h"
#include "check.bpf.h"
#include "hook.bpf.h"
#include "openers.bpf.h"
#include "settle.bpf.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

/* Before vfio: answers reads, or withholds them if nothing can be written. */
SEC("fmod_ret/security_file_permission")
int BPF_PROG(dsn_answer, struct file *file, int mask, int ret)
{
	if (!is_vfio_read(file, mask))
		return 0;
	return hook == DSN_HOOK_PERMISSION ? withhold_first(file) : answer_read(file);
}

/* Before vfio: refuses what no layer could make safe. */
SEC("lsm/file_permission")
int BPF_PROG(dsn_gate, struct file *file, int mask, int ret)
{
	if (ret || !is_vfio_read(file, mask))
		return ret;
	return hook == DSN_HOOK_PERMISSION ? withhold_last(file) : refuse_ring(file);
}

/* In vfio_pci_rw(), before the access. */
SEC("tp_btf/rpm_resume")
int BPF_PROG(dsn_resume, struct device *dev, int flags)
{
	struct task_struct *task = (void *)bpf_get_current_task_btf();
	struct pt_regs *regs = (void *)bpf_task_pt_regs(task);
	enum plain plain;

	if (!(flags & RPM_GET_PUT))
		return 0;
	if (probe.thread)
		probe_resume();
	plain = find_plain(task, regs);
	if (plain == PLAIN_NOTHING && hook != DSN_HOOK_KPROBE)
		return 0;
	return check_resume(dev, plain == PLAIN_PREAD ? regs : NULL);
}

/* Begins vfio_pci_config_rw(): the pair, for kernels that cannot attach dsn_fexit. */
SEC("kprobe/vfio_pci_config_rw")
int dsn_kprobe(struct pt_regs *ctx)
{
	return note_pending(ctx);
}

SEC("kretprobe/vfio_pci_config_rw")
int dsn_kretprobe(struct pt_regs *ctx)
{
	return take_pending(PT_REGS_RC(ctx));
}

/* Ends vfio_pci_config_rw(). */
SEC("fexit/vfio_pci_config_rw")
int BPF_PROG(dsn_fexit, struct vfio_pci_core_device *vdev, __u64 buf, __u64 count,
	     __u64 ppos, __u64 iswrite, __s64 ret)
{
	return is_write(iswrite) || is_below(ret, ppos) ? 0 : hooked(ctx);
}

/* In vfio_pci_rw(), after the access: rpm_usage, and rpm_idle for the last reference. */
SEC("raw_tp")
int dsn_usage(struct bpf_raw_tracepoint_args *ctx)
{
	struct task_struct *task = (void *)bpf_get_current_task_btf();
	struct pt_regs *regs = (void *)bpf_task_pt_regs(task);
	enum plain plain;

	if (!(ctx->args[1] & RPM_GET_PUT))
		return 0;
	if (probe.thread)
		probe_event();
	plain = find_plain(task, regs);
	if (plain == PLAIN_NOTHING && hook != DSN_HOOK_KPROBE)
		return 0;
	return plain == PLAIN_PREAD ? check_plain(ctx->args[0], regs)
				    : check_usage(ctx->args[0]);
}

/* Does nothing: its link holds vfio's modules, so that their addresses stay. */
SEC("fentry/vfio_pci_config_rw")
int BPF_PROG(dsn_hold)
{
	return 0;
}

/* Lists who has a vfio-pci device open. */
SEC("iter/task_file")
int dsn_open(struct bpf_iter__task_file *ctx)
{
	return write_opener(ctx);
}

char _license[] SEC("license") = "GPL";
