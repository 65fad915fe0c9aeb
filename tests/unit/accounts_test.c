/* SPDX-License-Identifier: GPL-2.0-or-later */
/* passwd, shadow and authorized_keys, as login programs read them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <crypt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "accounts_linux.h"

struct place {
	char folder[32];
	struct accounts_linux linux_side;
	struct accounts accounts;
	char words[256];
	struct textbuf why;
};

static void put_file(const struct place *p, const char *name, const char *text)
{
	char path[128];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", p->folder, name);
	f = fopen(path, "we");
	assert_non_null(f);
	fputs(text, f);
	assert_int_equal(fclose(f), 0);
}

static const char *file(const struct place *p, const char *name)
{
	static char text[4096];
	char path[128];
	FILE *f;
	size_t n;

	snprintf(path, sizeof(path), "%s/%s", p->folder, name);
	f = fopen(path, "re");
	if (!f)
		return NULL;
	n = fread(text, 1, sizeof(text) - 1, f);
	text[n] = '\0';
	fclose(f);
	return text;
}

static int setup(void **state)
{
	struct place *p = calloc(1, sizeof(*p));

	snprintf(p->folder, sizeof(p->folder), "/tmp/fl-accounts.XXXXXX");
	if (!mkdtemp(p->folder))
		return -1;
	p->linux_side = (struct accounts_linux){p->folder, "/usr/bin/fairlead"};
	accounts_linux_open(&p->accounts, &p->linux_side);
	p->why = textbuf_of(p->words, sizeof(p->words));
	put_file(p, "passwd",
		"root:x:0:0:root:/root:/bin/sh\nsshd:x:101:65534::/run/sshd:/bin/false\n");
	put_file(p, "shadow", "root:*:19000:0:99999:7:::\nsshd:!:19000::::::\n");
	*state = p;
	return 0;
}

static int teardown(void **state)
{
	struct place *p = *state;
	char command[64];

	snprintf(command, sizeof(command), "rm -rf %s", p->folder);
	if (system(command))
		return -1;
	free(p);
	return 0;
}

static enum fl_err apply(struct place *p, const struct account *a, size_t n)
{
	p->why = textbuf_of(p->words, sizeof(p->words));
	return p->accounts.apply(p->accounts.ctx, a, n, &p->why);
}

static mode_t mode_of(const struct place *p, const char *name)
{
	char path[128];
	struct stat st;

	snprintf(path, sizeof(path), "%s/%s", p->folder, name);
	assert_int_equal(stat(path, &st), 0);
	return st.st_mode & 0777;
}

static void users_stand_behind_those_of_the_system(void **state)
{
	struct place *p = *state;
	const struct str keys[] = {{"ssh-ed25519 AAAA ann@desk", 25}};
	char want[256];

	assert_int_equal(apply(p,
				 (struct account[]){{.name = STR("ann"),
							    .hash = STR("$6$x$y"),
							    .keys = keys,
							    .nkeys = 1},
					 {.name = STR("bob")}},
				 2),
		FL_OK);
	snprintf(want, sizeof(want),
		"root:x:0:0:root:/root:/bin/sh\nsshd:x:101:65534::/run/sshd:/bin/false\n"
		"ann:x:2000:4:Fairlead user:%s/home/ann:/usr/bin/fairlead\n"
		"bob:x:2001:4:Fairlead user:%s/home/bob:/usr/bin/fairlead\n",
		p->folder, p->folder);
	assert_string_equal(file(p, "passwd"), want);
	assert_string_equal(file(p, "shadow"), "root:*:19000:0:99999:7:::\nsshd:!:19000::::::\n"
					       "ann:$6$x$y:::::::\nbob:*:::::::\n");
	assert_string_equal(
		file(p, "home/ann/.ssh/authorized_keys"), "ssh-ed25519 AAAA ann@desk\n");
	assert_int_equal(mode_of(p, "shadow"), 0600);
	assert_int_equal(mode_of(p, "passwd"), 0644);
	assert_int_equal(mode_of(p, "home/ann/.ssh"), 0755);
}

static void a_user_keeps_his_number_and_one_that_goes_takes_all_with_him(void **state)
{
	struct place *p = *state;

	apply(p, (struct account[]){{.name = STR("ann")}, {.name = STR("bob")}}, 2);
	assert_int_equal(
		apply(p, (struct account[]){{.name = STR("bob")}, {.name = STR("eve")}}, 2), FL_OK);
	assert_non_null(strstr(file(p, "passwd"), "bob:x:2001:"));
	assert_non_null(strstr(file(p, "passwd"), "eve:x:2000:"));
	assert_null(strstr(file(p, "passwd"), "ann"));
	assert_null(strstr(file(p, "shadow"), "ann"));
	assert_null(file(p, "home/ann/.ssh/authorized_keys"));
	assert_null(file(p, "home/bob/.ssh/authorized_keys")); /* he has none */
	assert_int_equal(apply(p, NULL, 0), FL_OK);
	assert_string_equal(file(p, "shadow"), "root:*:19000:0:99999:7:::\nsshd:!:19000::::::\n");
}

