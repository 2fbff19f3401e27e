/* SPDX-License-Identifier: GPL-2.0 */
/* Attacks on VPD and on a DOE mailbox, under each rule for them. */
#ifndef BESIDE_H
#define BESIDE_H

void run_beside(const char *bdf);

#endif
