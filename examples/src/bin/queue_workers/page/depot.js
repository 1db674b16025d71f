import { fill, follow, post } from "/server.js";

const [delivery, room, shelf, ramp, packed, packers, packer] = [
  "delivery", "room", "shelf", "ramp", "packed", "packers", "packer",
].map((id) => document.getElementById(id));

const parcels = (count) => (count === 1 ? "1 parcel" : `${count} parcels`);

delivery.addEventListener("submit", (event) => {
  event.preventDefault();
  post("/deliveries", new FormData(delivery));
});

function show(state) {
  room.textContent = `${state.on_shelf} of ${state.room}`;
  while (shelf.children.length < state.room) shelf.append(document.createElement("li"));
  [...shelf.children].forEach((place, index) => place.classList.toggle("full", index < state.on_shelf));
  ramp.textContent = state.at_ramp ? `${parcels(state.at_ramp)} at the ramp, until there is room` : "Nothing at the ramp";
  ramp.classList.toggle("waits", state.at_ramp > 0);
  packed.textContent = `${parcels(state.packed)} packed`;
  fill(packers, packer, state.packers, showPacker);
}

function showPacker(element, { id, parcel, part, packed }) {
  element.querySelector(".name").textContent = id;
  element.querySelector(".count").textContent = packed;
  const what = element.querySelector(".what");
  what.textContent = parcel ? `Parcel ${parcel.number}` : "Waits for a parcel";
  what.toggleAttribute("data-class", Boolean(parcel));
  if (parcel) what.dataset.class = parcel.class;
  let bar = element.querySelector(".bar");
  if (bar.dataset.parcel !== String(parcel?.number)) {
    // A fresh one, which does not run backwards to its beginning.
    const fresh = bar.cloneNode();
    bar.replaceWith(fresh);
    bar = fresh;
    bar.dataset.parcel = String(parcel?.number);
  }
  bar.style.setProperty("--part", part);
}

follow("/state", show);
