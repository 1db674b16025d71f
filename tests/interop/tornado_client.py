"""Tornado's client, for a server of ours: does what a line of JSON says, and tells in another what has come of it."""

import asyncio
import hashlib
import json
import socket
import sys

import tornado.httpclient
import tornado.netutil
import tornado.simple_httpclient


class UnixResolver(tornado.netutil.Resolver):
    """Every name is one Unix socket."""

    def initialize(self, path):
        self.path = path

    async def resolve(self, host, port, family=socket.AF_UNSPEC):
        return [(socket.AF_UNIX, self.path)]


def client(order):
    options = {"force_instance": True, "max_clients": 50, "max_body_size": 1 << 30}
    if order.get("unix_socket"):
        options["resolver"] = UnixResolver(path=order["unix_socket"])
    return tornado.simple_httpclient.SimpleAsyncHTTPClient(**options)


def request(order):
    options = dict(order.get("options", {}))
    if "ca_certs" in order:
        options["ca_certs"] = order["ca_certs"]
    if "pieces" in order:
        async def produce(write):
            for _ in range(order["pieces"]):
                await write(b"a" * 10_000)
        options["body_producer"] = produce
    return tornado.httpclient.HTTPRequest(order["url"], **options)


async def fetch(order):
    http = client(order)
    fetches = [http.fetch(request(order), raise_error=False) for _ in range(order.get("times", 1))]
    responses = await asyncio.gather(*fetches)
    http.close()
    return [{"code": response.code, "reason": response.reason, "url": response.effective_url,
             "headers": list(response.headers.get_all()), "length": len(response.body),
             "sha256": hashlib.sha256(response.body).hexdigest(),
             "text": response.body[:10_000].decode()} for response in responses]


for line in sys.stdin:
    print(json.dumps(asyncio.run(fetch(json.loads(line)))), flush=True)
