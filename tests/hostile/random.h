/* SPDX-License-Identifier: GPL-2.0 */
/* Generated chains, each byte checked against the model. */
#ifndef RANDOM_H
#define RANDOM_H

void run_random(const char *bdf, const char *serial, unsigned long seed,
		unsigned long count);

#endif
