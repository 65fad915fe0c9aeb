/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "check_console.h"
#include "companion.h"
#include "product.h"

static void dns_figures(void *ctx, struct dns_console_figures *out)
{
	const struct dns_service *d = &((struct fairlead *)ctx)->io->dns;
	struct dns_service_figures now;

	d->figures(d->ctx, &now);
	*out = (struct dns_console_figures){
		.running = now.running,
		.restarts = now.restarts,
		.violations = now.violations,
		.queries = now.queries,
		.replies = now.replies,
		.dropped = now.dropped,
		.tcp = now.tcp,
		.truncated = now.truncated,
	};
}

static void dns_counters(void *ctx, struct dns_counters *out)
{
	const struct dns_service *d = &((struct fairlead *)ctx)->io->dns;

	d->counters(d->ctx, (uint64_t *)(void *)out, sizeof(*out) / sizeof(uint64_t));
}

void modules_commands(struct fairlead *f, struct console_module out[MODULES_COMMANDS_MAX])
{
	const struct config *c = fairlead_config(f);
	const struct console_module all[] = {
		{link_commands, &f->link_console},
		{link_operator_commands, &f->link_console},
		{link_history_commands, &f->link_console},
		{policy_commands, &f->policy_console},
		{dns_commands, &f->dns_console},
		{dns_zone_commands, &f->dns_zone_console},
		{forwarding_commands, &f->forwarding_console},
		{led_commands, &f->led_console},
		{explain_commands, &f->explain_console},
		{check_commands, &f->explain_console},
		{people_commands, f},
		{setup_commands, f},
		{flows_commands, f},
		{app_commands, f},
		{system_commands, f},
		{companion_commands, f},
		{reports_commands, f},
		{0},
	};

	f->policy_console = (struct policy_console){
		.policies = c->v.policies,
		.npolicies = c->v.npolicies,
		.links = c->v.links,
		.nlinks = c->v.nlinks,
		.published = &f->published,
	};
	f->dns_console = (struct dns_console){
		.image = &f->image,
		.published = &f->published,
		.ctx = f,
		.figures = dns_figures,
		.counters = dns_counters,
	};
	f->dns_zone_console = (struct dns_zone_console){
		.image = &f->image,
		.published = &f->published,
		.domains = c->v.domains,
		.ndomains = c->v.ndomains,
		.notify = &f->notify,
		.links = c->v.links,
		.nlinks = c->v.nlinks,
		.memory = &f->io->memory,
		.ctx = f->io->files.ctx,
		.read_file = f->io->files.read,
	};
	f->forwarding_console = (struct forwarding_console){
		.source = config_forwarding_source(c),
		.published = &f->published,
		.room = f->io->kernel.room,
		.room_ctx = f->io->kernel.ctx,
		.kernel_lacks = &f->kernel_lacks,
		.memory = &f->io->memory,
		.ctx = f,
		.counts = flows_counted,
		.forget_counts = publish_forget_counts,
	};
	f->led_console = (struct led_console){.lamps = f->panel.lamp, .nlamps = f->panel.n};
	uplinks_console(f);
	what_if_console(f);
	for (size_t i = 0; i < COUNT_OF(all); i++)
		out[i] = all[i];
}
