/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whose settings there are: the same on every edition, so that a text written for one loads on all.
 */
#include "companion_settings.h"
#include "dns_settings.h"
#include "forwarding_settings.h"
#include "link_settings.h"
#include "modules.h"
#include "policy_settings.h"
#include "report_settings.h"
#include "system_settings.h"

/* A module's settings, and where in struct config_values they go. */
static const struct {
	const struct setting *row;
	size_t offset;
} settings[] = {
	{&system_setting, offsetof(struct config_values, system)},
	{&user_setting, offsetof(struct config_values, users)},
	{&link_setting, offsetof(struct config_values, links)},
	{&lan_setting, offsetof(struct config_values, lans)},
	{&forwarding_setting, offsetof(struct config_values, forwarding)},
	{&policy_setting, offsetof(struct config_values, policies)},
	{&address_set_setting, offsetof(struct config_values, sets)},
	{&rule_setting, offsetof(struct config_values, rules)},
	{&forward_setting, offsetof(struct config_values, forwards)},
	{&nat_setting, offsetof(struct config_values, nats)},
	{&domain_setting, offsetof(struct config_values, domains)},
	{&reverse_setting, offsetof(struct config_values, reverses)},
	{&tsig_key_setting, offsetof(struct config_values, keys)},
	{&view_setting, offsetof(struct config_values, views)},
	{&dns_setting, offsetof(struct config_values, dns)},
	{&companion_setting, offsetof(struct config_values, companions)},
	{&report_setting, offsetof(struct config_values, report)},
};

void modules_schema(struct setting out[MODULES_SETTINGS_MAX])
{
	size_t n = 0;

	for (; n < COUNT_OF(settings); n++) {
		out[n] = *settings[n].row;
		out[n].offset = settings[n].offset;
	}
	out[n] = (struct setting){0};
}
