// SPDX-License-Identifier: GPL-2.0
/* Runs dsnctl for a VM: claims, releases, and what they would be. */
#include "run.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include "lib/exit.h"
#include "lib/message.h"
#include "lib/util.h"

extern char **environ;

static bool plan_device(const struct config *config, const struct domain *domain,
			const struct domain_device *device, struct claims *claims)
{
	size_t at = claims->count++;
	const struct vm_line *line =
		vm_choose(&config->vms, &domain->metadata, domain->uuid, &device->vm);

	bdf_format(&device->vm.key, claims->bdfs[at]);
	claims->lines[at] = line;
	strcpy(claims->values[at], "none");
	if (!line)
		return true;
	claims->claimed++;
	if (device->fault) {
		say_error("%s: %s", claims->bdfs[at], device->fault);
		return false;
	}
	if (vm_claim_format(&line->value, &device->vm, claims->values[at]))
		return true;
	say_error(
		"%s: has neither an alias that begins with ua-, a MAC address nor a PCI slot in the VM to derive a serial from: give it <alias name='ua-NAME'/>",
		claims->bdfs[at]);
	return false;
}

bool claims_plan(const struct config *config, const struct domain *domain,
		 struct claims *claims)
{
	bool good = true;
	size_t i;

	*claims = (struct claims){};
	uuid_format(domain->uuid, claims->uuid);
	for (i = 0; i < domain->count; i++)
		good &= plan_device(config, domain, &domain->devices[i], claims);
	return good;
}

/* Finds dsnctl beside this program. Returns false with the error printed. */
static bool find_dsnctl(char path[PATH_MAX])
{
	static const char name[] = "dsnctl";
	ssize_t length = readlink("/proc/self/exe", path, PATH_MAX - sizeof(name));
	char *end;

	if (length < 0) {
		say_error("cannot find dsnctl: /proc/self/exe: %s", strerror(errno));
		return false;
	}
	path[length] = '\0';
	end = strrchr(path, '/');
	strcpy(end ? end + 1 : path, name);
	return true;
}

/* Starts the command with its output going nowhere: libvirt takes a hook's as data. */
static int start(const char *path, char *const words[], pid_t *child)
{
	posix_spawn_file_actions_t actions;
	int err = posix_spawn_file_actions_init(&actions);

	if (!err)
		err = posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO,
						       "/dev/null", O_WRONLY, 0);
	if (!err)
		err = posix_spawn(child, path, &actions, NULL, words, environ);
	posix_spawn_file_actions_destroy(&actions);
	return err;
}

static int run(char *const words[])
{
	char path[PATH_MAX];
	int status, err;
	pid_t child;

	if (!find_dsnctl(path))
		return EXIT_FAILED;
	err = start(path, words, &child);
	if (err) {
		say_error("%s: cannot be run: %s", path, strerror(err));
		return EXIT_FAILED;
	}
	while (waitpid(child, &status, 0) < 0)
		if (errno != EINTR)
			return EXIT_FAILED;
	if (WIFEXITED(status))
		return WEXITSTATUS(status);
	say_error("%s: was killed by signal %d", path, WTERMSIG(status));
	return EXIT_FAILED;
}

int run_claim(const struct domain *domain, const struct claims *claims, bool add)
{
	char *words[2 * DOMAIN_DEVICES + 8] = { "dsnctl", "claim", (char *)claims->uuid };
	size_t i, count = 3;

	for (i = 0; i < claims->count; i++) {
		words[count++] = (char *)claims->bdfs[i];
		words[count++] = (char *)claims->values[i];
	}
	if (*domain->name) {
		words[count++] = "--name";
		words[count++] = (char *)domain->name;
	}
	if (add)
		words[count++] = "--add";
	return run(words);
}

int run_release(const struct claims *claims)
{
	char *words[] = { "dsnctl", "release", (char *)claims->uuid, NULL };

	return run(words);
}

int run_status(void)
{
	char *words[] = { "dsnctl", "status", NULL };

	return run(words);
}
