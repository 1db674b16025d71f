"""What Tornado's own chat demo does, for the benchmark: the last 200 messages, a Condition, and cursors that are the ids of messages.

As there, a question without an answer waits for ever, and a client that leaves cancels its wait. Neither the access log nor XSRF
tokens are on, which would only cost it time. Only what a browser sees is missing: the page, and each message as HTML.
"""

import asyncio
import collections
import uuid

import tornado
from tornado.options import define, options, parse_command_line

define("port", default=8888, type=int)


class Room:
    def __init__(self):
        self.messages = collections.deque(maxlen=200)
        self.arrival = tornado.locks.Condition()

    def say(self, message):
        self.messages.append(message)
        self.arrival.notify_all()

    def after(self, cursor):
        newer = []
        for message in reversed(self.messages):
            if message["id"] == cursor:
                break
            newer.insert(0, message)
        return newer


class Handler(tornado.web.RequestHandler):
    def initialize(self, room):
        self.room = room


class New(Handler):
    def post(self):
        message = {"id": str(uuid.uuid4()), "name": self.get_argument("name"), "body": self.get_argument("body")}
        self.write(message)
        self.room.say(message)


class Updates(Handler):
    waiting = None

    async def post(self):
        cursor = self.get_argument("cursor", None)
        while not (messages := self.room.after(cursor)):
            self.waiting = self.room.arrival.wait()
            try:
                await self.waiting
            except asyncio.CancelledError:
                return
        self.write({"messages": messages})

    def on_connection_close(self):
        if self.waiting:
            self.waiting.cancel()


async def main():
    parse_command_line()
    room = {"room": Room()}
    handlers = [("/a/message/new", New, room), ("/a/message/updates", Updates, room)]
    tornado.web.Application(handlers, log_function=lambda _: None).listen(options.port, "127.0.0.1")
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main())
