/* SPDX-License-Identifier: GPL-2.0 */
/* Loads from kernel memory, by the cheapest means that the kernel offers. */
#ifndef DSN_KMEM_BPF_H
#define DSN_KMEM_BPF_H

#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

extern void *bpf_rdonly_cast(const void *obj, __u32 type) __ksym __weak;

/* The kernel has bpf_rdonly_cast(): a load is some ten instructions, a helper call 80. */
const volatile bool can_cast;

/*
 * Loads a value from kernel memory. A faulting load yields 0 and no error, so use it only
 * for memory that exists while the device is open.
 */
#define KREAD_CAST(type, from)                                                           \
	(*(type *)bpf_rdonly_cast((void *)(from),                                        \
				  bpf_core_type_id_kernel(struct timespec64)))

/* The same on any kernel. Without casts, `failed` becomes true if the load faults. */
#define KREAD_AT(type, from, failed)                                                     \
	({                                                                               \
		type loaded_;                                                            \
                                                                                         \
		if (can_cast) {                                                          \
			loaded_ = KREAD_CAST(type, from);                                \
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

/* Loads a field, not a bit field, of a kernel structure. */
#define KREAD(pointer, field)                                                            \
	({                                                                               \
		bool failed_;                                                            \
                                                                                         \
		KREAD_AT(typeof((pointer)->field),                                       \
			 (__u64)(pointer) + bpf_core_field_offset((pointer)->field),     \
			 failed_);                                                       \
	})

/* Loads a bit field of a single bit, of a little-endian kernel. */
#define KREAD_BIT(pointer, field)                                                        \
	({                                                                               \
		bool failed_;                                                            \
		__u64 bits_ = KREAD_AT(__u64,                                            \
				       (__u64)(pointer) +                                \
					       __CORE_RELO(pointer, field, BYTE_OFFSET), \
				       failed_);                                         \
                                                                                         \
		bits_ <<= __CORE_RELO(pointer, field, LSHIFT_U64);                       \
		bits_ >> __CORE_RELO(pointer, field, RSHIFT_U64);                        \
	})

#endif
