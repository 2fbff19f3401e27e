/* SPDX-License-Identifier: GPL-2.0 */
/* The trampolines by which the kernel calls fentry, fexit, fmod_ret and LSM programs. */
#ifndef DSNCTL_TRAMPOLINE_H
#define DSNCTL_TRAMPOLINE_H

#include <bpf/btf.h>
#include <stdbool.h>

/*
 * Waits until no link holds one of these programs, and no task is on its way into one. Needs
 * pins_lock_wait(): the kernel waits only if the link that is closed is the last.
 *
 * The kernel frees a program after a grace period of RCU, which a task that is preempted in
 * the trampoline does not hold up, as it is not in the program yet (__bpf_prog_enter_recur()):
 * it goes on into memory that is free, and the kernel oopses. Whoever detaches a program
 * holds it until this returns 0. Kernels with bpf_prog_aux.tramp_linked do so themselves.
 *
 * Such a task does hold up a grace period of RCU tasks. To wait for one, this attaches a
 * program that does nothing and detaches it again. The kernel waits for RCU tasks when it
 * takes an ftrace_ops away (ftrace_shutdown()), as each trampoline has one of its own, or
 * later, before it frees the trampoline (bpf_tramp_image_put()). The latter shows by the
 * trampoline's name, which is gone from /proc/kallsyms then.
 *
 * Returns 0; -EBUSY if another bpffs holds a link; -ETIMEDOUT if a task has not run for too
 * long; or another -errno if it cannot be told: -ENODATA if ftrace is off, or if the kernel
 * shows no names of trampolines (net.core.bpf_jit_harden).
 */
int trampoline_wait(const __u32 programs[], size_t count);

/* Tests if the kernel's BTF says that it waits itself. */
bool trampoline_kernel_waits(const struct btf *btf);

#endif
