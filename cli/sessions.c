// SPDX-License-Identifier: GPL-2.0
/* What the programs keep of open devices, which the command line turns on and off. */
#include "sessions.h"

#include <stddef.h>
#include <sys/mman.h>

struct dsn_sessions *sessions_open(int map)
{
	void *kept = mmap(NULL, sizeof(struct dsn_sessions), PROT_READ | PROT_WRITE,
			  MAP_SHARED, map, 0);

	return kept == MAP_FAILED ? NULL : kept;
}

void sessions_close(struct dsn_sessions **kept)
{
	if (*kept)
		munmap(*kept, sizeof(**kept));
	*kept = NULL;
}

void sessions_stop(struct dsn_sessions *kept)
{
	__atomic_store_n(&kept->on, 0, __ATOMIC_SEQ_CST);
}

void sessions_wipe(struct dsn_sessions *kept, bool known)
{
	size_t i;

	/* a tag at once, as a program may look at it */
	for (i = 0; i < DSN_SESSIONS; i++) {
		__atomic_store_n(&kept->of[i].tag, 0, __ATOMIC_RELAXED);
		__atomic_store_n(&kept->of[i].seal, 0, __ATOMIC_RELAXED);
	}
	if (!known)
		kept->begun = 0;
}

void sessions_start(struct dsn_sessions *kept, const __u64 *switches, __u64 expected)
{
	/* in this order: a program that counts a switch later turns it off behind us */
	__atomic_store_n(&kept->on, 1, __ATOMIC_SEQ_CST);
	if (__atomic_load_n(switches, __ATOMIC_SEQ_CST) != expected)
		sessions_stop(kept);
}
