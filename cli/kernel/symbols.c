// SPDX-License-Identifier: GPL-2.0
/* Where the running kernel's data is. */
#include "kernel/symbols.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <stdio.h>
#include <string.h>
#include "lib/util.h"
#include "dsn_contract.h"
#include "symbol.skel.h"

static void destroy(struct symbol_bpf **skeleton)
{
	symbol_bpf__destroy(*skeleton);
}

/* Asks the kernel for this one. False where it does not take the question. */
static bool ask(const char *name, __u64 *address)
{
	_cleanup_(destroy) struct symbol_bpf *skeleton = symbol_bpf__open();
	struct dsn_symbol symbol = {};
	LIBBPF_OPTS(bpf_test_run_opts, options, .ctx_in = &symbol,
		    .ctx_size_in = sizeof(symbol));

	snprintf(symbol.name, sizeof(symbol.name), "%s", name);
	if (!skeleton || symbol_bpf__load(skeleton) ||
	    bpf_prog_test_run_opts(bpf_program__fd(skeleton->progs.dsn_symbol), &options))
		return false;
	*address = symbol.address;
	return true;
}

/* Among all, of which there are a hundred thousand and more. */
static __u64 search(const char *name)
{
	_cleanup_(close_file) FILE *file = fopen("/proc/kallsyms", "re");
	unsigned long long address;
	char line[512], found[256];

	while (file && fgets(line, sizeof(line), file))
		if (sscanf(line, "%llx %*c %255s", &address, found) == 2 &&
		    !strcmp(found, name))
			return address;
	return 0;
}

__u64 symbol_address(const char *name)
{
	__u64 address;

	return ask(name, &address) ? address : search(name);
}

bool symbols_find_vfio(struct vfio_symbols *symbols)
{
	*symbols = (struct vfio_symbols){ .fops = symbol_address("vfio_device_fops") };
	if (!symbols->fops)
		symbols->read = symbol_address("vfio_device_fops_read");
	return symbols->fops || symbols->read;
}
