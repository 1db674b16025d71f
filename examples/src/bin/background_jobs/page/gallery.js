import { fill, follow, post } from "/server.js";

const [order, none, pictures, frame] = ["order", "none", "pictures", "frame"].map((id) => document.getElementById(id));
const FIGURES = ["queued", "running", "pausing", "done", "failed"].map((id) => document.getElementById(id));

const STATES = { queued: "Queued", running: "Being painted", waiting: "To be retried", done: "Done", failed: "Given up" };

// The names in the form are those of the page.
const title = (name, value) => order.elements[name].querySelector(`[value="${value}"]`).textContent;

order.addEventListener("submit", (event) => {
  event.preventDefault();
  post("/pictures", new FormData(order));
});

function show(state) {
  for (const figure of FIGURES) figure.textContent = state[figure.id];
  none.hidden = state.pictures.length > 0;
  fill(pictures, frame, state.pictures, showPicture);
}

function showPicture(element, { id, motif, temper, state, attempts }) {
  element.dataset.is = state;
  element.querySelector(".what").textContent = title("motif", motif);
  const badge = element.querySelector(".badge");
  badge.dataset.is = state;
  badge.textContent = STATES[state];
  const painter = title("temper", temper).split(":")[0];
  const tries = attempts === 1 ? "1 attempt" : `${attempts} attempts`;
  element.querySelector(".note").textContent = attempts ? `${painter} painter, ${tries}` : `${painter} painter`;
  const image = element.querySelector("img");
  if (state === "done" && image.hidden) {
    image.src = `/pictures/${id}`;
    image.alt = `The Julia set ${title("motif", motif)}`;
    image.hidden = false;
  }
}

follow("/pictures", show);
