/* mqtt_load.c: a client of an MQTT broker (mqtt.h) by libmosquitto, as others.c drives it. */
#include "mqtt.h"
#include "others.h"

#include <unistd.h>

struct peer {
	struct mosquitto *mosq;
	char answers[MQTT_TEXT]; /* the topic for them */
	int asks, ready;
};

static void
on_message(struct mosquitto *mosq, void *arg, const struct mosquitto_message *message)
{
	struct peer *peer = arg;
	char text[MQTT_TEXT];

	(void)mosq;
	snprintf(text, sizeof text, "%.*s", message->payloadlen, (char *)message->payload);
	(peer->asks ? others_answered : others_saw)(atol(text));
}

static void
on_subscribe(struct mosquitto *mosq, void *arg, int mid, int count, const int *granted)
{
	struct peer *peer = arg;

	(void)mosq, (void)mid, (void)count, (void)granted;
	peer->ready = 1;
}

void
peer_flush(struct peer *peer)
{
	while (mosquitto_want_write(peer->mosq))
		mqtt_check(mosquitto_loop_write(peer->mosq, 1), "write");
}

static void
on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct peer *peer = arg;

	(void)fd, (void)what;
	mqtt_check(mosquitto_loop_read(peer->mosq, 1), "read");
	peer_flush(peer);
}

struct peer *
peer_open(struct event_base *base, const char *socket, int asks)
{
	struct peer *peer = others_new(sizeof *peer);

	peer->asks = asks;
	snprintf(peer->answers, sizeof peer->answers, "answers/%ld", (long)getpid());
	peer->mosq =
	    mqtt_open(socket, asks ? peer->answers : "bench/+", peer, on_message, on_subscribe);
	while (!peer->ready)
		mqtt_check(mosquitto_loop(peer->mosq, -1, 1), socket);
	others_listen(base, mosquitto_socket(peer->mosq), on_readable, peer);
	return peer;
}

void
peer_ask(struct peer *peer, long keyword, long value)
{
	char topic[MQTT_TEXT], text[2 * MQTT_TEXT];

	snprintf(topic, sizeof topic, "bench/K%ld/modify", keyword);
	snprintf(text, sizeof text, "%ld %s", value, peer->answers);
	mqtt_publish(peer->mosq, topic, text, false);
}
