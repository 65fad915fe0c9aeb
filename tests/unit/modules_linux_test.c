/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which kernel modules are loaded, in which order, for which hardware. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "modules_linux.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char needs_text[] =
	"kernel/net/core.ko:\n"
	"kernel/drivers/net/card-pci.ko: kernel/net/mid.ko kernel/net/core.ko\n"
	"kernel/net/mid.ko: kernel/net/core.ko\n"
	"kernel/drivers/net/phy/phy.ko:\n"
	"kernel/drivers/ata/disk.ko: kernel/net/core.ko\n"
	"kernel/crypto/sum_generic.ko:\n"
	"kernel/drivers/mmc/memory_card.ko:\n"
	"kernel/fs/fs.ko:\n";
static const char alias_text[] = "# from the modules\n"
				 "alias pci:v00001AF4d0000100[0-3]sv*sd* card_pci\n"
				 "alias pci:v00008086d*sv*sd* disk\n"
				 "alias mmc:block memory_card\n"
				 "alias crypto-sum sum_generic\n"
				 "alias cut-short\n"
				 "alias\n";
static const char soft_text[] = "softdep card_pci pre: phy\n"
				"softdep fs pre: crypto-sum post: card_pci\n"
				"softdep fs\n";

struct bench {
	struct modules modules;
	char folder[64];
	char order[256]; /* what was put into the kernel */
	bool refused;
};

static void put(const char *folder, const char *name, const char *text)
{
	char path[256];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	f = fopen(path, "w");
	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
}

static void folder_in(const char *folder, const char *name)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	assert_int_equal(mkdir(path, 0755), 0);
}

static bool note(void *ctx, const char *path)
{
	struct bench *b = ctx;
	size_t n = strlen(b->order);

	snprintf(b->order + n, sizeof(b->order) - n, "%s ", strrchr(path, '/') + 1);
	return !b->refused;
}

static struct bench *setup(void)
{
	struct bench *b = calloc(1, sizeof(*b));

	assert_non_null(b);
	strcpy(b->folder, "/tmp/fl-modules-XXXXXX");
	assert_non_null(mkdtemp(b->folder));
	put(b->folder, "modules.dep", needs_text);
	put(b->folder, "modules.alias", alias_text);
	put(b->folder, "modules.softdep", soft_text);
	folder_in(b->folder, "bus");
	folder_in(b->folder, "bus/pci");
	folder_in(b->folder, "bus/pci/devices");
	folder_in(b->folder, "module");
	b->modules =
		(struct modules){.folder = b->folder, .sysfs = b->folder, .insert = note, .ctx = b};
	assert_true(modules_open(&b->modules));
	return b;
}

static void device(struct bench *b, const char *name, const char *modalias)
{
	char path[128];

	snprintf(path, sizeof(path), "bus/pci/devices/%s", name);
	folder_in(b->folder, path);
	snprintf(path, sizeof(path), "bus/pci/devices/%s/modalias", name);
	put(b->folder, path, modalias);
}

static void teardown(struct bench *b)
{
	char command[128];

	snprintf(command, sizeof(command), "rm -rf %s", b->folder);
	assert_int_equal(system(command), 0);
	free(b);
}

static void what_a_module_needs_comes_before_it(void **state)
{
	struct bench *b = setup();

	(void)state;
	modules_load(&b->modules, "card-pci"); /* as it is to be written either way */
	assert_string_equal(b->order, "phy.ko core.ko mid.ko card-pci.ko ");
	modules_load(&b->modules, "card_pci");
	modules_load(&b->modules, "core");
	assert_string_equal(b->order, "phy.ko core.ko mid.ko card-pci.ko ");
	assert_int_equal(b->modules.loaded, 4);
	teardown(b);
}

static void a_wish_may_be_an_alias(void **state)
{
	struct bench *b = setup();

	(void)state;
	modules_load(&b->modules, "fs");
	assert_string_equal(b->order, "sum_generic.ko fs.ko ");
	teardown(b);
}

