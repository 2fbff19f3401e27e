// SPDX-License-Identifier: GPL-2.0
/* The address of one of the kernel's symbols: run once, and never attached. */
#include "vmlinux.h"
#include "dsn_contract.h"
#include <bpf/bpf_helpers.h>

SEC("syscall")
int dsn_symbol(struct dsn_symbol *symbol)
{
	char name[DSN_SYMBOL_LEN];
	__u64 address = 0;
	int i;

	for (i = 0; i < DSN_SYMBOL_LEN; i++)
		name[i] = symbol->name[i];
	bpf_kallsyms_lookup_name(name, sizeof(name), 0, &address);
	symbol->address = address;
	return 0;
}

char _license[] SEC("license") = "GPL";
