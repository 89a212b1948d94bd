"""A client of the wire itself: writes headers by hand, reads answers as they come."""

import secrets
import time

from harness.waiting import LIMIT, wait_for


def parse_answers(payload):
    """The messages of one payload: a dict of fields each, with the body under "body"."""
    answers = []
    while payload:
        header, _, rest = payload.partition(b"\n")
        assert header.startswith(b"@"), payload
        fields = dict(field.decode().split("=", 1) for field in header[1:].split(b" ") if field)
        length = int(fields["len"]) if "len" in fields else len(rest)
        fields["body"] = rest[:length].decode()
        answers.append(fields)
        payload = rest[length:]
    return answers


class Peer:
    """peer.ask("demo.POS", "4") publishes a MODIFY and returns its final answer."""

    def __init__(self, redis, service="demo"):
        self.connection = redis.connection(decode_responses=False)
        self.service = service
        self.name = secrets.token_hex(16)
        self.next_id = 1
        self.answers = {}
        self.subscribe()

    def subscribe(self):
        self.pubsub = self.connection.pubsub(ignore_subscribe_messages=True)
        self.pubsub.subscribe(f"credis:answer:{self.name}")
        wait_for(lambda: self.pubsub.subscribed and self.pump() is None, what="answer channel is subscribed")

    def pump(self):
        """Takes in what has come."""
        while (message := self.pubsub.get_message(timeout=0.001)) is not None:
            if message["type"] != "message":
                continue
            for answer in parse_answers(message["data"]):
                self.answers.setdefault(int(answer["id"]), []).append(answer)

    def header(self, number=None, expires=60.0, sent=None, **more):
        """A header line; 'expires' counts from now; None leaves a field out."""
        if number is None:
            number = self.next_id
            self.next_id += 1
        now = time.time()
        fields = {"id": number, "to": self.name, "sent": f"{now if sent is None else sent:.6f}",
                  "expires": None if expires is None else f"{now + expires:.6f}", "from": "test@here:1"}
        fields.update({name.replace("_", "-"): value for name, value in more.items()})
        text = " ".join(f"{name}={value}" for name, value in fields.items() if value is not None)
        return number, f"@{text}\n".encode()

    def channel(self, keyword, verb="modify"):
        return f"credis:{{{self.service}}}:{keyword}:{verb}" if keyword else f"credis:{{{self.service}}}:{verb}"

    def send(self, keyword, text="", verb="modify", **fields):
        number, header = self.header(**fields)
        body = text if isinstance(text, bytes) else text.encode()
        self.connection.publish(self.channel(keyword, verb), header + body)
        return number

    def send_set(self, pairs, atomic=True, **fields):
        """Several MODIFYs in one payload on the channel of the service."""
        payload, numbers = b"", []
        for keyword, text in pairs:
            more = {"group": 1, "of": len(pairs)} if atomic else {}
            number, header = self.header(key=keyword, len=len(text.encode()), **{**more, **fields})
            payload += header + text.encode()
            numbers.append(number)
        self.connection.publish(self.channel(None), payload)
        return numbers

    def finals(self, number):
        return [answer for answer in self.answers.get(number, []) if answer["is"] != "accepted"]

    def final(self, number, count=1, limit=LIMIT):
        """The final answer, or the count-th one."""
        def came():
            self.pump()
            return len(self.finals(number)) >= count
        wait_for(came, limit, lambda: f"final answer {count} to {number}; got {self.answers}")
        return self.finals(number)[count - 1]

    def ask(self, keyword, text="", **fields):
        return self.final(self.send(keyword, text, **fields))

    def barrier(self):
        """Everything sent before has been dealt with."""
        self.ask("DISPSTATE", verb="read")

    def close(self):
        self.pubsub.close()
        self.connection.close()
