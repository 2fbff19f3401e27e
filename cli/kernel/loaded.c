// SPDX-License-Identifier: GPL-2.0
/* The programs that are loaded, as one command sees them: read once, and passed on. */
#include "kernel/loaded.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <string.h>
#include "kernel/pins.h"
#include "lib/util.h"

bool loaded_runs(const struct loaded *loaded)
{
	return loaded->attached.plan.hook || loaded->attached.plan.check;
}

bool loaded_has_links(const struct loaded *loaded)
{
	size_t i;

	for (i = 0; i < PROGRAM_LINKS; i++)
		if (loaded->attached.links[i])
			return true;
	return false;
}

/* Names what is missing if the kernel refuses to show what it runs. */
static int cannot_tell(struct failure *failure, int err)
{
	if (err == -EPERM)
		return failure_set(
			failure, EXIT_CANNOT_TELL,
			"cannot tell what is loaded: the kernel refuses bpf() (EPERM): root needs CAP_SYS_ADMIN, outside of user namespaces, and no filter of system calls; nothing was changed");
	return failure_set(failure, EXIT_CANNOT_TELL,
			   "cannot tell what is loaded: %s; nothing was changed",
			   strerror(-err));
}

static void end_texts(struct dsn_state *state)
{
	state->version[sizeof(state->version) - 1] = '\0';
	state->hook_reason[sizeof(state->hook_reason) - 1] = '\0';
	state->check_reason[sizeof(state->check_reason) - 1] = '\0';
}

/* Reads what `load` has noted, by whatever version. Returns 0 or -errno. */
static int read_state(struct loaded *loaded)
{
	_cleanup_(close_fd) int fd = pins_open(PIN_STATE);
	_cleanup_(free_ptr) struct dsn_state *state = NULL;
	struct bpf_map_info info = {};
	__u32 zero = 0, length = sizeof(info);

	if (fd < 0)
		return fd == -ENOENT ? 0 : fd;
	if (bpf_obj_get_info_by_fd(fd, &info, &length))
		return -errno;
	state = calloc(1, info.value_size + sizeof(*state));
	if (!state)
		return -ENOMEM;
	if (bpf_map_lookup_elem(fd, &zero, state))
		return -errno;
	loaded->pinned = true;
	loaded->state.layout = state->layout;
	loaded->is_layout_ours =
		state->layout == DSN_LAYOUT && info.value_size == sizeof(*state);
	if (loaded->is_layout_ours)
		loaded->state = *state;
	end_texts(&loaded->state);
	return 0;
}

static enum effect effect_of(const struct plan *plan)
{
	if (plan->hook == DSN_HOOK_PERMISSION)
		return EFFECT_WITHHOLD;
	return plan->hook || plan->check ? EFFECT_WRITE : EFFECT_NONE;
}

int loaded_read_locked(struct loaded *loaded, struct failure *failure)
{
	int err;

	*loaded = (struct loaded){};
	err = read_state(loaded);
	if (!err)
		err = program_find(&loaded->attached);
	if (!err && !loaded_runs(loaded)) {
		err = program_find_elsewhere(&loaded->attached);
		loaded->elsewhere = err > 0;
	}
	if (err < 0)
		return cannot_tell(failure, err);
	loaded->effect = effect_of(&loaded->attached.plan);
	return EXIT_DONE;
}

int loaded_check(const struct loaded *loaded, struct failure *failure)
{
	if (!loaded->elsewhere)
		return EXIT_DONE;
	return failure_set(
		failure, EXIT_CANNOT_TELL,
		"cannot tell what it does: dsnctl is loaded, but its pins are not visible here: run this on the host, or where %s is the host's",
		DSN_PIN_DIR);
}

static int check_root(struct failure *failure)
{
	if (!geteuid())
		return EXIT_DONE;
	return failure_set(failure, EXIT_FAILED,
			   "this needs root: the policy is in %s, which is root's",
			   DSN_PIN_DIR);
}

int loaded_read(struct loaded *loaded, struct failure *failure)
{
	_cleanup_(close_fd) int lock = -1;
	int status = check_root(failure);

	if (status)
		return status;
	lock = pins_lock(PINS_READ, failure);
	/* with no folder there is nothing to lock */
	if (lock < 0 && lock != -ENOENT)
		return failure->status;
	status = loaded_read_locked(loaded, failure);
	return status ? status : loaded_check(loaded, failure);
}

/* Refuses if there are no maps, or none of a layout from `oldest` on. */
static int check_layout(const struct loaded *loaded, __u32 oldest,
			struct failure *failure)
{
	__u32 layout = loaded->state.layout;
	bool is_former = layout >= DSN_LAYOUT_RULES && layout < DSN_LAYOUT;
	int status = loaded_check(loaded, failure);

	if (status)
		return status;
	if (!loaded->pinned)
		return failure_set(
			failure, EXIT_UNPROTECTED,
			"not loaded: there is no %s/%s; run 'dsnctl load' first",
			DSN_PIN_DIR, PIN_STATE);
	if (loaded->is_layout_ours || (layout >= oldest && layout < DSN_LAYOUT))
		return EXIT_DONE;
	return failure_set(
		failure, EXIT_FAILED,
		"%s holds maps of another version of dsnctl (layout %u, this one has %u): keep its rules by 'dsnctl save'%s, then, while no guest runs, 'dsnctl unload', 'dsnctl load' and 'dsnctl apply' of that file",
		DSN_PIN_DIR, layout, DSN_LAYOUT, is_former ? "" : " of that version");
}

int loaded_check_maps(const struct loaded *loaded, struct failure *failure)
{
	return check_layout(loaded, DSN_LAYOUT, failure);
}

int loaded_need_rules(struct loaded *loaded, struct failure *failure)
{
	int status = loaded_read(loaded, failure);

	return status ? status : check_layout(loaded, DSN_LAYOUT_RULES, failure);
}

int loaded_need(struct loaded *loaded, struct failure *failure)
{
	int status = loaded_read(loaded, failure);

	return status ? status : loaded_check_maps(loaded, failure);
}

int loaded_need_maps(struct loaded *loaded, struct failure *failure)
{
	int status = check_root(failure), err;

	if (status)
		return status;
	*loaded = (struct loaded){};
	err = read_state(loaded);
	if (err)
		return cannot_tell(failure, err);
	return loaded->pinned ? loaded_check_maps(loaded, failure)
			      : loaded_need(loaded, failure);
}

int loaded_lock(struct loaded *loaded, struct failure *failure)
{
	_cleanup_(close_fd) int lock = -1;
	int kept;

	if (check_root(failure))
		return -1;
	lock = pins_lock(PINS_CHANGE, failure);
	if (lock == -ENOENT) {
		if (!loaded_need(loaded, failure))
			failure_set(
				failure, EXIT_FAILED,
				"%s is gone; the programs stay in force from %s; 'dsnctl load' restores it",
				DSN_PIN_DIR, DSN_KEEP_DIR);
		return -1;
	}
	if (lock < 0 || loaded_read_locked(loaded, failure) ||
	    loaded_check_maps(loaded, failure))
		return -1;
	kept = lock;
	lock = -1;
	return kept;
}

int loaded_map(const char *name, struct failure *failure)
{
	int fd = pins_open(name);

	if (fd == -ENOENT)
		failure_set(failure, EXIT_FAILED,
			    "%s/%s is not there; 'dsnctl load' restores it", DSN_PIN_DIR,
			    name);
	else if (fd < 0)
		cannot_tell(failure, fd);
	return fd < 0 ? -1 : fd;
}
