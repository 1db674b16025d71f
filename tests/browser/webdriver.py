"""Drives Chromium through ChromeDriver: as much of W3C WebDriver as the tests need, with nothing but Python's own library."""

import base64
import contextlib
import http.client
import json
import os
import re
import subprocess
import tempfile
import time

# Seconds that anything may take before a test gives up.
PATIENCE = 20

# No sandbox, as CI runs as root; and no word to anybody but the page's server.
ARGUMENTS = [
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-quic", "--no-proxy-server",
    "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--disable-extensions", "--hide-scrollbars", "--lang=en",
]

# How an element is named in JSON.
ELEMENT = "element-6066-11e4-a52e-4f735466cecf"

ENTER, SHIFT = "\ue007", "\ue008"


def eventually(what, condition):
    """Waits until `condition` returns something true, and returns that."""
    deadline = time.monotonic() + PATIENCE
    while not (result := condition()):
        if time.monotonic() > deadline:
            raise AssertionError(f"never happened: {what}")
        time.sleep(0.02)
    return result


class Driver:
    """A ChromeDriver, and all windows that it has opened, for as long as the `with` lasts."""

    def __enter__(self):
        self.stack = contextlib.ExitStack()
        self.scratch = self.stack.enter_context(tempfile.TemporaryDirectory(ignore_cleanup_errors=True))
        self.windows = 0
        self.process = subprocess.Popen(["chromedriver", "--port=0"], stdout=subprocess.PIPE, text=True)
        self.stack.callback(self.stop)
        for line in self.process.stdout:
            if started := re.search(r"started successfully on port (\d+)", line):
                self.port = int(started[1])
                return self
        raise AssertionError("chromedriver does not start")

    def __exit__(self, *_):
        self.stack.close()

    def stop(self):
        # A browser whose driver has gone goes, too.
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()

    def window(self):
        """A new window, of a browser of its own with an empty profile."""
        self.windows += 1
        profile = os.path.join(self.scratch, f"profile-{self.windows}")
        options = {"args": [*ARGUMENTS, f"--user-data-dir={profile}", "--window-size=900,760"]}
        wanted = {"browserName": "chrome", "goog:chromeOptions": options, "goog:loggingPrefs": {"browser": "ALL"}}
        session = self.ask("POST", "/session", {"capabilities": {"alwaysMatch": wanted}})
        window = Window(self, f"/session/{session['sessionId']}")
        self.stack.callback(window.close)
        return window

    def ask(self, method, path, body=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=3 * PATIENCE)
        with contextlib.closing(connection):
            connection.request(method, path, json.dumps(body) if method == "POST" else None)
            response = connection.getresponse()
            value = json.loads(response.read())["value"]
        if response.status != 200:
            raise AssertionError(f"{method} {path}: {value['error']}: {value['message']}")
        return value


class Window:
    """A window of a browser. Elements are named by CSS selectors."""

    def __init__(self, driver, session):
        self.driver = driver
        self.session = session

    def ask(self, command, **body):
        return self.driver.ask("POST", self.session + command, body)

    def open(self, url):
        self.ask("/url", url=url)

    def close(self):
        self.driver.ask("DELETE", self.session)

    def run(self, script, *arguments):
        """What the body of a JavaScript function returns."""
        return self.ask("/execute/sync", script=script, args=arguments)

    def element(self, selector):
        found = self.ask("/element", using="css selector", value=selector)
        return f"/element/{found[ELEMENT]}"

    def type(self, selector, text):
        """Presses one key after the other, as a user does."""
        self.ask(self.element(selector) + "/value", text=text)

    def fill(self, selector, text):
        self.ask(self.element(selector) + "/clear")
        self.type(selector, text)

    def click(self, selector):
        self.ask(self.element(selector) + "/click")

    def texts(self, selector):
        """The visible texts of all such elements."""
        return self.run("return [...document.querySelectorAll(arguments[0])].map(element => element.innerText)", selector)

    def value(self, selector):
        return self.run("return document.querySelector(arguments[0]).value", selector)

    def is_visible(self, selector):
        return self.run("return document.querySelector(arguments[0]).checkVisibility()", selector)

    def console(self):
        """What was written on the console since the last look."""
        return [entry["message"] for entry in self.ask("/se/log", type="browser")]

    def emulate(self, command, **parameters):
        """A command of the DevTools protocol."""
        self.ask("/goog/cdp/execute", cmd=command, params=parameters)

    def screenshot(self, path):
        with open(path, "wb") as file:
            file.write(base64.b64decode(self.driver.ask("GET", self.session + "/screenshot")))
