// How the pages speak with the server: they look at what it says again and again, and post what the user does.

const PERIOD = 400;
const LONGEST_PAUSE = 5_000;
const TIMEOUT = 10_000;

const status = document.getElementById("status");
const problem = document.getElementById("problem");

async function ask(path, options) {
  const response = await fetch(path, {
    headers: { Accept: "application/json" },
    signal: AbortSignal.timeout(TIMEOUT),
    ...options,
  }).catch(() => {
    throw new Error("the server cannot be reached");
  });
  const reply = await response.json();
  if (!response.ok) throw new Error(reply.reason);
  return reply;
}

// Whether somebody wants to know at once.
let hurry = () => {};

// Shows what `path` says, for as long as the window is open.
export async function follow(path, show) {
  let pause = PERIOD;
  for (;;) {
    try {
      show(await ask(path));
      tell("online", "Connected");
      pause = PERIOD;
    } catch (error) {
      tell("offline", "Not connected");
      pause = Math.min(2 * pause, LONGEST_PAUSE);
      console.warn(error);
    }
    await new Promise((resolve) => {
      hurry = resolve;
      setTimeout(resolve, pause);
    });
  }
}

// Posts a form's fields, and looks at once what came of it. What the server refuses is told on the page.
export async function post(path, fields = {}) {
  try {
    const reply = await ask(path, { method: "POST", body: new URLSearchParams(fields) });
    problem.hidden = true;
    hurry();
    return reply;
  } catch (error) {
    problem.textContent = error.message;
    problem.hidden = false;
    return null;
  }
}

// Makes `list` show `items`, each in a copy of `template` that is kept as long as its `id` is there.
export function fill(list, template, items, show) {
  const known = new Map([...list.children].map((element) => [element.dataset.id, element]));
  items.forEach((item, position) => {
    const id = String(item.id);
    const element = known.get(id) ?? template.content.firstElementChild.cloneNode(true);
    known.delete(id);
    element.dataset.id = id;
    show(element, item);
    if (list.children[position] !== element) list.insertBefore(element, list.children[position] ?? null);
  });
  for (const element of known.values()) element.remove();
}

function tell(state, text) {
  if (document.documentElement.dataset.state === state) return;
  document.documentElement.dataset.state = state;
  status.textContent = text;
}
