// Asks the server again and again for what is new, and shows it. Whatever comes from others is only ever put into the page as text.

const MOST_SHOWN = 500;

// Milliseconds between two attempts to reach the server: each pause is twice the one before.
const SHORTEST_PAUSE = 500;
const LONGEST_PAUSE = 15_000;

// More than the server lets a question wait.
const POLL_TIMEOUT = 70_000;
const SEND_TIMEOUT = 10_000;

// Messages that follow each other so soon, in milliseconds, share a name and a time.
const TOGETHER = 5 * 60_000;

const WINDS = [
  "Alizé", "Bora", "Brisa", "Chinook", "Etesian", "Föhn", "Gregale", "Haboob", "Khamsin", "Leveche", "Levanter", "Libeccio",
  "Meltemi", "Mistral", "Ostro", "Pampero", "Puelche", "Simoom", "Sirocco", "Tramontane", "Williwaw", "Zephyr", "Zonda",
];

const [status, retry, scroller, empty, messages, latest, composer, problem, name, body, template] = [
  "status", "retry", "scroller", "empty", "messages", "latest", "composer", "problem", "name", "body", "message",
].map((id) => document.getElementById(id));

// The id of the last message that was seen.
let cursor = 0;
// Done when nothing is on its way to the server.
let sending = Promise.resolve();
let unread = 0;
// Whether the newest message is in sight, or was before the window changed its size.
let isAtEnd = true;
// What is known of the last message shown.
let previous = { author: "", time: 0 };
// The ids of what this window has said; they and its name live as long as the window.
const own = new Set(JSON.parse(sessionStorage.getItem("own") ?? "[]"));

async function post(action, fields, timeout) {
  const response = await fetch(`/a/message/${action}`, {
    method: "POST",
    headers: { Accept: "application/json" },
    body: new URLSearchParams(fields),
    signal: AbortSignal.timeout(timeout),
  }).catch(() => {
    throw new Error("the server cannot be reached");
  });
  const reply = await response.json();
  if (!response.ok) throw new Error(reply.reason);
  return reply;
}

// Listening

async function listen() {
  let pause = SHORTEST_PAUSE;
  let isReached = false;
  for (;;) {
    try {
      // After a pause the question is whether the server is there, so it should not wait.
      const question = isReached ? { cursor } : { cursor, wait: 0 };
      const reply = await post("updates", question, POLL_TIMEOUT);
      // Once a message has got through, it is known to be ours.
      await sending;
      show(reply.messages);
      tell("online");
      isReached = true;
      pause = SHORTEST_PAUSE;
    } catch {
      isReached = false;
      tell("offline");
      await rest(pause);
      tell("connecting");
      pause = Math.min(2 * pause, LONGEST_PAUSE);
    }
  }
}

// Waits, a little more or less so that not all windows come back at once; or until there is a reason to hope.
function rest(pause) {
  return new Promise((resolve) => {
    const over = new AbortController();
    const end = () => {
      clearTimeout(timer);
      over.abort();
      resolve();
    };
    const timer = setTimeout(end, pause * (0.75 + Math.random() / 2));
    retry.addEventListener("click", end, { signal: over.signal });
    addEventListener("online", end, { signal: over.signal });
    document.addEventListener("visibilitychange", () => document.hidden || end(), { signal: over.signal });
  });
}

function tell(state) {
  const texts = { online: "Connected", offline: "Connection lost, trying again", connecting: "Connecting…" };
  document.documentElement.dataset.state = state;
  if (status.textContent !== texts[state]) status.textContent = texts[state];
  retry.hidden = state !== "offline";
}

// Showing

function show(news) {
  for (const message of news) {
    cursor = message.id;
    messages.append(element(message));
  }
  while (messages.childElementCount > MOST_SHOWN) messages.firstElementChild.remove();
  empty.hidden = messages.childElementCount > 0;
  if (messages.ariaBusy === "true") {
    messages.ariaBusy = "false";
  } else if (document.hidden) {
    count(unread + news.filter(({ id }) => !own.has(id)).length);
  }
  if (isAtEnd || news.some(({ id }) => own.has(id))) {
    scrollToEnd();
  } else if (news.length > 0) {
    latest.hidden = false;
  }
}

function element({ id, name: author, body: text }) {
  const item = template.content.firstElementChild.cloneNode(true);
  const time = id / 1000;
  const date = new Date(time);
  const isMore = author === previous.author && time - previous.time < TOGETHER;
  previous = { author, time };
  item.dataset.id = id;
  item.classList.toggle("own", own.has(id));
  item.classList.toggle("more", isMore);
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
  isAtEnd = true;
  latest.hidden = true;
}

function count(messages) {
  unread = messages;
  document.title = unread > 0 ? `(${unread}) gustnado chat` : "gustnado chat";
}

latest.addEventListener("click", scrollToEnd);
scroller.addEventListener("scroll", () => {
  isAtEnd = scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight < 40;
  if (isAtEnd) latest.hidden = true;
});
new ResizeObserver(() => isAtEnd && scrollToEnd()).observe(scroller);
document.addEventListener("visibilitychange", () => document.hidden || count(0));

// Saying

async function say(author, text) {
  try {
    const { id } = await post("new", { name: author, body: text }, SEND_TIMEOUT);
    own.add(id);
    sessionStorage.setItem("own", JSON.stringify([...own].slice(-MOST_SHOWN)));
    problem.hidden = true;
  } catch (error) {
    // Back into the box, so that it can be tried again.
    body.value = body.value === "" ? text : `${text}\n${body.value}`;
    problem.textContent = `Your message was not sent: ${error.message}`;
    problem.hidden = false;
  }
}

composer.addEventListener("submit", (event) => {
  event.preventDefault();
  const text = body.value.trim();
  if (text === "") return;
  body.value = "";
  body.focus();
  const author = name.value;
  sending = sending.then(() => say(author, text));
});

body.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
    event.preventDefault();
    composer.requestSubmit();
  }
});

name.value = sessionStorage.getItem("name") ?? WINDS[Math.floor(Math.random() * WINDS.length)];
name.addEventListener("input", () => sessionStorage.setItem("name", name.value));
name.addEventListener("keydown", (event) => {
  if (event.key === "Enter") {
    event.preventDefault();
    body.focus();
  }
});

body.focus();
listen();
