/* SPDX-License-Identifier: GPL-2.0 */
/* Which read the current thread is in, as its system call's registers have it. */
#ifndef DSN_CALL_BPF_H
#define DSN_CALL_BPF_H

#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#define PF_IO_WORKER 0x10
#define PF_KTHREAD 0x200000

/* VFIO_PCI_CONFIG_REGION_INDEX, in the bits of an offset where vfio looks for it */
#define DSN_CONFIG_REGION 7
#define region_of(pos) ((__u64)(pos) >> 40)

enum call_kind {
	CALL_OTHER,  /* no read that could have got to config space */
	CALL_PREAD,  /* the place of all its bytes is known */
	CALL_VECTOR, /* preadv, preadv2: only the place of the first byte is */
	CALL_WORKER, /* a read on behalf of io_uring, or what could be one: nothing is known */
};

struct call {
	enum call_kind kind;
	__u64 buf;
	__u64 count;
	__u64 pos;
};

/* Code of the kernel, filled in before load from its symbols. */
struct code {
	__u64 from;
	__u64 to;
};

/* Zeros where the kernel has no such symbol: which are inlined is the compiler's choice. */
const volatile struct code
	code_calls[4];			 /* read calls pass one of these, io_uring none */
const volatile struct code code_vfio[2]; /* vfio_pci_core_read(), vfio_pci_rw() */

#define CALL_FRAMES 24

/* What the kernel stack of the current thread has to say. */
struct place {
	bool call; /* a system call of its own that reads */
	bool vfio; /* a read or write in vfio-pci */
};

static __always_inline bool within(__u64 address, const volatile struct code *code)
{
	return address >= code->from && address < code->to;
}

static __noinline int find_place(void *ctx, struct place *place)
{
	__u64 frames[CALL_FRAMES] = {};
	long size;
	int i;

	if (!place)
		return 0;
	size = bpf_get_stack(ctx, frames, sizeof(frames), 0);
	/* no stack: as if it were the read that must not be lost */
	if (size <= 0)
		place->vfio = true;
	for (i = 0; i < CALL_FRAMES; i++) {
		if (within(frames[i], &code_calls[0]) ||
		    within(frames[i], &code_calls[1]) ||
		    within(frames[i], &code_calls[2]) ||
		    within(frames[i], &code_calls[3]))
			place->call = true;
		if (within(frames[i], &code_vfio[0]) || within(frames[i], &code_vfio[1]))
			place->vfio = true;
	}
	return 0;
}

#if defined(__TARGET_ARCH_x86)

#define TS_COMPAT 2

/* The numbers of both tables; x32's are the 64-bit ones with a bit set, or its own. */
static __always_inline void read_registers(struct task_struct *task, struct call *call)
{
	struct pt_regs *regs = (void *)bpf_task_pt_regs(task);
	__u32 number = BPF_CORE_READ(regs, orig_ax);

	if (BPF_CORE_READ(task, thread_info.status) & TS_COMPAT) {
		call->buf = (__u32)BPF_CORE_READ(regs, cx);
		call->count = (__u32)BPF_CORE_READ(regs, dx);
		call->pos = (__u32)BPF_CORE_READ(regs, si) | BPF_CORE_READ(regs, di)
								     << 32;
		call->kind = number == 180		      ? CALL_PREAD
			     : number == 333 || number == 378 ? CALL_VECTOR
							      : CALL_OTHER;
		return;
	}
	number &= ~0x40000000;
	call->buf = BPF_CORE_READ(regs, si);
	call->count = BPF_CORE_READ(regs, dx);
	call->pos = BPF_CORE_READ(regs, r10);
	call->kind = number == 17 ? CALL_PREAD
		     : number == 295 || number == 327 || number == 534 || number == 546
			     ? CALL_VECTOR
			     : CALL_OTHER;
}

#elif defined(__TARGET_ARCH_arm64)

#define TIF_32BIT 22

static __always_inline void read_registers(struct task_struct *task, struct call *call)
{
	struct pt_regs *regs = (void *)bpf_task_pt_regs(task);
	__u32 number = BPF_CORE_READ(regs, syscallno);

	if (BPF_CORE_READ(task, thread_info.flags) >> TIF_32BIT & 1) {
		/* registers come in pairs: the offset is in the 5th and 6th */
		call->buf = (__u32)BPF_CORE_READ(regs, user_regs.regs[1]);
		call->count = (__u32)BPF_CORE_READ(regs, user_regs.regs[2]);
		call->pos = (__u32)BPF_CORE_READ(regs, user_regs.regs[4]) |
			    BPF_CORE_READ(regs, user_regs.regs[5]) << 32;
		call->kind = number == 180		      ? CALL_PREAD
			     : number == 361 || number == 392 ? CALL_VECTOR
							      : CALL_OTHER;
		return;
	}
	call->buf = BPF_CORE_READ(regs, user_regs.regs[1]);
	call->count = BPF_CORE_READ(regs, user_regs.regs[2]);
	call->pos = BPF_CORE_READ(regs, user_regs.regs[3]);
	call->kind = number == 67		     ? CALL_PREAD
		     : number == 69 || number == 286 ? CALL_VECTOR
						     : CALL_OTHER;
}

#endif

/*
 * io_uring reads in its worker threads and, in a thread that has used it, on the way out
 * of any system call: there the registers are those of another call, and only the stack
 * tells. Behind a read the stack shows vfio-pci, if it was one; `before` it, it does not.
 * read() and readv() start at offset 0, in BAR 0: these files cannot seek.
 */
static __always_inline void find_call(void *ctx, struct call *call, bool before)
{
	struct task_struct *task = (void *)bpf_get_current_task_btf();
	__u32 flags = BPF_CORE_READ(task, flags);
	struct place place = {};

	call->kind = CALL_OTHER;
	if (flags & PF_KTHREAD)
		return;
	if (flags & PF_IO_WORKER || BPF_CORE_READ(task, io_uring)) {
		find_place(ctx, &place);
		if (!place.call) {
			if (before || place.vfio)
				call->kind = CALL_WORKER;
			return;
		}
	}
	read_registers(task, call);
	if (region_of(call->pos) != DSN_CONFIG_REGION)
		call->kind = CALL_OTHER;
}

#endif
