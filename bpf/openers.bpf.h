/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Openers of vfio-pci devices: a dsn_holder for each file of each process. A file of
 * /dev/vfio/devices that is not bound yet is none: nothing was read by it.
 */
#ifndef DSN_OPENERS_BPF_H
#define DSN_OPENERS_BPF_H

#include "vmlinux.h"
#include "dsn_contract.h"
#include "vfio.bpf.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

static __always_inline int write_opener(struct bpf_iter__task_file *ctx)
{
	struct task_struct *task = ctx->task;
	struct vfio_pci_core_device *vdev;
	struct dsn_holder holder = {};
	struct file *file = ctx->file;

	if (!task || !file)
		return 0;
	vdev = vfio_of_file(file);
	if (!vdev || !is_opened(file))
		return 0;
	holder.opener.key = key_of(KREAD(vdev, pdev));
	holder.opener.pid = task->tgid;
	holder.opener.start_ns = BPF_CORE_READ(task, group_leader, start_boottime);
	BPF_CORE_READ_STR_INTO(&holder.command, task, group_leader, comm);
	bpf_seq_write(ctx->meta->seq, &holder, sizeof(holder));
	return 0;
}

#endif
