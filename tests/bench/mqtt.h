/* mqtt.h: how the bench says a request, its answer and a value in MQTT. All of it has QoS 1.
 *   bench/K3/modify  "<value> <topic for the answer>"
 *   that topic       "<value>"
 *   bench/K3         "<value>", retained */
#ifndef BENCH_MQTT_H
#define BENCH_MQTT_H

#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <mosquitto.h>

enum { MQTT_QOS = 1, MQTT_TEXT = 64, MQTT_KEEPALIVE_S = 600 };

static inline void
mqtt_check(int code, const char *what)
{
	if (code != MOSQ_ERR_SUCCESS)
		errx(1, "%s: %s", what, mosquitto_strerror(code));
}

/* Connected by a unix socket, which is what port 0 means, and subscribed as soon as 'on_subscribe' is called. */
static inline struct mosquitto *
mqtt_open(const char *socket, const char *topic, void *arg,
    void (*on_message)(struct mosquitto *, void *, const struct mosquitto_message *),
    void (*on_subscribe)(struct mosquitto *, void *, int, int, const int *))
{
	struct mosquitto *mosq;

	mosquitto_lib_init();
	mosq = mosquitto_new(NULL, true, arg);
	if (mosq == NULL)
		err(1, "mosquitto_new");
	mosquitto_message_callback_set(mosq, on_message);
	mosquitto_subscribe_callback_set(mosq, on_subscribe);
	mosquitto_max_inflight_messages_set(mosq, 0); /* no limit */
	mqtt_check(mosquitto_connect(mosq, socket, 0, MQTT_KEEPALIVE_S), socket);
	mqtt_check(mosquitto_subscribe(mosq, NULL, topic, MQTT_QOS), topic);
	return mosq;
}

static inline void
mqtt_publish(struct mosquitto *mosq, const char *topic, const char *text, bool retained)
{
	mqtt_check(mosquitto_publish(mosq, NULL, topic, (int)strlen(text), text, MQTT_QOS,
		       retained),
	    topic);
}

#endif
