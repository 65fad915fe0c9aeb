/* SPDX-License-Identifier: GPL-2.0-or-later */
/* probes.h - packets that leave by one link or not at all.
 * A probe socket is bound to the link's device, source address and mark.  A probe that would leave
 * elsewhere is not sent. */
#ifndef FL_PROBES_H
#define FL_PROBES_H

#include "io.h"

struct probe_path {
	struct str interface;            /* empty, of "link" 0 alone: any, as routing has it */
	struct ip_addr source4, source6; /* family 0: the link has none */
	uint32_t mark;
};

/* A conversation over TCP: connect, say `request`, hear the answer, end by a reset so that nothing
 * is left behind on either side. */
struct probe_call {
	struct ip_addr to;
	uint16_t port;
	uint32_t token; /* comes back with its events */
	struct bytes
		request; /* copied; empty: that the other end accepts or resets is the answer */
	span patience;   /* it is given up after this */
	/* TLS: the name or address that the certificate must be for; empty: none is spoken. */
	struct str tls_host; /* FL_ENOTSUP where none can be spoken */
	bool tls_trust;      /* any certificate will do */
};

#define PROBE_CALL_REQUEST_MAX 768
#define PROBE_CALL_ANSWER_MAX  4096

struct probes {
	void *ctx;
	/* Make ready for this link, or for asking hosts inside over "link" 0; opening it again
	 * replaces what was there (new address, new index). FL_ENOENT: not now, for want of the
	 * interface or of its address; every send tries it again. */
	enum fl_err (*open)(void *ctx, uint8_t link, const struct probe_path *path);
	void (*close)(void *ctx, uint8_t link);
	/* `why` gets a few words on failure ("network is unreachable").  FL_ERANGE: the packet is
	 * longer than the way is known to take; none is ever cut into fragments. */
	enum fl_err (*send)(void *ctx, uint8_t link, enum io_probe_socket socket,
		const struct ip_addr *to, struct bytes packet, struct textbuf *why);
	/* Begin a call.  An IO_PROBE_ANSWER follows whenever more was heard: `data` is all of it so
	 * far, up to PROBE_CALL_ANSWER_MAX octets; without a request one with no data.  Then one
	 * IO_PROBE_ENDED ("closed", "Connection refused", "no answer in time", "its
	 * certificate has expired"), unless the link was
	 * opened anew or closed: that ends its calls without a word. */
	enum fl_err (*call)(
		void *ctx, uint8_t link, const struct probe_call *call, struct textbuf *why);
};

#endif
