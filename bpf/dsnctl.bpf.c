// SPDX-License-Identifier: GPL-2.0
/* The hooks on vfio_pci_config_rw(): one of the two ways below is loaded. */
#include "vmlinux.h"
#include "rewrite.bpf.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

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

SEC("fexit/vfio_pci_config_rw")
int BPF_PROG(dsn_fexit, struct vfio_pci_core_device *vdev, __u64 buf, __u64 count,
	     __u64 ppos, __u64 iswrite, __s64 ret)
{
	if (is_write(iswrite))
		return 0;
	return rewrite(vdev, buf, count, ppos, ret);
}

/* The pair, for kernels that cannot attach the one above (arm64 before 6.4). */
struct pending {
	__u64 vdev;
	__u64 buf;
	__u64 count;
	__u64 ppos;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384); /* reads under way at once */
	__type(key, __u64);	    /* pid_tgid of the reader */
	__type(value, struct pending);
} pending SEC(".maps");

SEC("kprobe/vfio_pci_config_rw")
int dsn_kprobe(struct pt_regs *ctx)
{
	__u64 id = bpf_get_current_pid_tgid();
	struct pending read = {
		.vdev = PT_REGS_PARM1(ctx),
		.buf = PT_REGS_PARM2(ctx),
		.count = PT_REGS_PARM3(ctx),
		.ppos = PT_REGS_PARM4(ctx),
	};

	if (is_write(PT_REGS_PARM5(ctx)))
		return 0;
	if (bpf_map_update_elem(&pending, &id, &read, BPF_ANY)) {
		COUNT(unknown);
		kill_reader();
	}
	return 0;
}

SEC("kretprobe/vfio_pci_config_rw")
int dsn_kretprobe(struct pt_regs *ctx)
{
	__u64 id = bpf_get_current_pid_tgid();
	struct pending *found, read;

	found = bpf_map_lookup_elem(&pending, &id);
	if (!found)
		return 0;
	read = *found;
	bpf_map_delete_elem(&pending, &id);
	return rewrite((void *)read.vdev, read.buf, read.count, read.ppos,
		       PT_REGS_RC(ctx));
}

char _license[] SEC("license") = "GPL";
