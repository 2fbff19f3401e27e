// SPDX-License-Identifier: GPL-2.0
/* All programs; of the hooks on vfio_pci_config_rw() below one is loaded, with a guard. */
#include "vmlinux.h"
#include "answer.bpf.h"
#include "guard_lsm.bpf.h"
#include "guard_tracepoint.bpf.h"
#include "open.bpf.h"
#include "rewrite.bpf.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

/* Config space's region, as an offset in the fd. */
#define CONFIG_START ((__u64)DSN_CONFIG_REGION << 40)

/* Of a read that has bytes of a serial, or may have; `place` is 0 or the session's DSN's. */
static __noinline int rewrite_hooked(__u64 *ctx, __u64 pos, __u64 place)
{
	struct vfio_pci_core_device *vdev = (void *)ctx[0];
	__s64 ret = ctx[5];

	if (place && rewrite_known(address_of(ctx), vdev, ctx[1], pos, ret, place))
		return 0;
	return rewrite(vdev, ctx[1], ctx[2], ctx[3], ret);
}

/* The most frequent reads end here, without a call. */
static __always_inline int look_at_read(__u64 *ctx)
{
	__u64 pos, place, end = 0;
	__s64 ret = ctx[5];
	bool failed = false;

	if (ret <= 0)
		return rewrite_hooked(ctx, 0, 0);
	/* the read is behind it: it has ended there */
	end = LOAD_AT(__u64, ctx[3], failed) - CONFIG_START;
	if (end - 1 < DSN_CFG_EXT)
		return 0;
	if (guard != DSN_GUARD_OFF || end - 1 >= DSN_CFG_END || !sessions.on)
		return rewrite_hooked(ctx, 0, 0);
	pos = end - ret;
	place = session_place(address_of(ctx));
	if (place >= PLACES)
		return rewrite_hooked(ctx, 0, 0);
	place *= 4;
	if (!place || pos >= place + DSN_BODY + DSN_BODY_LEN || end <= place)
		return 0;
	return rewrite_hooked(ctx, pos, place);
}

SEC("fexit/vfio_pci_config_rw")
int BPF_PROG(dsn_fexit, struct vfio_pci_core_device *vdev, __u64 buf, __u64 count,
	     __u64 ppos, __u64 iswrite, __s64 ret)
{
	if (guard == DSN_GUARD_OFF)
		return is_write(iswrite) ? 0 : look_at_read(ctx);
	if (!is_write(iswrite))
		look_at_read(ctx);
	tick_off((__u64)vdev);
	return 0;
}

/* The pair, for kernels that cannot attach the one above (arm64 before 6.4). */
SEC("kprobe/vfio_pci_config_rw")
int dsn_kprobe(struct pt_regs *ctx)
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
	    !is_write(call.iswrite))
		kill_reader(call.vdev, NULL, DSN_REASON_PLACE);
	return 0;
}

SEC("kretprobe/vfio_pci_config_rw")
int dsn_kretprobe(struct pt_regs *ctx)
{
	__u64 thread = bpf_get_current_pid_tgid();
	struct pending *found, call;

	found = bpf_map_lookup_elem(&pending, &thread);
	if (!found)
		return 0;
	call = *found;
	bpf_map_delete_elem(&pending, &thread);
	/* never beyond that call's buffer, should it have been another */
	if ((__s64)PT_REGS_RC(ctx) > (__s64)call.count)
		return 0;
	if (!is_write(call.iswrite))
		rewrite((void *)call.vdev, call.buf, call.count, call.ppos,
			PT_REGS_RC(ctx));
	tick_off(call.vdev);
	return 0;
}

char _license[] SEC("license") = "GPL";
