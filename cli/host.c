// SPDX-License-Identifier: GPL-2.0
/* What this host's kernel has to say about itself. */
#include "host.h"

#include <errno.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include "util.h"

extern char **environ;

int host_read(const char *path, char *line, size_t size)
{
	_cleanup_(close_file) FILE *file = fopen(path, "re");

	if (!file)
		return -errno;
	if (!fgets(line, size, file))
		return -ENODATA;
	line[strcspn(line, "\n")] = '\0';
	return 0;
}

const char *host_lockdown(void)
{
	char line[64];

	if (host_read("/sys/kernel/security/lockdown", line, sizeof(line)))
		return "none";
	if (strstr(line, "[integrity]"))
		return "integrity";
	if (strstr(line, "[confidentiality]"))
		return "confidentiality";
	return "none";
}

bool host_has_btf(void)
{
	return !access("/sys/kernel/btf/vmlinux", R_OK);
}

/* The hook's function is in this module, or in the kernel itself. */
static bool has_vfio(void)
{
	return !access("/sys/module/vfio_pci_core", F_OK) &&
	       !access("/sys/bus/pci/drivers/vfio-pci", F_OK);
}

int host_load_vfio(void)
{
	char *argv[] = { "modprobe", "-q", "vfio-pci", NULL };
	int status, err;
	pid_t pid;

	if (has_vfio())
		return 0;
	err = posix_spawnp(&pid, argv[0], NULL, NULL, argv, environ);
	if (err)
		return -err;
	if (waitpid(pid, &status, 0) < 0)
		return -errno;
	return has_vfio() ? 0 : -ENODEV;
}
