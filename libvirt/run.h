/* SPDX-License-Identifier: GPL-2.0 */
/* Runs dsnctl for a VM: claims, releases, and what they would be. */
#ifndef DSNCTL_LIBVIRT_RUN_H
#define DSNCTL_LIBVIRT_RUN_H

#include <stdbool.h>
#include "domain.h"
#include "model/config.h"

/* A claim for each device of the domain; its words point into itself and the domain. */
struct claims {
	char uuid[UUID_LEN];
	char bdfs[DOMAIN_DEVICES][BDF_LEN];
	char values[DOMAIN_DEVICES][VM_CLAIM_LEN];
	const struct vm_line *lines[DOMAIN_DEVICES]; /* NULL: nothing is claimed */
	size_t count, claimed;
};

/* Finds out what to claim by the files and the metadata. Prints the error, returns false. */
bool claims_plan(const struct config *config, const struct domain *domain,
		 struct claims *claims);

/* Run dsnctl, its output going nowhere; return its exit status, or 1 with an error. */
int run_claim(const struct domain *domain, const struct claims *claims, bool add);
int run_release(const struct claims *claims);
int run_status(void);

#endif
