// SPDX-License-Identifier: GPL-2.0
/* A module for depmod to read, for the e1000e that the tests use; it cannot be loaded. */
static const char alias[] __attribute__((section(".modinfo"), used)) =
	"alias=pci:v00008086d000010D3sv*sd*bc*sc*i*";
