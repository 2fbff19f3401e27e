// SPDX-License-Identifier: GPL-2.0
/* Another security module: refuses a program named "denied" all reads of devices. */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include <linux/errno.h>

#define MAY_READ 4

SEC("lsm/file_permission")
int BPF_PROG(deny, struct file *file, int mask, int ret)
{
	char command[16] = {};

	bpf_get_current_comm(command, sizeof(command));
	if (ret || !(mask & MAY_READ) || bpf_strncmp(command, sizeof("denied"), "denied"))
		return ret;
	/* files on disk have read_iter instead */
	return file->f_op->read ? -EACCES : 0;
}

char _license[] SEC("license") = "GPL";
