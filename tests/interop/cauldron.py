"""A client of Cauldron's Redis backend and its watcher, written anew from what they do on the wire.
They know nothing of credis: keys, channels and who waits for what are theirs."""

import threading
import time

PREFIX = "Cauldron.redis.common"


class Refused(Exception):
    """What the client raises: the text of P:error."""


class Client:
    def __init__(self, connection, service="demo", prefix=PREFIX, limit=20.0):
        self.redis = connection
        self.prefix = prefix
        self.service = service
        self.limit = limit

    def key(self, keyword, part=""):
        return f"{self.prefix}.{self.service}.{keyword.upper()}{part}"

    def wait_status(self, keyword, *wanted):
        """The status, once it is one of those wanted: asks first, then after each event."""
        deadline = time.monotonic() + self.limit
        with self.redis.pubsub() as events:
            events.psubscribe(f"__keyspace@*__:{self.key(keyword, ':status')}")
            while True:
                status = self.redis.get(self.key(keyword, ":status"))
                if status in wanted:
                    return status
                if time.monotonic() > deadline:
                    raise TimeoutError(f"{keyword} stays {status}")
                # Also without an event: the subscription may have come too late for it.
                events.get_message(timeout=0.02)

    def modify(self, keyword, text):
        self.redis.set(self.key(keyword, ":status"), "modify")
        self.redis.publish(self.key(keyword), text)
        status = self.wait_status(keyword, "ready", "error")
        error = self.redis.get(self.key(keyword, ":error")) if status == "error" else None
        self.redis.set(self.key(keyword, ":status"), "ready")
        if status == "error":
            raise Refused(error)

    def read(self, keyword):
        self.wait_status(keyword, "ready")
        return self.redis.get(self.key(keyword))

    def has_keyword(self, keyword):
        return bool(self.redis.exists(self.key(keyword)))

    def keywords(self):
        front = f"{self.prefix}.{self.service}."
        return sorted(name[len(front):] for name in self.redis.keys(front + "*")
                      if not name.endswith((":status", ":error")))


class Watcher:
    """Reads a keyword at each event of it, as the original does: from inside the callback."""

    def __init__(self, connection, keyword, service="demo"):
        self.client = Client(connection, service)
        self.keyword = keyword
        self.seen = []
        self.closing = False
        self.events = connection.pubsub()
        self.events.psubscribe(f"__keyspace@*__:{self.client.key(keyword)}")
        assert self.events.get_message(timeout=20)["type"] == "psubscribe"
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self):
        while not self.closing:
            message = self.events.get_message(timeout=0.1)
            if message is not None and message["data"] == "set":
                self.seen.append(self.client.read(self.keyword))

    def close(self):
        self.closing = True
        self.thread.join(20)
        self.events.close()
