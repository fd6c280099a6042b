// Only comfort: without it the pages work, and reload themselves where something changes.
const wait = (seconds) => new Promise((done) => setTimeout(done, seconds * 1000));

// Shows what changes by itself, for as long as the server says that it will.
async function follow() {
  const live = document.getElementById("live");
  while (live && Number(live.dataset.refresh)) {
    await wait(Number(live.dataset.refresh));
    try {
      const answer = await fetch(location.href, { headers: { accept: "text/html" } });
      if (answer.redirected) return location.assign(answer.url);
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const next = page.getElementById("live");
      if (next && next.innerHTML !== live.innerHTML) show(live, next);
      if (next) live.dataset.refresh = next.dataset.refresh;
    } catch {
      await wait(3); // the gateway does not answer: what is shown stays
    }
  }
}

// A new state is also said, to whoever does not see it.
function show(live, next) {
  live.innerHTML = next.innerHTML;
  const said = document.getElementById("said");
  const state = live.querySelector("[data-status]")?.textContent.trim();
  if (said && state && said.textContent !== state) said.textContent = state;
}

// What the chosen goods cost; the order service has the last word.
function total() {
  const fields = [...document.querySelectorAll("input[data-price]")];
  const shown = document.getElementById("total");
  if (!shown) return;
  const count = () => {
    const chosen = fields.filter((field) => Number(field.value) > 0);
    const cents = chosen.reduce((sum, f) => sum + Math.round(Number(f.dataset.price) * 100) * Number(f.value), 0);
    const pieces = chosen.reduce((sum, field) => sum + Number(field.value), 0);
    const money = (cents / 100).toLocaleString("en", { minimumFractionDigits: 2, maximumFractionDigits: 2 });
    shown.textContent = pieces ? `${pieces} ${pieces === 1 ? "piece" : "pieces"} · ${money}` : "Nothing chosen yet";
  };
  fields.forEach((field) => field.addEventListener("input", count));
  count();
}

// A form that is under way says so, and is not sent twice.
document.addEventListener("submit", (event) => {
  const button = event.target.querySelector("button[data-busy]");
  if (!button) return;
  if (button.getAttribute("aria-busy")) return event.preventDefault();
  button.setAttribute("aria-busy", "true");
  button.textContent = button.dataset.busy;
});
addEventListener("pageshow", (event) => event.persisted && location.reload());

total();
follow();
