/* SPDX-License-Identifier: GPL-2.0-or-later */
/* modules_linux.h - kernel modules, by name or because hardware that is here asks for them.
 *
 * What there is and what needs what comes from the tables that depmod(8) wrote beside the modules:
 * modules.dep, modules.alias, modules.softdep.  One process that has read them once loads forty
 * modules in the time in which modprobe, started for each, loads four. */
#ifndef FL_MODULES_LINUX_H
#define FL_MODULES_LINUX_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

#define MODULES_MAX         512
#define MODULES_ALIASES_MAX 8192
#define MODULES_SOFT_MAX    64

struct module {
	char *path;  /* below the folder: "kernel/fs/ext4/ext4.ko" */
	char *needs; /* paths; the last is to be loaded first */
	bool asked;  /* by hardware */
	bool tried;
};

struct module_alias {
	char *pattern;
	size_t plain; /* so many letters before the first * ? or [ */
	char *module;
};

struct module_soft {
	char *module, *before;
};

struct modules {
	const char *folder; /* of modules.dep; the caller's */
	const char *sysfs;  /* "/sys"; the caller's */
	/* Put the module with this path into the kernel; false: it does not take it, which is what
	 * one does that finds no hardware. */
	bool (*insert)(void *ctx, const char *path);
	void *ctx;
	struct module module[MODULES_MAX];
	struct module_alias alias[MODULES_ALIASES_MAX];
	struct module_soft soft[MODULES_SOFT_MAX];
	size_t modules, aliases, softs;
	unsigned loaded;
};

/* `folder`, `sysfs` and `insert` are filled.  False: there is no modules.dep.  What is more than
 * the tables hold is not known. */
bool modules_open(struct modules *m);
/* The kernel's own way: finit_module(2).  The `insert` of programs; `ctx` is not looked at. */
bool modules_insert(void *ctx, const char *path);
/* With what it needs.  A name that is not there is nothing to load; - and _ are the same. */
void modules_load(struct modules *m, const char *name);
/* Mark what the devices that are there now ask for. */
void modules_ask_hardware(struct modules *m);
/* Load what was asked for and lies in this folder, "kernel/drivers/net/"; true: there was some. */
bool modules_load_asked(struct modules *m, const char *folder);
/* Load this one if it was asked for; true: it was, and this was the first time. */
bool modules_load_if_asked(struct modules *m, const char *name);

#endif
