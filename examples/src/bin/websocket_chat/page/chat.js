// Hears over a WebSocket what is said, and shows it. Whatever comes from others is only ever put into the page as text.

const MOST_SHOWN = 500;

// Milliseconds between two attempts to reach the server: each pause is twice the one before.
const SHORTEST_PAUSE = 500;
const LONGEST_PAUSE = 15_000;

// Messages that follow each other so soon, in milliseconds, share a name and a time.
const TOGETHER = 5 * 60_000;

const WINDS = ["Alizé", "Bora", "Brisa", "Chinook", "Föhn", "Khamsin", "Meltemi", "Mistral", "Sirocco", "Zephyr", "Zonda"];

const [status, retry, scroller, empty, messages, latest, composer, problem, name, body, template] = [
  "status", "retry", "scroller", "empty", "messages", "latest", "composer", "problem", "name", "body", "message",
].map((id) => document.getElementById(id));

// What this window calls itself; that and its name live as long as the window.
const own = sessionStorage.getItem("window") ?? crypto.randomUUID();
sessionStorage.setItem("window", own);

let socket;
let pause = SHORTEST_PAUSE;
let timer;
let previous = { author: "", time: 0 };

// Listening

function connect() {
  clearTimeout(timer);
  tell("connecting");
  const url = new URL("/chatsocket", location.href);
  url.protocol = url.protocol.replace("http", "ws");
  socket = new WebSocket(url);
  socket.addEventListener("message", ({ data }) => hear(JSON.parse(data)));
  socket.addEventListener("close", () => {
    tell("offline");
    // A little more or less, so that not all windows come back at once.
    timer = setTimeout(connect, pause * (0.75 + Math.random() / 2));
    pause = Math.min(2 * pause, LONGEST_PAUSE);
  });
}

function hear(told) {
  if (told.problem) return complain(told.problem);
  if (document.documentElement.dataset.state !== "online") {
    // The first message on a connection is everything that was said before.
    tell("online");
    pause = SHORTEST_PAUSE;
    previous = { author: "", time: 0 };
    messages.replaceChildren();
  }
  const isAtEnd = scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight < 40;
  messages.append(...told.messages.map(element));
  while (messages.childElementCount > MOST_SHOWN) messages.firstElementChild.remove();
  messages.ariaBusy = "false";
  empty.hidden = messages.childElementCount > 0;
  if (isAtEnd || told.messages.some(({ window }) => window === own)) {
    scrollToEnd();
  } else if (told.messages.length > 0) {
    latest.hidden = false;
  }
}

function tell(state) {
  const texts = { online: "Connected", offline: "Connection lost, trying again", connecting: "Connecting…" };
  document.documentElement.dataset.state = state;
  status.textContent = texts[state];
  retry.hidden = state !== "offline";
}

// Showing

function element({ time, name: author, body: text, window }) {
  const item = template.content.firstElementChild.cloneNode(true);
  const date = new Date(time);
  item.classList.toggle("own", window === own);
  item.classList.toggle("more", author === previous.author && time - previous.time < TOGETHER);
  previous = { author, time };
  item.style.setProperty("--hue", hue(author));
  item.querySelector(".avatar").textContent = [...author][0].toLocaleUpperCase();
  item.querySelector(".author").textContent = author;
  item.querySelector(".text").textContent = text;
  const clock = item.querySelector("time");
  clock.dateTime = date.toISOString();
  clock.textContent = date.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
  clock.title = date.toLocaleString();
  return item;
}

// A colour for a name, in degrees.
function hue(author) {
  let hash = 7;
  for (const character of author) hash = (hash * 31 + character.codePointAt(0)) % 9973;
  return (hash * 137.508) % 360;
}

function scrollToEnd() {
  scroller.scrollTop = scroller.scrollHeight;
  latest.hidden = true;
}

function complain(text) {
  problem.textContent = `Your message was not sent: ${text}`;
  problem.hidden = false;
}

// Saying

composer.addEventListener("submit", (event) => {
  event.preventDefault();
  const text = body.value.trim();
  if (text === "") return;
  if (socket.readyState !== WebSocket.OPEN) return complain("the server cannot be reached");
  socket.send(JSON.stringify({ name: name.value, body: text, window: own }));
  problem.hidden = true;
  body.value = "";
  body.focus();
});

body.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
    event.preventDefault();
    composer.requestSubmit();
  }
});

latest.addEventListener("click", scrollToEnd);
retry.addEventListener("click", connect);

name.value = sessionStorage.getItem("name") ?? WINDS[Math.floor(Math.random() * WINDS.length)];
name.addEventListener("input", () => sessionStorage.setItem("name", name.value));

body.focus();
connect();
