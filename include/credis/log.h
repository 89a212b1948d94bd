/* log.h: what the library tells of its own doings, one event a call.
 * An event is a word an operator can grep ("+link", "-lease", "refused") and a sentence. */
#ifndef CREDIS_LOG_H
#define CREDIS_LOG_H

#ifdef __cplusplus
extern "C" {
#endif

/* Since 0.1. */
enum credis_log_level {
	CREDIS_LOG_ERROR,   /* something does not work and somebody should know */
	CREDIS_LOG_WARNING, /* something is not as it should be; it works all the same */
	CREDIS_LOG_INFO,    /* a transition: up, down, registered, reloaded */
	CREDIS_LOG_DEBUG,   /* every request */
};

/* Gets each event; 'word' and 'text' are lent for the call and hold no line breaks. Called in the
 * thread that runs the event loop; must not call back into the library. Since 0.1. */
typedef void credis_log_sink(void *arg, enum credis_log_level level, const char *word,
    const char *text);

#ifdef __cplusplus
}
#endif
#endif
