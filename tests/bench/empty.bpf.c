// SPDX-License-Identifier: GPL-2.0
/* Programs that do nothing where dsnctl's are: less than this no program costs. */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

SEC("fexit/vfio_pci_config_rw")
int empty_fexit(void *ctx)
{
	return 0;
}

SEC("lsm/file_permission")
int empty_lsm(void *ctx)
{
	return 0;
}

SEC("fmod_ret/security_file_permission")
int empty_fmod_ret(void *ctx)
{
	return 0;
}

char _license[] SEC("license") = "GPL";
