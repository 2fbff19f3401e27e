// SPDX-License-Identifier: GPL-2.0
/* An unrelated tracer on the same places, as an operator's tools may have one. */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

long calls;

SEC("fentry/vfio_pci_config_rw")
int other_fentry(void *ctx)
{
	__sync_fetch_and_add(&calls, 1);
	return 0;
}

SEC("fexit/vfio_pci_config_rw")
int other_fexit(void *ctx)
{
	__sync_fetch_and_add(&calls, 1);
	return 0;
}

SEC("tp_btf/rpm_usage")
int other_tracepoint(void *ctx)
{
	__sync_fetch_and_add(&calls, 1);
	return 0;
}

char _license[] SEC("license") = "GPL";
