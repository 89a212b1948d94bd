/* greeting.c: AUTH, SELECT, CLIENT SETNAME, CLIENT ID, TIME and PING, in one flush.
 * Knows which refusals matter; when to greet and what failure leads to is the link's. */
#include "redis/greeting.h"

#include "core/error.h"
#include "redis/clock.h"
#include "redis/command.h"

struct step {
	bool (*is_wanted)(const struct greeting *greeting); /* NULL: always */
	void (*say)(const struct greeting *greeting, struct buffer *out);
	void (*learn)(struct greeting *greeting, const struct reply *reply); /* may be NULL */
	const char *expected;  /* the status to be answered; NULL: any but an error */
	const char *tolerated; /* the server may refuse it: so called in a warning, or "" */
};

static bool
has_password(const struct greeting *greeting)
{
	return greeting->url->password != NULL || greeting->url->user != NULL;
}

static void
say_auth(const struct greeting *greeting, struct buffer *out)
{
	const char *password = greeting->url->password != NULL ? greeting->url->password : "";

	if (greeting->url->user != NULL)
		command_texts(out, "AUTH", greeting->url->user, password, NULL);
	else
		command_texts(out, "AUTH", password, NULL);
}

static bool
has_db(const struct greeting *greeting)
{
	return greeting->url->db != 0;
}

static void
say_select(const struct greeting *greeting, struct buffer *out)
{
	command_begin(out, 2);
	command_text(out, "SELECT");
	command_integer(out, greeting->url->db);
}

static bool
has_name(const struct greeting *greeting)
{
	return greeting->name != NULL;
}

static void
say_name(const struct greeting *greeting, struct buffer *out)
{
	command_texts(out, "CLIENT", "SETNAME", greeting->name, NULL);
}

static void
say_id(const struct greeting *greeting, struct buffer *out)
{
	(void)greeting;
	command_texts(out, "CLIENT", "ID", NULL);
}

static void
learn_id(struct greeting *greeting, const struct reply *reply)
{
	if (!reply_integer(reply, &greeting->connection_id))
		greeting->connection_id = 0;
}

static void
say_time(const struct greeting *greeting, struct buffer *out)
{
	(void)greeting;
	command_texts(out, "TIME", NULL);
}

static void
learn_time(struct greeting *greeting, const struct reply *reply)
{
	clock_learn(&greeting->clock_offset_us, greeting->sent_us, reply);
}

static bool
is_led_by_sentinels(const struct greeting *greeting)
{
	return greeting->url->sentinels != NULL;
}

static void
say_role(const struct greeting *greeting, struct buffer *out)
{
	(void)greeting;
	command_texts(out, "ROLE", NULL);
}

static void
say_ping(const struct greeting *greeting, struct buffer *out)
{
	(void)greeting;
	command_texts(out, "PING", NULL);
}

/* PING is last: it fails where the server is not fit for work (LOADING, NOAUTH, MASTERDOWN). */
static const struct step steps[] = {
	{ has_password, say_auth, NULL, "OK", NULL },
	{ has_db, say_select, NULL, "OK", NULL },
	{ has_name, say_name, NULL, NULL, "CLIENT SETNAME" },
	{ NULL, say_id, learn_id, NULL, "" },
	{ NULL, say_time, learn_time, NULL, "" },
	{ is_led_by_sentinels, say_role, NULL, "master", NULL },
	{ NULL, say_ping, NULL, "PONG", NULL },
};

enum { STEPS = sizeof steps / sizeof steps[0] };

static bool
is_wanted(const struct greeting *greeting, const struct step *step)
{
	return step->is_wanted == NULL || step->is_wanted(greeting);
}

static void
skip_unwanted(struct greeting *greeting)
{
	while (greeting->step < STEPS && !is_wanted(greeting, &steps[greeting->step]))
		greeting->step++;
}

size_t
greeting_begin(struct greeting *greeting, const struct url *url, const char *name,
    struct buffer *out)
{
	size_t count = 0;

	*greeting = (struct greeting){
		.url = url,
		.name = name,
		.sent_us = clock_steady_us(),
		.clock_offset_us = greeting->clock_offset_us,
	};
	for (size_t n = 0; n < STEPS; n++) {
		if (!is_wanted(greeting, &steps[n]))
			continue;
		steps[n].say(greeting, out);
		count++;
	}
	skip_unwanted(greeting);
	return count;
}

/* What an answer says first: itself, or the first item of an array. */
static const struct reply *
first_word(const struct reply *reply)
{
	return reply->kind == REPLY_ARRAY ? reply_item(reply, 0) : reply;
}

static bool
is_as_expected(const struct step *step, const struct reply *reply)
{
	return !reply_is_error(reply, NULL) &&
	    (step->expected == NULL || reply_text_is(first_word(reply), step->expected));
}

/* A replica that the sentinels took for the primary says "slave". */
static void
explain(const struct step *step, const struct reply *reply, struct credis_error *why)
{
	const struct reply *word = first_word(reply);

	if (reply->kind == REPLY_ERROR)
		reply_explain(reply, why);
	else
		error_set(why, CREDIS_EUNREACHABLE, "the server answered '%.40s', not '%s'",
		    word->text != NULL ? word->text : "", step->expected);
}

enum greeting_state
greeting_answer(struct greeting *greeting, const struct reply *reply, const struct log *log,
    struct credis_error *err)
{
	const struct step *step = &steps[greeting->step];
	struct credis_error why;

	if (is_as_expected(step, reply)) {
		if (step->learn != NULL)
			step->learn(greeting, reply);
	} else {
		explain(step, reply, &why);
		/* A server that turns us away does so at the first command, whatever it is. */
		if (step->tolerated == NULL || why.code != CREDIS_ESTORE) {
			error_set(err, CREDIS_EUNREACHABLE, "%s", why.text);
			return GREETING_FAILED;
		}
		if (step->tolerated[0] != '\0')
			log_event(log, CREDIS_LOG_WARNING, "link-name", "%s: %s", step->tolerated,
			    why.text);
	}
	greeting->step++;
	skip_unwanted(greeting);
	return greeting->step < STEPS ? GREETING_MORE : GREETING_DONE;
}
