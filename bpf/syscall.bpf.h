/* SPDX-License-Identifier: GPL-2.0 */
/* The read that the current thread is in, from the registers of its system call. */
#ifndef DSN_SYSCALL_BPF_H
#define DSN_SYSCALL_BPF_H

#include "vmlinux.h"
#include "dsn_window.h"
#include "verifier.bpf.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include <linux/errno.h>

#define PF_EXITING 0x4
#define PF_IO_WORKER 0x10
#define IO_URING_ENTER 426 /* in every table */

/* VFIO_PCI_CONFIG_REGION_INDEX, in the bits of an offset where vfio looks for it */
#define DSN_CONFIG_REGION 7
#define CONFIG_START ((__u64)DSN_CONFIG_REGION << 40)
#define region_of(pos) ((__u64)(pos) >> 40)

enum call_kind {
	CALL_OTHER,  /* no read that can reach config space */
	CALL_NONE,   /* no call that is known to read at an offset */
	CALL_PREAD,  /* buf, count and pos are its arguments */
	CALL_VECTOR, /* preadv, preadv2: buf is the address of `count` iovecs */
	CALL_WORKER, /* a read for io_uring, or what may be one: nothing is known of it */
};

struct call {
	enum call_kind kind;
	__u32 number; /* of the system call */
	bool compat;  /* of a 32-bit or x32 process: iovecs are half as large */
	bool ended;   /* the call has its result already */
	bool ring;    /* the thread uses io_uring */
	bool exiting; /* the thread will not return to user mode */
	__u32 header; /* what near_dsn() found of a pread before vfio did it; 0: not asked */
	__u64 buf;
	__u64 count;
	__u64 pos;
};

#define is_in(number, first, last) ((number) >= (first) && (number) <= (last))

#if defined(__TARGET_ARCH_x86)

#define TS_COMPAT 2

/*
 * Tells whether a call can reach a vfio device's file itself: ioctl, and all reads and writes. Any
 * other counts as finished, whatever the registers hold: only io_uring reads in it.
 */
static __always_inline bool reaches_files(__u32 number, bool compat)
{
	if (compat)
		return is_in(number, 3, 4) || number == 54 || is_in(number, 145, 146) ||
		       is_in(number, 180, 181) || number == 187 || number == 239 ||
		       number == 313 || is_in(number, 333, 334) ||
		       is_in(number, 378, 379);
	return is_in(number, 0, 1) || is_in(number, 16, 20) || number == 40 ||
	       number == 275 || is_in(number, 295, 296) || is_in(number, 327, 328) ||
	       /* x32 */
	       is_in(number, 514, 516) || is_in(number, 534, 535) ||
	       is_in(number, 546, 547);
}

/* Knows the numbers of both tables; x32 has the 64-bit ones with a bit set, and its own. */
static __always_inline enum call_kind read_registers(struct task_struct *task,
						     struct call *call)
{
	struct pt_regs *regs = (void *)bpf_task_pt_regs(task);
	__u32 number = regs->orig_ax;

	call->number = number;
	call->compat = task->thread_info.status & TS_COMPAT;
	if (!call->compat)
		number &= ~0x40000000;

	/* -ENOSYS: what the entry code puts there, until the call returns */
	call->ended = (__s64)regs->ax != -ENOSYS || !reaches_files(number, call->compat);
	if (call->compat) {
		call->buf = (__u32)regs->cx;
		call->count = (__u32)regs->dx;
		call->pos = (__u32)regs->si | regs->di << 32;
		return number == 180			? CALL_PREAD
		       : number == 333 || number == 378 ? CALL_VECTOR
							: CALL_NONE;
	}
	call->compat = number == 534 || number == 546; /* x32 has the small iovecs too */
	call->buf = regs->si;
	call->count = regs->dx;
	call->pos = regs->r10;
	return number == 17 ? CALL_PREAD
	       : number == 295 || number == 327 || number == 534 || number == 546
		       ? CALL_VECTOR
		       : CALL_NONE;
}

/* pread64() and pwrite64() as 64-bit programs call them. */
static __always_inline bool is_native(struct task_struct *task)
{
	return !(task->thread_info.status & TS_COMPAT);
}

#define CALL_NUMBER(regs) ((regs)->orig_ax)
#define PREAD64 17
#define PWRITE64 18
#define CALL_BUF(regs) ((regs)->si)
#define CALL_COUNT(regs) ((regs)->dx)
#define CALL_POS(regs) ((regs)->r10)

#elif defined(__TARGET_ARCH_arm64)

#define TIF_32BIT 22
#define NO_SYSCALL 0xffffffff /* entered by an interrupt or a fault */

/* The same for arm64. */
static __always_inline bool reaches_files(__u32 number, bool compat)
{
	if (compat)
		return is_in(number, 3, 4) || number == 54 || is_in(number, 145, 146) ||
		       is_in(number, 180, 181) || number == 187 || number == 239 ||
		       number == 340 || is_in(number, 361, 362) ||
		       is_in(number, 392, 393);
	return number == 29 || is_in(number, 63, 71) || number == 76 ||
	       is_in(number, 286, 287);
}

