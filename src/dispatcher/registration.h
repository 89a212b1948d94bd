/* registration.h: tells the store what a service is: descriptions, values, about, its name.
 * In portions, so that a million keywords neither fill the link nor starve others. */
#ifndef DISPATCHER_REGISTRATION_H
#define DISPATCHER_REGISTRATION_H

#include "core/buffer.h"

#include <credis/error.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct served;

struct registration {
	bool under_way;
	bool broken_off;       /* to be begun anew */
	bool described_before; /* the store holds our very descriptions */
	size_t described;      /* entries whose descriptions were sent … */
	size_t describing;     /* … in commands not answered yet */
	size_t reconciled;     /* entries the store was asked about … */
	size_t answered;       /* … and has answered for */
	struct buffer gone;    /* names in the store that are none of ours, each with its NUL … */
	size_t gone_at;        /* … and from where on they are there still */
	struct credis_error fault; /* the first; code CREDIS_OK: none */
	bool removing;             /* a portion is not answered … */
	size_t removed;            /* … of so many entries whose keys were to go */
	char generation[17];       /* of the descriptions, hexadecimal */
};

/* To be called for each new definition. False when out of memory. */
bool registration_prepare(struct served *served);

/* Begins; one under way goes on instead. served_on_registered() tells the end. */
void registration_start(struct served *served);

/* Gives up what is under way; answers that still come are not for the next one. */
void registration_abandon(struct served *served);

/* Asks whether the store still knows the service, and begins anew if it does not. */
void registration_check(struct served *served);

/* Makes monitors read everything again. */
void registration_remind(struct served *served);

/* Removes the service's every key. False while that takes its time: served_stop_if_idle() is called again when
 * it goes on. 'now' gives up the values that are left. */
bool registration_remove(struct served *served, bool now);

#endif