static void what_the_kernel_has_is_not_loaded_again(void **state)
{
	struct bench *b = setup();

	(void)state;
	folder_in(b->folder, "module/card_pci");
	folder_in(b->folder, "module/core");
	modules_load(&b->modules, "card-pci");
	modules_load(&b->modules, "disk");
	assert_string_equal(b->order, "disk.ko ");
	teardown(b);
}

static void only_hardware_that_is_here_is_driven(void **state)
{
	struct bench *b = setup();

	(void)state;
	modules_ask_hardware(&b->modules);
	assert_false(modules_load_if_asked(&b->modules, "card-pci"));
	device(b, "0000:00:02.0", "pci:v00001AF4d00001002sv00001AF4sd00000001\n");
	device(b, "0000:00:03.0", "pci:v00001AF4d00001009sv00001AF4sd00000001\n");
	modules_ask_hardware(&b->modules);
	assert_false(modules_load_if_asked(&b->modules, "disk"));
	assert_true(modules_load_if_asked(&b->modules, "card-pci"));
	assert_false(modules_load_if_asked(&b->modules, "card-pci"));
	assert_string_equal(b->order, "phy.ko core.ko mid.ko card-pci.ko ");
	teardown(b);
}

static void a_memory_card_says_what_it_is_in_its_uevent(void **state)
{
	struct bench *b = setup();

	(void)state;
	folder_in(b->folder, "bus/mmc");
	folder_in(b->folder, "bus/mmc/devices");
	folder_in(b->folder, "bus/mmc/devices/mmc0:4567");
	modules_ask_hardware(&b->modules);
	put(b->folder, "bus/mmc/devices/mmc0:4567/uevent", "MMC_TYPE=SD\nMMC_NAME=CARD\n");
	modules_ask_hardware(&b->modules);
	assert_false(modules_load_if_asked(&b->modules, "memory_card"));
	put(b->folder, "bus/mmc/devices/mmc0:4567/uevent",
		"MMC_TYPE=SD\nMODALIAS=mmc:block\nMMC_NAME=CARD\n");
	modules_ask_hardware(&b->modules);
	assert_true(modules_load_if_asked(&b->modules, "memory_card"));
	assert_string_equal(b->order, "memory_card.ko ");
	teardown(b);
}

static void a_folder_of_drivers_is_loaded_without_the_others(void **state)
{
	struct bench *b = setup();

	(void)state;
	device(b, "0000:00:02.0", "pci:v00001AF4d00001000sv00001AF4sd00000001\n");
	device(b, "0000:00:1f.2", "pci:v00008086d00002922sv00001AF4sd00001100\n");
	modules_ask_hardware(&b->modules);
	assert_true(modules_load_asked(&b->modules, "kernel/drivers/net/"));
	assert_string_equal(b->order, "phy.ko core.ko mid.ko card-pci.ko ");
	assert_false(modules_load_asked(&b->modules, "kernel/drivers/net/"));
	teardown(b);
}

static void one_that_is_refused_does_not_count(void **state)
{
	struct bench *b = setup();

	(void)state;
	b->refused = true;
	modules_load(&b->modules, "disk");
	modules_load(&b->modules, "nobody-has-this");
	assert_string_equal(b->order, "core.ko disk.ko ");
	assert_int_equal(b->modules.loaded, 0);
	teardown(b);
}

static void without_tables_there_is_nothing(void **state)
{
	struct bench *b = setup();
	struct modules *none = calloc(1, sizeof(*none));

	(void)state;
	assert_non_null(none);
	none->folder = "/nowhere";
	none->sysfs = "/nowhere";
	assert_false(modules_open(none));
	modules_ask_hardware(none);
	modules_load(none, "card");
	free(none);
	teardown(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_a_module_needs_comes_before_it),
		cmocka_unit_test(a_wish_may_be_an_alias),
		cmocka_unit_test(what_the_kernel_has_is_not_loaded_again),
		cmocka_unit_test(only_hardware_that_is_here_is_driven),
		cmocka_unit_test(a_memory_card_says_what_it_is_in_its_uevent),
		cmocka_unit_test(a_folder_of_drivers_is_loaded_without_the_others),
		cmocka_unit_test(one_that_is_refused_does_not_count),
		cmocka_unit_test(without_tables_there_is_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
