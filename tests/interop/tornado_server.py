"""Tornado as the server that our client asks. Says its port, listens on the Unix socket of its argument, too, and ends with its
standard input."""

import asyncio
import json
import sys

import tornado.httpserver
import tornado.netutil
import tornado.web


class Index(tornado.web.RequestHandler):
    """What has arrived."""

    SUPPORTED_METHODS = (*tornado.web.RequestHandler.SUPPORTED_METHODS, "PURGE")

    def get(self):
        self.write({"method": self.request.method, "uri": self.request.uri, "body": self.request.body.decode(),
                    "headers": list(self.request.headers.get_all())})

    post = put = patch = delete = options = head = purge = get


class Form(tornado.web.RequestHandler):
    def post(self):
        file = self.request.files["file"][0]
        self.write({"text": self.get_argument("text"), "filename": file.filename, "type": file.content_type,
                    "file": file.body.decode()})


@tornado.web.stream_request_body
class Length(tornado.web.RequestHandler):
    def prepare(self):
        self.request.connection.set_max_body_size(1 << 30)
        self.length = 0

    def data_received(self, chunk):
        self.length += len(chunk)

    def put(self):
        self.write(str(self.length))


class Chunks(tornado.web.RequestHandler):
    async def get(self, count):
        for _ in range(int(count) // 10_000):
            self.write(b"0123456789" * 1000)
            await self.flush()


class Redirect(tornado.web.RequestHandler):
    def get(self, status, count):
        count = int(count)
        self.redirect(f"/redirect/{status}/{count - 1}" if count else "/", status=int(status))

    post = get


class Cookie(tornado.web.RequestHandler):
    def get(self):
        self.set_cookie("a", "b")
        self.set_cookie("d", "e", path="/cookie")
        self.write("set")


async def main():
    application = tornado.web.Application([
        ("/", Index), ("/form", Form), ("/length", Length), ("/chunks/([0-9]+)", Chunks), ("/cookie", Cookie),
        ("/redirect/([0-9]+)/([0-9]+)", Redirect),
    ], compress_response=True)
    server = tornado.httpserver.HTTPServer(application)
    [socket] = tornado.netutil.bind_sockets(0, "127.0.0.1")
    server.add_socket(socket)
    server.add_socket(tornado.netutil.bind_unix_socket(sys.argv[1]))
    print(json.dumps(socket.getsockname()[1]), flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


asyncio.run(main())
