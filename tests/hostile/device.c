// SPDX-License-Identifier: GPL-2.0
/* The function under test: found by the kernel, bound to vfio-pci, put under a rule. */
#include "device.h"

#include <err.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void put(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY);

	if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text))
		err(1, "%s", path);
	close(fd);
}

static void put_attribute(const char *bdf, const char *name, const char *text)
{
	char path[128];

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/%s", bdf, name);
	put(path, text);
}

/* Without resets opening it is quick. */
static void bind_vfio(const char *bdf)
{
	char path[128], driver[256] = {};

	put_attribute(bdf, "driver_override", "vfio-pci");
	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/reset_method", bdf);
	if (!access(path, F_OK)) /* it is not where there is none */
		put(path, "\n");
	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/driver", bdf);
	if (readlink(path, driver, sizeof(driver) - 1) < 0)
		put("/sys/bus/pci/drivers_probe", bdf);
	if (readlink(path, driver, sizeof(driver) - 1) < 0 || !strstr(driver, "vfio-pci"))
		errx(1, "%s: not bound to vfio-pci", bdf);
}

void device_rescan(const char *bdf)
{
	put_attribute(bdf, "remove", "1");
	put("/sys/bus/pci/rescan", "1");
	bind_vfio(bdf);
}

bool device_policy(const char *bdf, enum policy policy, const char *serial)
{
	const char *const names[] = { "pass", "scrub", serial, "hide" };
	char command[128];
	int status;

	snprintf(command, sizeof(command), "dsnctl set %s %s --force >/dev/null 2>&1",
		 bdf, names[policy]);
	status = system(command);
	if (!status)
		return true;
	if (policy != HIDE)
		errx(1, "%s: status 0x%x", command, status);
	return false;
}
