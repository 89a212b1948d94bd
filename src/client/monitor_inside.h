/* monitor_inside.h: what the three rooms of a monitor share: the whole (monitor.c), what is watched of one
 * service (scope.c), one keyword (watch.c). */
#ifndef CLIENT_MONITOR_INSIDE_H
#define CLIENT_MONITOR_INSIDE_H

#include "client/moments.h"
#include "client/monitor.h"
#include "client/session.h"
#include "core/table.h"

#include <sys/queue.h>

struct event;
struct message;
struct presence;
struct subscription;

enum monitor_state {
	MONITOR_STARTING,
	MONITOR_RUNNING,
	MONITOR_LOST,   /* a subscription is not in force */
	MONITOR_FAILED, /* never got started */
};

struct credis_monitor {
	struct credis_client *client;
	uint32_t serial;
	enum monitor_state state;
	credis_monitor_cb *cb;
	void *arg;
	struct scope *scopes;
	size_t scope_count;
	size_t stale;          /* scopes and watches that may not be up to date */
	struct watch *watches; /* by serial */
	uint32_t last_watch;
	TAILQ_HEAD(watch_list, watch) due; /* to be fetched */
	size_t fetching;
	struct moments patience; /* with values that are on their way by themselves */
	struct event *retry;     /* fetches again when the link was too busy */
	struct event *deadline;  /* for getting started */
	int64_t start_ms;
	unsigned telling; /* in a callback: the memory stays */
	bool freed;
	UT_hash_handle hh; /* by serial, of the client */
};

/* What is watched of one service. */
struct scope {
	struct credis_monitor *monitor;
	char service[CREDIS_SERVICE_MAX + 1];
	char **patterns;
	size_t pattern_count;
	bool globs;              /* among the patterns: all descriptions matter */
	struct catalog *catalog; /* held; NULL at first */
	credis_call asking;      /* for the catalog, or for what is wrong; 0: not */
	bool asked_live;         /* the change of a generation would have been heard since */
	bool ask_again;
	bool stale;
	bool doubted;               /* it seemed to be gone the last time */
	struct subscription *about; /* tells of new generations */
	bool about_live;
	struct event *doubt;
	struct presence *presence;        /* of those that serve it; NULL: not asked for yet */
	bool unserved;                    /* and told so */
	TAILQ_ENTRY(scope) others;        /* of the same service */
	struct subscription *values;      /* their short way; NULL: not worth while */
	uint64_t values_ours, values_all; /* that came */
	struct watch **watches;           /* by name */
	size_t count;
	struct watch **dropped; /* to be reported gone */
	size_t dropped_count;
};

enum watch_state { WATCH_IDLE, WATCH_DUE, WATCH_FETCHING };

/* One keyword. */
struct watch {
	struct scope *scope;
	uint32_t serial;
	struct subscription *subscription;
	enum watch_state state;
	bool again; /* it changed while it was being fetched */
	bool live;
	bool asked_live; /* the fetch began when a change since would be heard of */
	bool stale;
	bool shown;
	bool flows;       /* its last value came the short way: the next one may */
	uint64_t awaited; /* events whose values have not come that way yet */
	struct moment patience;
	uint64_t seq; /* shown last */
	int64_t time_us;
	TAILQ_ENTRY(watch) due;
	UT_hash_handle hh;
	char name[];
};

/* Tells the user. False when the monitor is no more: then nothing of it may be touched. So for all that
 * return bool here. */
bool monitor_tell(struct credis_monitor *monitor, enum credis_monitor_event event,
    const struct credis_reading *reading, const struct credis_error *err);
bool monitor_fail(struct credis_monitor *monitor, const struct credis_error *err);
bool monitor_lost(struct credis_monitor *monitor, const struct credis_error *why);

/* One more, or one less, that may not be up to date; with none left the monitor is primed or restored. */
void monitor_unsettle(struct credis_monitor *monitor, bool *stale);
bool monitor_settle(struct credis_monitor *monitor, bool *stale);

bool scope_init(struct scope *scope, struct credis_monitor *monitor, const char *service,
    struct credis_error *err);
bool scope_add_pattern(struct scope *scope, const char *pattern, struct credis_error *err);
bool scope_start(struct scope *scope, struct credis_error *err);
void scope_clear(struct scope *scope);

/* Looks whether the descriptions changed. */
void scope_ask(struct scope *scope);

struct watch *watch_new(struct scope *scope, const char *name, struct credis_error *err);
void watch_free(struct watch *watch);

/* Fetches the value, or does so again after the fetch that is under way. */
void watch_want(struct watch *watch);

/* A value that came the short way. */
bool watch_take_value(struct watch *watch, const struct message *message);
void watch_lose_patience(struct moment *patience);
struct names_pair watch_name(const struct watch *watch);

/* Fetches what is due, some at a time. */
void watches_fetch(struct credis_monitor *monitor);

#endif
