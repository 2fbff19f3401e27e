/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Openers of vfio-pci devices: a dsn_open_file for each file of each process. A file of
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
	struct dsn_open_file found = {};
	struct file *file = ctx->file;

	if (!task || !file)
		return 0;
	vdev = vfio_of_file(file);
	if (!vdev || !is_opened(file))
		return 0;
	found.opener.key = key_of(KREAD(vdev, pdev));
	found.opener.pid = task->tgid;
	found.opener.start_ns = BPF_CORE_READ(task, group_leader, start_boottime);
	BPF_CORE_READ_STR_INTO(&found.command, task, group_leader, comm);
	bpf_seq_write(ctx->meta->seq, &found, sizeof(found));
	return 0;
}

#endif
