// SPDX-License-Identifier: GPL-2.0
/* A program that is attached for the sake of its trampoline: see cli/kernel/trampoline.h. */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

/* A function of the kernel's own BPF tests, which nothing else calls. */
SEC("fentry/bpf_fentry_test1")
int dsn_trampoline(void *ctx)
{
	return 0;
}

char _license[] SEC("license") = "GPL";
