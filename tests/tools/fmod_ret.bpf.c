// SPDX-License-Identifier: GPL-2.0
/* The hook that would be simplest, and that kernels refuse: here to show the refusal. */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

SEC("fmod_ret/vfio_pci_config_rw")
int BPF_PROG(refused)
{
	return 0;
}

char _license[] SEC("license") = "GPL";
