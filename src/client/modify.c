/* modify.c: writes of keywords, answered (modify) or not (send).
 * Knows what the user gave and wants to hear; how requests travel is errand.c's. */
#include "client/calls.h"
#include "client/errand.h"
#include "client/session.h"
#include "core/error.h"
#include "core/text.h"

#include <stdlib.h>
#include <string.h>

struct modify {
	struct call call;
	struct errand errand;
	credis_modify_cb *cb;
	void *arg;
};

static void
on_clear(struct call *call)
{
	errand_clear(&((struct modify *)call)->errand);
}

static void
on_start(struct call *call)
{
	errand_send(&((struct modify *)call)->errand);
}

static void
on_fail(struct call *call, const struct credis_error *err)
{
	errand_fail(&((struct modify *)call)->errand, err);
}

static void
on_late(struct call *call)
{
	errand_late(&((struct modify *)call)->errand);
}

/* A word that nobody knows says nothing. */
static void
read_severity(struct credis_reading *reading, const struct slice *said)
{
	char word[16];

	if (said->length >= sizeof(word))
		return;
	memcpy(word, said->bytes, said->length);
	word[said->length] = '\0';
	credis_severity_find(word, &reading->severity);
}

/* The value as it was stored; terminated, as 'text' is. */
static void
make_reading(struct credis_reading *reading, const struct outgoing *request,
    const struct message *answer, const char *text)
{
	*reading = (struct credis_reading){
		.service = request->name.service,
		.keyword = request->name.keyword,
		.text = text,
		.length = answer->body.length,
		.seq = (answer->has & MESSAGE_SEQ) != 0 ? answer->seq : 0,
		.time_us = (answer->has & MESSAGE_TIME) != 0 ? answer->time_us : 0,
		.reason = "",
	};
	if ((answer->has & MESSAGE_SEVERITY) != 0)
		read_severity(reading, &answer->severity);
}

static void
tell(struct modify *modify, size_t n, enum credis_progress progress, const struct message *answer,
    const struct credis_error *err)
{
	struct credis_reading reading;
	char *text;

	if (answer == NULL) {
		modify->cb(modify->arg, n, progress, err, NULL);
		return;
	}
	text = text_copy(answer->body.bytes, answer->body.length);
	if (text != NULL)
		make_reading(&reading, &modify->errand.requests[n], answer, text);
	modify->cb(modify->arg, n, progress, err, text != NULL ? &reading : NULL);
	free(text);
}

static void
on_outcome(struct call *call, size_t n, enum credis_progress progress, const struct message *answer,
    const struct credis_error *err)
{
	struct modify *modify = (struct modify *)call;

	call_hold(call);
	if (modify->errand.left == 0)
		call_end(call);
	tell(modify, n, progress, answer, err);
	call_release(call);
}

static bool
take_write(struct outgoing *request, const struct credis_modify *write, struct credis_error *err)
{
	if (!names_split(write->keyword, NULL, false, &request->name, err))
		return false;
	request->text = text_copy(write->text, write->length);
	if (request->text == NULL)
		return error_no_memory(err);
	request->length = write->length;
	request->has_if_seq = write->has_if_seq;
	request->if_seq = write->if_seq;
	return true;
}

static bool
are_of_one_service(const struct outgoing *requests, size_t count, struct credis_error *err)
{
	for (size_t n = 1; n < count; n++) {
		if (strcmp(requests[n].name.service, requests[0].name.service) != 0)
			return error_set(err, CREDIS_EINVAL,
			    "all-or-nothing is for keywords of one service, not of %s and %s",
			    requests[0].name.service, requests[n].name.service);
	}
	return true;
}

static void
free_requests(struct outgoing *requests, size_t count)
{
	for (size_t n = 0; n < count; n++)
		free(requests[n].text);
	free(requests);
}

static struct outgoing *
take_writes(const struct credis_modify *writes, size_t count, bool atomic, struct credis_error *err)
{
	struct outgoing *requests = calloc(count, sizeof(*requests));
	size_t n = 0;

	if (requests == NULL) {
		error_no_memory(err);
		return NULL;
	}
	while (n < count && take_write(&requests[n], &writes[n], err))
		n++;
	if (n == count && (!atomic || are_of_one_service(requests, count, err)))
		return requests;
	free_requests(requests, n);
	return NULL;
}

static const struct call_kind modifying = {
	.answers = true,
	.start = on_start,
	.fail = on_fail,
	.late = on_late,
	.clear = on_clear,
};

static const struct call_kind sending = {
	.start = on_start,
	.fail = on_fail,
	.late = on_late,
	.clear = on_clear,
};

/* Takes 'requests'. */
static struct modify *
begin(struct credis_client *client, const struct call_kind *kind, struct outgoing *requests,
    size_t count, struct credis_error *err)
{
	struct modify *modify = call_new(client, sizeof(*modify), kind, err);

	if (modify == NULL) {
		free_requests(requests, count);
		return NULL;
	}
	modify->errand.verb = NAMES_MODIFY;
	modify->errand.unanswered = !kind->answers;
	modify->errand.on_outcome = on_outcome;
	if (errand_init(&modify->errand, &modify->call, requests, count, err))
		return modify;
	call_end(&modify->call);
	return NULL;
}

static credis_call
write_all(struct credis_client *client, const struct call_kind *kind,
    const struct credis_modify *writes, size_t count, bool atomic, credis_modify_cb *cb, void *arg,
    struct credis_error *err)
{
	struct outgoing *requests;
	struct modify *modify;

	if (count == 0) {
		error_set(err, CREDIS_EINVAL, "nothing to write");
		return 0;
	}
	if (!calls_have_room(client, count, err))
		return 0;
	requests = take_writes(writes, count, atomic, err);
	modify = requests != NULL ? begin(client, kind, requests, count, err) : NULL;
	if (modify == NULL)
		return 0;
	modify->errand.atomic = atomic;
	modify->cb = cb;
	modify->arg = arg;
	return modify->call.id;
}

credis_call
credis_client_modify(struct credis_client *client, const struct credis_modify *writes, size_t count,
    bool atomic, credis_modify_cb *cb, void *arg, struct credis_error *err)
{
	return write_all(client, &modifying, writes, count, atomic, cb, arg, err);
}

credis_call
credis_client_send(struct credis_client *client, const struct credis_modify *writes, size_t count,
    bool atomic, credis_modify_cb *cb, void *arg, struct credis_error *err)
{
	return write_all(client, &sending, writes, count, atomic, cb, arg, err);
}
