/* SPDX-License-Identifier: GPL-2.0 */
/* Hides a value from the verifier, which would draw wrong conclusions from it. */
#ifndef DSN_VERIFIER_BPF_H
#define DSN_VERIFIER_BPF_H

#include "vmlinux.h"

/* Zero, and the verifier does not know it. */
volatile __u32 unknown_zero;

/*
 * The same value, of which the verifier knows nothing. Branches that it believes are never
 * taken it takes out of the program, and that of 6.1 is wrong about two kinds of them:
 *
 * - It looks at a callback of bpf_loop() as if it were called once: of what it knows before
 *   the loop it takes branches away that only a later call would take. So everything that
 *   a callback changes and looks at is to start unknown, as all is that a global function
 *   gets by a pointer.
 * - It takes two states for the same that differ in a constant on the stack, where that is
 *   read by another register than the frame pointer, or not all 8 bytes at once, and goes
 *   on with one of them. So a constant that is put into a structure on the stack, and that
 *   a branch depends on, is to be unknown.
 */
#define UNKNOWN(value) ((value) ^ unknown_zero)

#endif
