// SPDX-License-Identifier: GPL-2.0
/* Finds out if the running libvirt daemon calls the hook. */
#include "check.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <systemd/sd-bus.h>
#include <systemd/sd-login.h>
#include <time.h>
#include <unistd.h>
#include "lib/exit.h"
#include "lib/message.h"
#include "lib/util.h"

#ifndef SYSCONFDIR
#define SYSCONFDIR "/etc"
#endif
#ifndef RUNDIR
#define RUNDIR "/run"
#endif

#define HOOKS SYSCONFDIR "/libvirt/hooks/qemu.d"
#define HOOK_NAME "50-dsnctl"
#define HOOK HOOKS "/" HOOK_NAME
#define CALLS RUNDIR "/dsnctl-libvirt.call"

/* A daemon: its pid, and its start in ticks since boot, which no later one has. */
struct daemon {
	int pid;
	unsigned long long start;
	char name[16];
};

/* Reads /proc/PID/stat. Returns false if there is no such process. */
static bool read_process(int pid, struct daemon *daemon)
{
	_cleanup_(close_file) FILE *file = NULL;
	char path[32], line[1024], *at, *end;
	int i;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	file = fopen(path, "re");
	if (!file || !fgets(line, sizeof(line), file))
		return false;
	at = strchr(line, '(');
	end = strrchr(line, ')');
	if (!at || !end)
		return false;
	*end = '\0';
	daemon->pid = pid;
	snprintf(daemon->name, sizeof(daemon->name), "%.15s", at + 1);
	/* after the name come the third field, and the 22nd, which is the start */
	for (at = end + 1, i = 3; at && i < 22; i++)
		at = strchr(at + 1, ' ');
	return at && sscanf(at, "%llu", &daemon->start) == 1;
}

void check_note_call(void)
{
	static const char temporary[] = CALLS ".new";
	struct daemon daemon;
	FILE *file;

	if (!read_process(getppid(), &daemon))
		return;
	file = fopen(temporary, "we");
	if (!file)
		return;
	fprintf(file, "%d %llu\n", daemon.pid, daemon.start);
	if (!fclose(file))
		rename(temporary, CALLS);
}

static bool has_called(const struct daemon *daemon)
{
	_cleanup_(close_file) FILE *file = fopen(CALLS, "re");
	unsigned long long start;
	int pid;

	return file && fscanf(file, "%d %llu", &pid, &start) == 2 && pid == daemon->pid &&
	       start == daemon->start;
}

static double seconds(const struct timespec *time)
{
	return time->tv_sec + time->tv_nsec / 1e9;
}

/* The daemon's start by the wall clock. */
static double start_of(const struct daemon *daemon)
{
	struct timespec now, up;

	clock_gettime(CLOCK_REALTIME, &now);
	clock_gettime(CLOCK_BOOTTIME, &up);
	return seconds(&now) - seconds(&up) +
	       (double)daemon->start / sysconf(_SC_CLK_TCK);
}

static void unref_bus(sd_bus **bus)
{
	sd_bus_unref(*bus);
}

/* The time of the last reload or start of the daemon's unit, or 0 if it cannot be known. */
static double reload_of(const struct daemon *daemon)
{
	_cleanup_(unref_bus) sd_bus *bus = NULL;
	_cleanup_(free_ptr) char *unit = NULL, *path = NULL;
	uint64_t time;

	if (sd_pid_get_unit(daemon->pid, &unit) < 0 || sd_bus_open_system(&bus) < 0 ||
	    sd_bus_path_encode("/org/freedesktop/systemd1/unit", unit, &path) < 0)
		return 0;
	if (sd_bus_get_property_trivial(bus, "org.freedesktop.systemd1", path,
					"org.freedesktop.systemd1.Unit",
					"StateChangeTimestamp", NULL, 't', &time) < 0)
		return 0;
	return time / 1e6;
}

/* Prints the answer for one daemon. */
static int check_daemon(const struct daemon *daemon, double hook_time)
{
	if (has_called(daemon)) {
		printf("%s (process %d) has called the hook\n", daemon->name,
		       daemon->pid);
		return EXIT_DONE;
	}
	if (start_of(daemon) > hook_time || reload_of(daemon) > hook_time) {
		printf("%s (process %d) has read its hooks since this one is there\n",
		       daemon->name, daemon->pid);
		return EXIT_DONE;
	}
	say_error(
		"%s (process %d): has not read its hooks since %s is there, and may not call it: run 'systemctl reload %s'",
		daemon->name, daemon->pid, HOOK, daemon->name);
	return EXIT_UNPROTECTED;
}

/* Warns of copies of the hook that an editor or dpkg has left, which are called as well. */
static void warn_of_copies(void)
{
	DIR *folder = opendir(HOOKS);
	struct dirent *entry;

	while (folder && (entry = readdir(folder)))
		if (strstr(entry->d_name, HOOK_NAME) &&
		    strcmp(entry->d_name, HOOK_NAME) &&
		    !faccessat(dirfd(folder), entry->d_name, X_OK, 0))
			say_warning("%s/%s: is called as well: remove it", HOOKS,
				    entry->d_name);
	if (folder)
		closedir(folder);
}

/* Checks all daemons that run. */
static int check_daemons(double hook_time)
{
	int status = EXIT_DONE, found = 0, one;
	DIR *folder = opendir("/proc");
	struct dirent *entry;
	struct daemon daemon;

	while (folder && (entry = readdir(folder))) {
		if (!read_process(atoi(entry->d_name), &daemon) ||
		    (strcmp(daemon.name, "libvirtd") && strcmp(daemon.name, "virtqemud")))
			continue;
		found++;
		one = check_daemon(&daemon, hook_time);
		status = one ? one : status;
	}
	if (folder)
		closedir(folder);
	if (!found)
		puts("no libvirt daemon runs: it reads its hooks when it starts");
	return status;
}

int check_print(void)
{
	struct stat st;

	if (stat(HOOK, &st)) {
		say_error("%s: %s: install the package dsnctl-libvirt", HOOK,
			  strerror(errno));
		return EXIT_UNPROTECTED;
	}
	if (access(HOOK, X_OK)) {
		say_error(
			"%s: is not executable, so that no daemon calls it: 'chmod 755' it",
			HOOK);
		return EXIT_UNPROTECTED;
	}
	warn_of_copies();
	return check_daemons(seconds(&st.st_ctim));
}
