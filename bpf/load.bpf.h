/* SPDX-License-Identifier: GPL-2.0 */
/* Kernel memory, read the cheapest way that the kernel has. */
#ifndef DSN_LOAD_BPF_H
#define DSN_LOAD_BPF_H

#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

extern void *bpf_rdonly_cast(const void *obj, __u32 type) __ksym __weak;

/* The kernel has it (from 6.2 on): a load is some ten instructions, and a helper call 80. */
const volatile bool can_cast;

/*
 * The type at an address. Where that cannot be read it is 0, and nobody tells: for what is
 * there as long as a device is open, as it is in each read of it.
 */
#define CAST_AT(type, from)                                                              \
	(*(type *)bpf_rdonly_cast((void *)(from),                                        \
				  bpf_core_type_id_kernel(struct timespec64)))

/* The same, on any kernel. Without casts `failed` becomes true where it cannot be read. */
#define LOAD_AT(type, from, failed)                                                      \
	({                                                                               \
		type loaded_;                                                            \
                                                                                         \
		if (can_cast) {                                                          \
			loaded_ = CAST_AT(type, from);                                   \
		} else {                                                                 \
			type probed_ = 0;                                                \
                                                                                         \
			if (bpf_probe_read_kernel(&probed_, sizeof(probed_),             \
						  (void *)(from)))                       \
				(failed) = true;                                         \
			loaded_ = probed_;                                               \
		}                                                                        \
		loaded_;                                                                 \
	})

/* A field of a kernel's structure that is no bit field. */
#define LOAD(pointer, field)                                                             \
	({                                                                               \
		bool failed_;                                                            \
                                                                                         \
		LOAD_AT(typeof((pointer)->field),                                        \
			(__u64)(pointer) + bpf_core_field_offset((pointer)->field),      \
			failed_);                                                        \
	})

#endif
