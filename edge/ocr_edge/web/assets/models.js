import { showCard } from "/card.js";
import { clock, element, fetched, get, pause, percent, watchState } from "/common.js";

const STEPS = { receiving: "It is received", proving: "It is proven", switching: "The daemon takes it", "taking it back": "It is taken back" };
const BUSY_MS = 500, IDLE_MS = 5000; // between two looks at the bundles
let told = null;
let card = ""; // whose card is shown
let sending = false;

function megabytes(size) {
  return `${(size / 1e6).toFixed(1)} MB`;
}

function busy() {
  return sending || Boolean(told && told.change && told.change.step in STEPS);
}

function facts(bundle) {
  const correct = bundle.correct === null ? [] : [["Correct then", `${(100 * bundle.correct).toFixed(1)} % of ${bundle.n} glyphs`]];
  return [
    ["Made", bundle.created || "not known"],
    ["Installed", bundle.installed ? clock(bundle.installed) : "came with the program"],
    ["Size", megabytes(bundle.size)],
    ["Labels", String(bundle.labels ?? "not known")],
    ...correct,
  ];
}

function listed(bundle) {
  const root = element("article", undefined, "card");
  root.setAttribute("aria-label", `Bundle ${bundle.name}`);
  const mark = bundle.bad ? "bad" : bundle.used ? "in use" : bundle.previous ? "the one before" : bundle.active ? "chosen, not in use" : "";
  root.append(element("h3", mark ? `${bundle.name} · ${mark}` : bundle.name));
  for (const [name, value] of facts(bundle)) root.append(element("p", `${name}: ${value}`, "small"));
  if (bundle.bad) root.append(element("p", bundle.bad, "poor"));
  const controls = element("div", undefined, "controls");
  if (!bundle.used) {
    const change = element("button", "Use it");
    change.setAttribute("aria-label", `Use ${bundle.name}`);
    change.disabled = busy() || Boolean(told.fixed);
    change.addEventListener("click", () => act("/models/switch", JSON.stringify({ bundle: bundle.name })));
    controls.append(change);
  }
  const look = element("button", "Card");
  look.setAttribute("aria-label", `Card of ${bundle.name}`);
  look.addEventListener("click", () => showCardOf(bundle.name));
  controls.append(look);
  root.append(controls);
  return root;
}

function say(text, kind) {
  const place = get("change");
  place.className = kind;
  if (place.textContent !== text) place.textContent = text;
  place.hidden = !text;
}

function sayChange() {
  const change = told.change;
  if (!change) return say("", "");
  if (change.step in STEPS) return say(`${change.what}: ${STEPS[change.step]} …`, "");
  return say(`${change.what}: ${change.text}`, change.step === "done" ? "good" : "bad");
}

let shown = "";
function show() {
  const now = JSON.stringify([told, busy()]);
  if (now === shown) return; // what has the focus keeps it
  shown = now;
  const used = told.bundles.find((bundle) => bundle.used);
  const rows = [["Bundle", told.used || "none yet"], ...(used ? facts(used) : [])];
  get("used").replaceChildren(...rows.flatMap(([name, value]) => [element("dt", name), element("dd", value)]));
  get("fixed").textContent = told.fixed && `Nothing can be changed here: ${told.fixed}.`;
  get("fixed").hidden = !told.fixed;
  const before = told.bundles.find((bundle) => bundle.previous);
  get("rollback").hidden = !before;
  get("rollback").disabled = busy() || Boolean(told.fixed);
  get("rollback").textContent = before ? `Roll back to ${before.name}` : "";
  for (const part of get("upload").elements) part.disabled = busy() || Boolean(told.fixed);
  get("bundles").replaceChildren(...told.bundles.map(listed));
  if (!sending) sayChange();
}

async function look() {
  told = await fetched("/models.json");
  show();
}

async function act(address, body) {
  try {
    await fetched(address, { method: "POST", body });
    await look();
  } catch (error) {
    say(error.message, "bad");
  }
}

async function showCardOf(name, toggle) {
  const closes = toggle && card === name;
  card = closes ? "" : name;
  get("card").hidden = closes;
  get("show-card").setAttribute("aria-expanded", String(!closes));
  if (closes) return;
  get("card-title").textContent = `Card of ${name}`;
  try {
    showCard(get("card-text"), (await fetched(`/card.json?bundle=${encodeURIComponent(name)}`)).card);
  } catch (error) {
    get("card-text").textContent = error.message;
  }
  get("card").scrollIntoView();
}

// XMLHttpRequest says how much of it has gone, which fetch does not.
function upload(file) {
  const request = new XMLHttpRequest(), bar = get("sent");
  const ended = (text) => {
    sending = false;
    bar.hidden = true;
    if (text) say(text, "bad");
    look().then(() => text && say(text, "bad"), () => {});
  };
  request.upload.addEventListener("progress", (event) => {
    bar.value = event.total ? event.loaded / event.total : 0;
    say(`upload: ${percent(bar.value)} of ${megabytes(file.size)}`, "");
  });
  request.addEventListener("load", () => {
    if (request.status === 401) return location.assign("/login");
    if (request.status === 202) return ended("");
    let why = `the device answered ${request.status}`;
    try { why = JSON.parse(request.responseText).error; } catch { /* no JSON */ }
    return ended(`upload: ${why}`);
  });
  request.addEventListener("error", () => ended("upload: the connection broke off; nothing was changed"));
  request.open("POST", "/models/upload");
  request.setRequestHeader("Content-Type", "application/octet-stream");
  sending = true;
  bar.value = 0;
  bar.hidden = false;
  show();
  request.send(file);
}

get("upload").addEventListener("submit", (event) => {
  event.preventDefault();
  const file = get("file").files[0];
  if (file.size > told.largest) return say(`upload: ${megabytes(file.size)}, at most ${megabytes(told.largest)} are taken; larger ones go over SSH: sudo ocr-edge bundle install`, "bad");
  return upload(file);
});
get("rollback").addEventListener("click", () => act("/models/rollback"));
get("show-card").addEventListener("click", () => showCardOf(told.used, true));
(async () => {
  for (;;) {
    try {
      await look();
    } catch (error) {
      say(error.message, "bad");
    }
    await pause(busy() && !sending ? BUSY_MS : IDLE_MS);
  }
})();
watchState(5000, () => {});
