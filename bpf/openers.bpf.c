// SPDX-License-Identifier: GPL-2.0
/* Lists who has a vfio-pci device open, while nothing is loaded. */
#include "openers.bpf.h"

SEC("iter/task_file")
int dsn_open(struct bpf_iter__task_file *ctx)
{
	return write_opener(ctx);
}

char _license[] SEC("license") = "GPL";
