// SPDX-License-Identifier: GPL-2.0
/* Finds the address of a kernel symbol; `wanted` has the question and the answer. */
#include "vmlinux.h"
#include "dsn_contract.h"
#include <bpf/bpf_helpers.h>

struct dsn_symbol wanted;

/* Asks the kernel; kernel.kptr_restrict=2 has it refuse. Run once, and never attached. */
SEC("syscall")
int dsn_lookup(void *ctx)
{
	return bpf_kallsyms_lookup_name(wanted.name, sizeof(wanted.name), 0,
					&wanted.address);
}

/* Looks at one symbol of all; an iterator is shown the addresses under any setting. */
SEC("iter/ksym")
int dsn_search(struct bpf_iter__ksym *ctx)
{
	struct kallsym_iter *symbol = ctx->ksym;
	__u32 i;

	if (!symbol || wanted.address)
		return 0;
	for (i = 0; i < DSN_SYMBOL_LEN; i++) {
		if (symbol->name[i] != wanted.name[i])
			return 0;
		if (!wanted.name[i])
			break;
	}
	wanted.address = symbol->value;
	return 0;
}

char _license[] SEC("license") = "GPL";
