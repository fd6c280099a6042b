// Optional: without this script the pages work, and reload if something is going to change.
const wait = (seconds) => new Promise((done) => setTimeout(done, seconds * 1000));

// Updates the page in place until the server says that nothing more is going to change.
async function poll() {
  const live = document.getElementById("live");
  while (live && Number(live.dataset.refresh)) {
    await wait(Number(live.dataset.refresh));
    try {
      const response = await fetch(location.href, { headers: { accept: "text/html" } });
      if (response.redirected) return location.assign(response.url);
      const page = new DOMParser().parseFromString(await response.text(), "text/html");
      const next = page.getElementById("live");
      if (next && next.innerHTML !== live.innerHTML) show(live, next);
      if (next) live.dataset.refresh = next.dataset.refresh;
    } catch {
      await wait(3); // the gateway does not answer: keep the current page
    }
  }
}

// Also announces a new status to screen readers.
function show(live, next) {
  live.innerHTML = next.innerHTML;
  const announcement = document.getElementById("announcement");
  const status = live.querySelector("[data-status]")?.textContent.trim();
  if (announcement && status && announcement.textContent !== status) announcement.textContent = status;
}

// Keeps the choices in the cookie that the server reads. Fields for the choices of other pages are in the form, too.
function keep(fields) {
  const chosen = fields.filter((field) => !field.disabled && Number(field.value) > 0);
  const value = chosen.map((field) => `${field.dataset.product}.${Number(field.value)}`).join("_");
  document.cookie = `shop_basket=${value}; path=/shop; max-age=${value ? 604800 : 0}; samesite=lax`;
}

// Shows the total of the chosen items. The order service computes the actual total.
function total() {
  const fields = [...document.querySelectorAll("input[data-price]")];
  const shown = document.getElementById("total");
  if (!shown) return;
  const count = () => {
    const chosen = fields.filter((field) => Number(field.value) > 0);
    const cents = chosen.reduce((sum, f) => sum + Math.round(Number(f.dataset.price) * 100) * Number(f.value), 0);
    const pieces = chosen.reduce((sum, field) => sum + Number(field.value), 0);
    const money = (cents / 100).toLocaleString("en", { minimumFractionDigits: 2, maximumFractionDigits: 2 });
    const amount = `${money} ${shown.dataset.currency}`.trim();
    shown.textContent = pieces ? `${pieces} ${pieces === 1 ? "piece" : "pieces"} · ${amount}` : "Nothing chosen yet";
  };
  fields.forEach((field) => field.addEventListener("input", () => { count(); keep(fields); }));
  count();
}

// Marks a form as busy while it is being sent, and prevents a second submission.
document.addEventListener("submit", (event) => {
  const button = event.target.querySelector("button[data-busy]");
  if (!button) return;
  if (button.getAttribute("aria-busy")) return event.preventDefault();
  button.setAttribute("aria-busy", "true");
  button.textContent = button.dataset.busy;
});
addEventListener("pageshow", (event) => event.persisted && location.reload());

total();
poll();