static void a_user_without_password_and_key_cannot_log_in_unless_he_is_let(void **state)
{
	struct place *p = *state;

	apply(p, (struct account[]){{.name = STR("admin"), .open = true}}, 1);
	assert_non_null(strstr(file(p, "shadow"), "\nadmin::::::::\n"));
	apply(p, (struct account[]){{.name = STR("admin")}}, 1);
	assert_non_null(strstr(file(p, "shadow"), "\nadmin:*:::::::\n"));
}

static void root_has_the_password_of_the_settings_and_no_second_line(void **state)
{
	struct place *p = *state;

	assert_int_equal(
		apply(p, (struct account[]){{.name = STR("root"), .hash = STR("$6$r$r")}}, 1),
		FL_OK);
	assert_string_equal(file(p, "shadow"), "sshd:!:19000::::::\nroot:$6$r$r:::::::\n");
	assert_null(strstr(file(p, "passwd"), "Fairlead user"));
}

static void a_name_of_the_system_is_refused_and_nothing_changes(void **state)
{
	struct place *p = *state;

	assert_int_equal(
		apply(p, (struct account[]){{.name = STR("sshd"), .open = true}}, 1), FL_EEXIST);
	assert_string_equal(p->words, "user sshd: the system itself has a user of that name");
	assert_string_equal(file(p, "shadow"), "root:*:19000:0:99999:7:::\nsshd:!:19000::::::\n");
}

static void a_folder_that_cannot_be_written_is_told(void **state)
{
	struct place *p = *state;
	struct accounts_linux lost = {"/proc/none", "/bin/sh"};
	struct accounts a;

	accounts_linux_open(&a, &lost);
	assert_int_equal(
		a.apply(a.ctx, (struct account[]){{.name = STR("ann")}}, 1, &p->why), FL_EIO);
	assert_non_null(strstr(p->words, "/proc/none/home"));
}

static void a_hash_is_one_of_its_password_and_never_the_same_twice(void **state)
{
	struct place *p = *state;
	char one[ACCOUNT_HASH_MAX], two[ACCOUNT_HASH_MAX];

	assert_int_equal(
		p->accounts.hash(p->accounts.ctx, STR("open sesame"), one, &p->why), FL_OK);
	assert_int_equal(
		p->accounts.hash(p->accounts.ctx, STR("open sesame"), two, &p->why), FL_OK);
	assert_string_equal(crypt("open sesame", one), one);
	assert_string_not_equal(crypt("open sesamf", one), one);
	assert_string_not_equal(one, two);
}

static void without_a_folder_nothing_is_touched(void **state)
{
	struct accounts_linux none = {NULL, "/bin/sh"};
	struct accounts a;

	(void)state;
	accounts_linux_open(&a, &none);
	assert_false(a.managed);
	assert_int_equal(
		a.apply(a.ctx, (struct account[]){{.name = STR("ann"), .open = true}}, 1, NULL),
		FL_OK);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(users_stand_behind_those_of_the_system),
		TEST(a_user_keeps_his_number_and_one_that_goes_takes_all_with_him),
		TEST(a_user_without_password_and_key_cannot_log_in_unless_he_is_let),
		TEST(root_has_the_password_of_the_settings_and_no_second_line),
		TEST(a_name_of_the_system_is_refused_and_nothing_changes),
		TEST(a_folder_that_cannot_be_written_is_told),
		TEST(a_hash_is_one_of_its_password_and_never_the_same_twice),
		TEST(without_a_folder_nothing_is_touched),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