static __always_inline enum call_kind read_registers(struct task_struct *task,
						     struct call *call)
{
	struct pt_regs *regs = (void *)bpf_task_pt_regs(task);
	__u32 number = regs->syscallno;

	call->number = number;
	call->compat = task->thread_info.flags >> TIF_32BIT & 1;

	/*
	 * The result goes where the first argument was, and may equal it: an ioctl or a read
	 * whose result is the number of its file looks unfinished.
	 */
	call->ended = number == NO_SYSCALL || !reaches_files(number, call->compat) ||
		      regs->user_regs.regs[0] != regs->orig_x0;
	if (call->compat) {
		bool vector = number == 361 || number == 392;

		call->buf = (__u32)regs->user_regs.regs[1];
		call->count = (__u32)regs->user_regs.regs[2];
		/* a 64-bit argument takes an even register and the next; halves take any */
		if (vector)
			call->pos = (__u32)regs->user_regs.regs[3] |
				    regs->user_regs.regs[4] << 32;
		else
			call->pos = (__u32)regs->user_regs.regs[4] |
				    regs->user_regs.regs[5] << 32;
		return number == 180 ? CALL_PREAD : vector ? CALL_VECTOR : CALL_NONE;
	}
	call->buf = regs->user_regs.regs[1];
	call->count = regs->user_regs.regs[2];
	call->pos = regs->user_regs.regs[3];
	return number == 67		       ? CALL_PREAD
	       : number == 69 || number == 286 ? CALL_VECTOR
					       : CALL_NONE;
}

static __always_inline bool is_native(struct task_struct *task)
{
	return !(task->thread_info.flags >> TIF_32BIT & 1);
}

#define CALL_NUMBER(regs) ((regs)->syscallno)
#define PREAD64 67
#define PWRITE64 68
#define CALL_BUF(regs) ((regs)->user_regs.regs[1])
#define CALL_COUNT(regs) ((regs)->user_regs.regs[2])
#define CALL_POS(regs) ((regs)->user_regs.regs[3])

#endif

/*
 * Finds the read that the thread is in.
 *
 * io_uring reads in its worker threads; in io_uring_enter() itself if the file has
 * O_NONBLOCK; and, in a thread that has used it, on the way out of any system call, when the
 * registers are those of a call that has ended. read() and readv() start at offset 0, in BAR
 * 0: these files cannot seek.
 *
 * Not inlined, as its stack is needed again for the repair.
 */
static __noinline int find_call(struct call *call)
{
	struct task_struct *task = (void *)bpf_get_current_task_btf();
	__u32 flags = task->flags;
	enum call_kind kind;

	call->exiting = flags & PF_EXITING;
	if (flags & PF_IO_WORKER) {
		call->kind = UNKNOWN(CALL_WORKER);
		return 0;
	}
	call->ring = task->io_uring;
	kind = read_registers(task, call);
	if (call->ring && (call->ended || call->number == IO_URING_ENTER))
		kind = CALL_WORKER;
	else if (call->ended)
		kind = CALL_OTHER;
	else if (kind != CALL_NONE && region_of(call->pos) != DSN_CONFIG_REGION)
		kind = CALL_OTHER;
	call->kind = UNKNOWN(kind);
	return 0;
}

enum plain {
	PLAIN_NONE,    /* any other call: find_call() knows */
	PLAIN_NOTHING, /* a pread below DSN_CFG_CAPS or outside config space, or a pwrite */
	PLAIN_PREAD,   /* a pread of config space that reaches above it */
};

/*
 * Judges the most frequent calls at once: those of a 64-bit thread that has never used
 * io_uring, which reads in calls alone, and before they end.
 */
static __always_inline enum plain find_plain(struct task_struct *task,
					     struct pt_regs *regs)
{
	__u64 pos, number = CALL_NUMBER(regs);

	if (task->flags & PF_IO_WORKER || task->io_uring || !is_native(task))
		return PLAIN_NONE;
	if (number == PWRITE64)
		return PLAIN_NOTHING;
	if (number != PREAD64)
		return PLAIN_NONE;
	pos = CALL_POS(regs) - CONFIG_START;
	/* vfio refuses a read that ends beyond config space before it copies a byte */
	if (pos >= DSN_CFG_END || CALL_COUNT(regs) > DSN_CFG_END - pos ||
	    pos + CALL_COUNT(regs) <= DSN_CFG_CAPS)
		return PLAIN_NOTHING;
	return PLAIN_PREAD;
}

/* Does what find_call() does, for a call that is PLAIN_PREAD. */
static __always_inline void read_plain(struct call *call, struct pt_regs *regs)
{
	call->kind = UNKNOWN(CALL_PREAD);
	call->buf = CALL_BUF(regs);
	call->count = CALL_COUNT(regs);
	call->pos = CALL_POS(regs);
}

#endif
