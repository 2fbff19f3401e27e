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
	return hook == DSN_HOOK_PERMISSION
		       ? withhold(file, true, !(options & DSN_OPTION_GATE))
		       : answer_read(file);
}

/* Before vfio: refuses what no layer could make safe. */
SEC("lsm/file_permission")
int BPF_PROG(dsn_gate, struct file *file, int mask, int ret)
{
	if (ret || !is_vfio_read(file, mask))
		return ret;
	return hook == DSN_HOOK_PERMISSION ? withhold(file, false, true)
					   : refuse_ring(file);
}

/* In vfio_pci_rw(), before the access. */
SEC("tp_btf/rpm_resume")
int BPF_PROG(dsn_resume, struct device *dev, int flags)
{
	struct pt_regs *plain;

	return needs_check(flags, true, &plain) ? check_resume(dev, plain) : 0;
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
int BPF_PROG(dsn_fexit, __u64 vdev, __u64 buf, __u64 count, __u64 ppos, __u64 iswrite,
	     __s64 ret)
{
	if (is_write(iswrite) || is_below(ret, ppos))
		return 0;
	return settle_hooked(vdev, buf, count, ppos, ret);
}

/* In vfio_pci_rw(), after the access: rpm_usage, and rpm_idle for the last reference. */
SEC("raw_tp")
int dsn_usage(struct bpf_raw_tracepoint_args *ctx)
{
	struct pt_regs *plain;

	if (!needs_check(ctx->args[1], false, &plain))
		return 0;
	return plain ? check_plain(ctx->args[0], plain) : check_usage(ctx->args[0]);
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
