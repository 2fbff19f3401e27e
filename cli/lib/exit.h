/* SPDX-License-Identifier: GPL-2.0 */
/* The exit statuses of all commands. */
#ifndef DSNCTL_EXIT_H
#define DSNCTL_EXIT_H

enum exit_status {
	EXIT_DONE = 0,
	EXIT_FAILED = 1,
	EXIT_USAGE = 2,
	EXIT_UNPROTECTED = 3, /* nothing is loaded, or it does not protect */
	EXIT_UNABLE = 4,      /* this kernel cannot do it */
	EXIT_CANNOT_TELL =
		5, /* what runs cannot be seen from here; nothing was changed */
};

#endif
