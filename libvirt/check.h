/* SPDX-License-Identifier: GPL-2.0 */
/* Finds out if the running libvirt daemon calls the hook. */
#ifndef DSNCTL_LIBVIRT_CHECK_H
#define DSNCTL_LIBVIRT_CHECK_H

/* Notes which daemon has called. Failures do not matter. */
void check_note_call(void);

/* Prints the answer for each daemon. Returns an exit status. */
int check_print(void);

#endif
