/* mqtt_null.c: owns bench/K<n> on an MQTT broker (mqtt.h): takes a request, publishes its value, answers. Checks
 * nothing. The answer does not wait for the broker's PUBACK of the value: a broker keeps the order of a connection.
 * Says "ready" when it hears requests. mqtt_null SOCKET */
#include "mqtt.h"

static void
on_request(struct mosquitto *mosq, void *arg, const struct mosquitto_message *message)
{
	char request[MQTT_TEXT], keyword[MQTT_TEXT], *value = request, *to;

	(void)arg;
	snprintf(request, sizeof request, "%.*s", message->payloadlen, (char *)message->payload);
	snprintf(keyword, sizeof keyword, "%.*s",
	    (int)(strrchr(message->topic, '/') - message->topic), message->topic);
	to = strchr(request, ' ');
	if (to == NULL)
		return;
	*to++ = '\0';
	mqtt_publish(mosq, keyword, value, true);
	mqtt_publish(mosq, to, value, false);
}

static void
on_subscribe(struct mosquitto *mosq, void *arg, int mid, int count, const int *granted)
{
	(void)mosq, (void)arg, (void)mid, (void)count, (void)granted;
	puts("ready");
	fflush(stdout);
}

int
main(int argc, char **argv)
{
	struct mosquitto *mosq;

	if (argc != 2)
		errx(2, "usage: mqtt_null SOCKET");
	mosq = mqtt_open(argv[1], "bench/+/modify", NULL, on_request, on_subscribe);
	mqtt_check(mosquitto_loop_forever(mosq, -1, 1), argv[1]);
}
