/* SPDX-License-Identifier: GPL-2.0 */
/* CLOCK_BOOTTIME to local time. */
#ifndef DSNCTL_TIME_H
#define DSNCTL_TIME_H

#include <linux/types.h>
#include <time.h>

#define TIME_LEN sizeof("2026-01-01T00:00:00+0000")

/* Converts nanoseconds of CLOCK_BOOTTIME to seconds since 1970. */
time_t boot_to_unix_time(__u64 ns);

/* Formats nanoseconds of CLOCK_BOOTTIME as local time, ISO 8601. */
void format_boot_time(__u64 ns, char text[TIME_LEN]);

/* Returns CLOCK_BOOTTIME, like bpf_ktime_get_boot_ns(). */
__u64 boot_time_ns(void);

#define TIME_US_LEN sizeof("2026-01-01T00:00:00.000000+0000")

/* Formats with microseconds. */
void format_boot_time_us(__u64 ns, char text[TIME_US_LEN]);

#endif
