import { fill, follow } from "/server.js";

const [upload, problem, none, files, row] = ["upload", "problem", "none", "files", "row"].map((id) =>
  document.getElementById(id),
);

upload.addEventListener("submit", async (event) => {
  event.preventDefault();
  const button = upload.querySelector("button");
  button.disabled = true;
  try {
    // However long that takes.
    const options = { method: "POST", body: new FormData(upload), headers: { Accept: "application/json" } };
    const response = await fetch("/files", options);
    if (!response.ok) throw new Error((await response.json()).reason);
    upload.reset();
    problem.hidden = true;
  } catch (error) {
    problem.textContent = error.message;
    problem.hidden = false;
  }
  button.disabled = false;
});

function show(stored) {
  none.hidden = stored.length > 0;
  fill(files, row, stored, (element, { id, name, length }) => {
    const link = element.querySelector(".name");
    link.textContent = name || "without a name";
    link.href = `/files/${id}`;
    element.querySelector(".note").textContent = `${length.toLocaleString("en")} bytes`;
  });
}

follow("/files", show);
