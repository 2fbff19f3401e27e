// SPDX-License-Identifier: GPL-2.0
/* Any bytes as a VM's XML: refused, or functions and serials that a VM's owner may choose. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "libvirt/domain.h"
#include "model/claim.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct vm_line *line)
{
	if (line->value.keeps || line->value.rule.policy == DSN_PASS)
		abort();
	if (line->value.rule.policy == DSN_SERIAL && !line->value.is_derived &&
	    (line->value.rule.serial >> 56 & 3) != 2)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct domain domain;
	char error[DOMAIN_ERROR] = "";
	size_t i;

	if (!domain_parse((const char *)data, size, &domain, error)) {
		if (!*error)
			abort();
		return 0;
	}
	if (domain.count > DOMAIN_DEVICES ||
	    (*domain.name && claim_name_fault(domain.name)))
		abort();
	for (i = 0; i < domain.count; i++)
		if (!domain.devices[i].has_bdf)
			abort();
	for (i = 0; i < domain.metadata.count; i++)
		check(&domain.metadata.lines[i]);
	return 0;
}
