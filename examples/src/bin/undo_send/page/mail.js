import { fill, follow, post } from "/server.js";

const [mail, none, mails, row] = ["mail", "none", "mails", "row"].map((id) => document.getElementById(id));

const BADGES = {
  waiting: ["waiting", ({ left }) => `Leaves in ${Math.ceil(left)} s`],
  sent: ["done", () => "Sent"],
  undone: ["", () => "Called back"],
};

mail.addEventListener("submit", async (event) => {
  event.preventDefault();
  if (await post("/send", new FormData(mail))) mail.reset();
});

async function undo(id) {
  const draft = await post(`/undo/${id}`);
  if (!draft) return;
  // What is being written is not lost for it.
  if (![...new FormData(mail).values()].some(Boolean)) {
    for (const [name, value] of Object.entries(draft)) mail.elements[name].value = value;
  }
  mail.elements.body.focus();
}

function show(state) {
  none.hidden = state.mails.length > 0;
  fill(mails, row, state.mails, showMail);
}

function showMail(element, summary) {
  element.querySelector(".subject").textContent = summary.subject;
  element.querySelector(".to").textContent = `to ${summary.to}`;
  const [is, text] = BADGES[summary.state];
  const badge = element.querySelector(".badge");
  badge.dataset.is = is;
  badge.textContent = text(summary);
  const isWaiting = summary.state === "waiting";
  const button = element.querySelector(".undo");
  button.hidden = !isWaiting;
  button.onclick = () => undo(summary.id);
  const bar = element.querySelector(".bar");
  bar.hidden = !isWaiting;
  bar.style.setProperty("--part", summary.part);
}

follow("/mails", show);
