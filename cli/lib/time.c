// SPDX-License-Identifier: GPL-2.0
/* CLOCK_BOOTTIME to local time. */
#include "lib/time.h"

#include <stdio.h>

time_t boot_to_unix_time(__u64 ns)
{
	struct timespec now, boot;

	clock_gettime(CLOCK_REALTIME, &now);
	clock_gettime(CLOCK_BOOTTIME, &boot);
	/* keep the nanoseconds, so that the result is the same second each time */
	return ((now.tv_sec - boot.tv_sec) * 1000000000LL + now.tv_nsec - boot.tv_nsec +
		(__s64)ns) /
	       1000000000LL;
}

void format_boot_time(__u64 ns, char text[TIME_LEN])
{
	time_t then = boot_to_unix_time(ns);
	struct tm tm;

	strftime(text, TIME_LEN, "%Y-%m-%dT%H:%M:%S%z", localtime_r(&then, &tm));
}

__u64 boot_time_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_BOOTTIME, &now);
	return now.tv_sec * 1000000000ULL + now.tv_nsec;
}

void format_boot_time_us(__u64 ns, char text[TIME_US_LEN])
{
	struct timespec now;
	struct tm tm;
	time_t then;
	size_t at;

	clock_gettime(CLOCK_REALTIME, &now);
	ns += now.tv_sec * 1000000000ULL + now.tv_nsec - boot_time_ns();
	then = ns / 1000000000;
	localtime_r(&then, &tm);
	at = strftime(text, TIME_US_LEN, "%Y-%m-%dT%H:%M:%S", &tm);
	at += snprintf(text + at, TIME_US_LEN - at, ".%06llu", ns % 1000000000 / 1000);
	strftime(text + at, TIME_US_LEN - at, "%z", &tm);
}
