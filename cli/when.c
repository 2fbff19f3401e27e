// SPDX-License-Identifier: GPL-2.0
/* The kernel's times, told to people. */
#include "when.h"

#include <time.h>

void format_boot_time(__u64 ns, char text[TIME_LEN])
{
	struct timespec now, boot;
	struct tm tm;
	time_t then;

	clock_gettime(CLOCK_REALTIME, &now);
	clock_gettime(CLOCK_BOOTTIME, &boot);
	then = now.tv_sec - boot.tv_sec + ns / 1000000000ULL;
	strftime(text, TIME_LEN, "%Y-%m-%dT%H:%M:%S%z", localtime_r(&then, &tm));
}

__u64 boot_time_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_BOOTTIME, &now);
	return now.tv_sec * 1000000000ULL + now.tv_nsec;
}
