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

static __noinline int rewrite_hooked(__u64 *ctx)
{
	return rewrite((void *)ctx[0], ctx[1], ctx[2], ctx[3], ctx[5]);
}

/* Of a read that has bytes of the session's DSN at `cap`. */
static __noinline int rewrite_kept(__u64 *ctx, __u32 pos, __u32 cap)
{
	return rewrite_known(ctx, pos, cap) ? 0 : rewrite_hooked(ctx);
}

/* `quick`: there is no guard, as is known already. */
static __always_inline bool keeps_sessions(bool quick)
{
	return (quick || guard == DSN_GUARD_OFF) && sessions.on;
}

/*
 * The most frequent reads end here, without a call. Each value is read of `ctx` where it is
 * wanted: one that is kept over a call is a register to save at each read.
 */
static __always_inline int look_at_read(__u64 *ctx, bool quick)
{
	__u64 last, pos, place, address;
	bool failed = false;

	if ((__s64)ctx[5] <= 0)
		return rewrite_hooked(ctx);
	/* the read is behind it: its last byte is the one before */
	last = quick ? CAST_AT(__u64, ctx[3]) : LOAD_AT(__u64, ctx[3], failed);
	last -= CONFIG_START + 1;
	barrier_var(last); /* nor is what it was before worth a register */
	if (last < DSN_CFG_EXT)
		return 0;
	if (last >= DSN_CFG_END || !keeps_sessions(quick))
		return rewrite_hooked(ctx);
	address = address_of(ctx);
	place = session_place(session_of(address), address);
	if (place >= PLACES)
		return rewrite_hooked(ctx);
	place *= 4;
	pos = last + 1 - ctx[5];
	if (!place || pos >= place + DSN_BODY + DSN_BODY_LEN || last < place)
		return 0;
	return rewrite_kept(ctx, pos, place);
}

static __noinline int look_at_call(__u64 *ctx)
{
	if (!is_write(ctx[4]))
		look_at_read(ctx, false);
	tick_off(ctx[0]);
	return 0;
}

SEC("fexit/vfio_pci_config_rw")
int BPF_PROG(dsn_fexit, struct vfio_pci_core_device *vdev, __u64 buf, __u64 count,
	     __u64 ppos, __u64 iswrite, __s64 ret)
{
	if (!is_quick)
		return look_at_call(ctx);
	return is_write(iswrite) ? 0 : look_at_read(ctx, true);
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
